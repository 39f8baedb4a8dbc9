"""Staged outbound: deliveries are made and shown, and leave when a person or a time lets them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.errors import ReasonRequired, TransitionRefused
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.runtime.recovery import discard_delivery
from app.runtime.staging import release_delivery, release_staged, stage
from app.security.audit import verify
from app.storage.audit import latest_rows
from app.storage.deliveries import Delivery, of_message
from app.storage.outages import connections
from tests.journey import ENVIRONMENT, Target, bind, deliver_all, drain_all, order

WHO = {"by": "olga", "reason": "cut-over"}


@pytest.fixture
def held(installation: Installation, target: Target) -> Installation:
    bind(installation, "erp.order", target.url, staged=True)
    bind(installation, "erp.once", target.url, staged=True)
    return installation


def send(installation: Installation, number: int, lot: str = "L1", **more: Any) -> str:
    id = accept(installation, ENVIRONMENT, "shop.order", order(number, lot, **more))[0].message_id
    drain_all(installation)
    return id


def only(installation: Installation, message_id: str) -> Delivery:
    with installation.database.read() as tx:
        (found,) = of_message(tx, message_id)
    return found


def test_nothing_leaves_before_it_is_let_go(held: Installation, target: Target) -> None:
    ids = [send(held, n, f"L{n}") for n in range(5)]
    assert deliver_all(held) == 0 and deliver_all(held) == 0
    assert {only(held, id).state for id in ids} == {"staged"} and target.arrivals == []
    with held.database.read() as tx:
        (found,) = [c for c in connections(tx, ENVIRONMENT) if c["endpoint"] == "erp.order"]
    assert found["held_back"] == 5 and found["waiting"]["deliveries"] == 0


def test_one_is_let_go(held: Installation, target: Target) -> None:
    ids = [send(held, n, f"L{n}") for n in range(3)]
    release_delivery(held, only(held, ids[1]).id, **WHO)
    assert deliver_all(held) == 1
    assert [only(held, id).state for id in ids] == ["staged", "delivered", "staged"]


def test_an_ordered_lane_keeps_its_order(held: Installation, target: Target) -> None:
    ids = [send(held, n) for n in range(3)]
    release_delivery(held, only(held, ids[2]).id, **WHO)
    assert deliver_all(held) == 0
    assert release_staged(held, ENVIRONMENT, **WHO) == 2
    assert deliver_all(held) == 3 and target.numbers("L1") == [0, 1, 2]


def test_those_of_one_endpoint_are_let_go(held: Installation, target: Target) -> None:
    first, second = send(held, 1), send(held, 2, mode="once")
    assert release_staged(held, ENVIRONMENT, endpoint="erp.once", **WHO) == 1
    deliver_all(held)
    assert (only(held, first).state, only(held, second).state) == ("staged", "delivered")


def test_more_than_one_transaction_full_is_let_go_and_audited_once(
    held: Installation, target: Target
) -> None:
    for n in range(250):
        accept(held, ENVIRONMENT, "shop.order", order(n, f"L{n % 20}"))
    drain_all(held)
    assert release_staged(held, ENVIRONMENT, **WHO) == 250
    assert deliver_all(held) == 250
    with held.database.read() as tx:
        told = [row for row in latest_rows(tx, limit=50) if row.what == "deliveries.release"]
        assert len(told) == 1 and verify(tx).ok


def test_a_time_lets_them_go(installation: Installation, target: Target) -> None:
    bind(
        installation, "erp.order", target.url, staged=True, hold_until=datetime.now(UTC) + timedelta(hours=1)
    )
    id = send(installation, 1)
    assert deliver_all(installation) == 0
    with installation.database.begin() as tx:
        for table in ("lanes", "deliveries"):
            tx.exec_driver_sql(f"update {table} set next_at = '2020-01-01 00:00:00.000000'")
    assert deliver_all(installation) == 1 and only(installation, id).state == "delivered"


def test_a_binding_that_no_longer_holds_back_leaves_those_before_it_to_people(
    held: Installation, target: Target
) -> None:
    first = send(held, 1)
    stage(held, ENVIRONMENT, "erp.order", False, **WHO)
    second, third = send(held, 2), send(held, 3, "L2")
    assert deliver_all(held) == 1 and only(held, third).state == "delivered"
    assert (only(held, first).state, only(held, second).state) == ("staged", "pending")
    discard_delivery(held, only(held, first).id, **WHO)
    assert deliver_all(held) == 1 and only(held, second).state == "delivered"


def test_what_was_delivered_is_not_let_go_again(held: Installation, target: Target) -> None:
    id = send(held, 1)
    release_delivery(held, only(held, id).id, **WHO)
    deliver_all(held)
    with pytest.raises(TransitionRefused):
        release_delivery(held, only(held, id).id, **WHO)


def test_a_reason_is_needed(held: Installation) -> None:
    with pytest.raises(ReasonRequired):
        release_staged(held, ENVIRONMENT, by="olga", reason=" ")
