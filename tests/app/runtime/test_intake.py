"""Intake: nothing is acknowledged before it is durable, and nothing is taken twice."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.errors import NotDeployed, TooLarge, Undecodable, UnknownEndpoint, UnsupportedMedia
from app.runtime.installation import Installation
from app.runtime.intake import accept, accept_lines
from app.storage.bodies import body
from app.storage.due import due_partitions
from app.storage.messages import keys_of, message
from app.storage.queries import search_messages
from tests.journey import ENVIRONMENT, drain_all, order


def states(installation: Installation) -> list[str]:
    with installation.database.read() as tx:
        return sorted(item["state"] for item in search_messages(tx, ENVIRONMENT).items)


def test_a_body_becomes_a_message_with_its_keys_lane_and_release(installation: Installation) -> None:
    raw = order(1, "L7")
    (accepted,) = accept(installation, ENVIRONMENT, "shop.order", raw, media_type="application/json")
    assert (accepted.state, accepted.duplicate, accepted.flow) == ("received", False, "orders")
    with installation.database.read() as tx:
        found = message(tx, accepted.message_id)
        assert body(tx, found.body_id).content == raw
        assert keys_of(tx, [found.id])[found.id] == {"order": "order-1", "lot": "L7"}
        assert due_partitions(tx, "inbox") == [int(found.id[:2], 16)]
    assert len(found.release_id) == 64 and found.correlation_id == accepted.correlation_id


def test_the_same_key_and_content_is_the_first_message_again(installation: Installation) -> None:
    (first,) = accept(installation, ENVIRONMENT, "shop.order", order(1))
    (again,) = accept(installation, ENVIRONMENT, "shop.order", order(1))
    assert again.duplicate and again.message_id == first.message_id
    assert again.correlation_id == first.correlation_id
    assert states(installation) == ["received"]


def test_the_same_key_with_another_content_is_quarantined_and_both_are_visible(
    installation: Installation,
) -> None:
    (first,) = accept(installation, ENVIRONMENT, "shop.order", order(1))
    (other,) = accept(installation, ENVIRONMENT, "shop.order", order(1, mode="alert"))
    assert other.state == "quarantined" and not other.duplicate
    with installation.database.read() as tx:
        found = message(tx, other.message_id)
    assert found.duplicate_of == first.message_id and first.message_id in found.reason
    assert states(installation) == ["quarantined", "received"]


def test_an_idempotency_key_answers_with_the_first_messages(installation: Installation) -> None:
    first = accept(installation, ENVIRONMENT, "shop.kept", order(1), idempotency_key="k-1")
    again = accept(installation, ENVIRONMENT, "shop.kept", order(1), idempotency_key="k-1")
    other = accept(installation, ENVIRONMENT, "shop.kept", order(2), idempotency_key="k-1")
    assert [a.message_id for a in again] == [a.message_id for a in first] and again[0].duplicate
    assert [a.state for a in other] == ["quarantined"]


def test_an_idempotency_key_of_known_documents_answers_with_those(installation: Installation) -> None:
    (first,) = accept(installation, ENVIRONMENT, "shop.order", order(1))
    for _ in range(2):
        (again,) = accept(installation, ENVIRONMENT, "shop.order", order(1), idempotency_key="k-2")
        assert again.message_id == first.message_id and again.duplicate


def test_without_any_key_each_body_is_a_message_of_its_own(installation: Installation) -> None:
    ids = {accept(installation, ENVIRONMENT, "shop.kept", order(1))[0].message_id for _ in range(3)}
    assert len(ids) == 3


def test_documents_of_one_body_are_stored_together_in_order(installation: Installation) -> None:
    documents = [json.loads(order(n, f"L{n % 2}")) for n in range(10)]
    accepted = accept(installation, ENVIRONMENT, "shop.batch", json.dumps(documents).encode())
    assert len({a.message_id for a in accepted}) == 10
    with installation.database.read() as tx:
        found = [message(tx, a.message_id) for a in accepted]
    assert len({m.body_id for m in found}) == 1
    assert [m.seq for m in found] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_a_key_twice_in_one_body_is_one_message(installation: Installation) -> None:
    documents = [json.loads(order(1)), json.loads(order(1)), json.loads(order(1, mode="alert"))]
    accepted = accept(installation, ENVIRONMENT, "shop.batch", json.dumps(documents).encode())
    assert [a.duplicate for a in accepted] == [False, True, False]
    assert accepted[0].message_id == accepted[1].message_id and accepted[2].state == "quarantined"


def test_a_correlation_id_is_kept(installation: Installation) -> None:
    (accepted,) = accept(installation, ENVIRONMENT, "shop.order", order(1), correlation_id="journey 7")
    assert accepted.correlation_id == "journey 7"


def test_keys_that_hold_a_nul_are_taken_in_found_and_told_from_others(installation: Installation) -> None:
    """PostgreSQL has no such character."""
    bodies = [order(1, "L\0"), order(1, "L\0"), order(2, "L\0"), order(3, "L")]
    given = [accept(installation, ENVIRONMENT, "shop.order", raw)[0] for raw in bodies]
    assert [one.duplicate for one in given] == [False, True, False, False]
    drain_all(installation)
    with installation.database.read() as tx:
        found = search_messages(tx, ENVIRONMENT, key="lot:L\0").items
        assert {item["id"] for item in found} == {given[0].message_id, given[2].message_id}
    assert states(installation) == ["done"] * 3


@pytest.mark.parametrize("raw", [b"{", b"[NaN]", b'{"id": 1, "id": 2}', b"\xff", b"[" * 10_000])
def test_a_body_that_cannot_be_read_is_refused_and_nothing_is_stored(
    installation: Installation, raw: bytes
) -> None:
    with pytest.raises(Undecodable):
        accept(installation, ENVIRONMENT, "shop.order", raw)
    assert states(installation) == []


def test_an_endpoint_may_keep_what_cannot_be_read_as_a_dead_letter(installation: Installation) -> None:
    (accepted,) = accept(installation, ENVIRONMENT, "shop.kept", b'{"id": ')
    assert accepted.state == "dead" and accepted.flow == "kept"
    with installation.database.read() as tx:
        found = message(tx, accepted.message_id)
    assert found.reason and found.code


def test_refusals_name_their_cause(installation: Installation) -> None:
    with pytest.raises(UnknownEndpoint):
        accept(installation, ENVIRONMENT, "shop.unknown", order(1))
    with pytest.raises(NotDeployed):
        accept(installation, "elsewhere", "shop.order", order(1))
    with pytest.raises(UnsupportedMedia):
        accept(installation, ENVIRONMENT, "shop.order", order(1), media_type="text/xml; charset=utf-8")
    with pytest.raises(TooLarge):
        accept(installation, ENVIRONMENT, "shop.order", b"x" * 10_000_001)
    assert states(installation) == []


def test_many_threads_with_one_key_make_one_message(installation: Installation) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda _: accept(installation, ENVIRONMENT, "shop.order", order(1))[0], range(40))
        )
    assert len({a.message_id for a in found}) == 1
    assert sum(not a.duplicate for a in found) == 1


def test_a_bulk_stores_its_good_lines_at_once_and_names_the_others(installation: Installation) -> None:
    body = b"\n".join([order(1), b"{", b"", order(2, "L2"), order(1), order(2, mode="alert")])
    lines = accept_lines(installation, ENVIRONMENT, "shop.order", body)
    assert [line.number for line in lines] == [1, 2, 4, 5, 6]
    assert [line.refused.code if line.refused else line.accepted[0].state for line in lines] == [
        "received",
        "undecodable",
        "received",
        "received",
        "quarantined",
    ]
    assert [bool(line.accepted and line.accepted[0].duplicate) for line in lines] == [
        False,
        False,
        False,
        True,
        False,
    ]
    assert states(installation) == ["quarantined", "received", "received"]


def test_a_bulk_to_an_endpoint_that_nobody_receives_is_refused_whole(installation: Installation) -> None:
    with pytest.raises(UnknownEndpoint):
        accept_lines(installation, ENVIRONMENT, "shop.unknown", order(1))
