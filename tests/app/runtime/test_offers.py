"""Bodies of several calls taken in together: each is accepted or refused for itself."""

import pytest
from sqlalchemy.exc import OperationalError

from app.errors import DatabaseUnreachable
from app.runtime import offers
from app.runtime.installation import Installation
from app.runtime.offers import Offer, Taken, accept_all
from tests.journey import ENVIRONMENT, drain_all, order


def offer(body: bytes, **more: str) -> Offer:
    return Offer(ENVIRONMENT, "shop.order", body, **more)


def test_what_is_wrong_with_one_call_is_wrong_for_it_alone(installation: Installation) -> None:
    bodies = [order(1), b"no json", order(2), order(1)]
    results = accept_all(
        installation, [offer(body, idempotency_key=f"k{n}") for n, body in enumerate(bodies)]
    )
    assert [getattr(one, "code", "taken in") for one in results] == [
        "taken in", "undecodable", "taken in", "taken in",
    ]  # fmt: skip
    first, _, _, again = results
    assert isinstance(first, Taken) and isinstance(again, Taken)
    assert again.accepted[0].duplicate and again.accepted[0].message_id == first.accepted[0].message_id
    assert drain_all(installation) == 2


def test_one_key_twice_at_once_is_one_message(installation: Installation) -> None:
    first, again = accept_all(installation, [offer(order(1), idempotency_key="k")] * 2)
    assert isinstance(first, Taken) and isinstance(again, Taken)
    assert [first.accepted[0].duplicate, again.accepted[0].duplicate] == [False, True]


def test_an_unknown_endpoint_among_others_is_refused_alone(installation: Installation) -> None:
    wrong = Offer(ENVIRONMENT, "no.such", order(1))
    results = accept_all(installation, [wrong, offer(order(1)), wrong])
    assert [getattr(one, "code", "") for one in results] == ["unknown_endpoint", "", "unknown_endpoint"]


def test_a_database_that_goes_away_is_said_to_all_and_the_next_one_tries_alone(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = OperationalError("insert", {}, Exception("gone"), connection_invalidated=True)

    def write(installation: Installation, intakes: object) -> list[object]:
        raise lost

    monkeypatch.setattr(offers, "write", write)
    results = accept_all(installation, [offer(order(number)) for number in range(3)])
    assert [type(one) for one in results] == [DatabaseUnreachable] * 3
    assert installation.gate.pulse._since is not None
