"""Delivery: the stored bytes reach the target once, in order, and every attempt is on record."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, update

from app.runtime.connections import Connections
from app.runtime.delivery import Deliveries
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.runtime.outbox import OutboxWork
from app.runtime.remedying import Remedies
from app.runtime.turns import Turn, take_turns
from app.storage.claims import ClaimedLane, claim
from app.storage.database import at_id
from app.storage.deliveries import Delivery, deliveries_table, delivery_body, of_message
from app.storage.environments import set_paused
from app.storage.flows import FlowPolicy, put_flow_policy
from app.storage.lanes import lanes_table, lock
from app.storage.queries import counts, deliveries, message_deliveries
from app.worker import Worker
from tests.delivering import OwnThread, deliver
from tests.journey import ENVIRONMENT, Answer, Target, bind, deliver_all, drain_all, order

ALL = set(range(256))


def send(installation: Installation, number: int, lot: str = "L1", **more: Any) -> str:
    id = accept(installation, ENVIRONMENT, "shop.order", order(number, lot, **more))[0].message_id
    drain_all(installation)
    return id


def lane_work(installation: Installation, lane: ClaimedLane) -> OutboxWork:
    gate = Connections(installation).gate(lane.environment, lane.endpoint)
    return OutboxWork(lane, FlowPolicy(), installation.settings, Remedies(installation), gate)


def only(installation: Installation, message_id: str) -> Delivery:
    with installation.database.read() as tx:
        (found,) = of_message(tx, message_id)
    return found


def until(installation: Installation, message_id: str, state: str, seconds: float = 5) -> Delivery:
    end = time.monotonic() + seconds
    while only(installation, message_id).state != state and time.monotonic() < end:
        deliver_all(installation)
        time.sleep(0.01)
    found = only(installation, message_id)
    assert found.state == state, found
    return found


def attempts(installation: Installation, message_id: str) -> list[dict[str, Any]]:
    with installation.database.read() as tx:
        return list(message_deliveries(tx, message_id)[0]["attempts"])


def test_the_target_gets_the_stored_bytes_with_our_headers(bound: Installation, target: Target) -> None:
    id = send(bound, 1)
    assert deliver_all(bound) == 1
    found = only(bound, id)
    (arrival,) = target.effects
    with bound.database.read() as tx:
        stored = delivery_body(tx, found.id)
    assert arrival.body == {"id": "order-1", "lot": "L1", "n": 1} and b"order-1" in stored
    assert arrival.headers["idempotency-key"] == found.ledger_key
    assert arrival.headers["x-mapwright-message"] == id
    assert arrival.headers["x-mapwright-delivery"] == found.id
    assert arrival.headers["x-correlation-id"] == found.correlation_id
    assert (found.state, found.attempts, found.status, found.reason) == ("delivered", 1, 200, "")
    assert [a["result"] for a in attempts(bound, id)] == ["delivered"]


def test_a_target_that_is_down_is_tried_again_with_the_same_bytes_and_key(
    bound: Installation, target: Target
) -> None:
    target.script = lambda number: Answer(503 if number < 4 else 200)
    id = send(bound, 1)
    found = until(bound, id, "delivered")
    assert found.attempts == 4
    assert len({a.key for a in target.arrivals}) == 1 and len({str(a.body) for a in target.arrivals}) == 1
    assert [a["result"] for a in attempts(bound, id)] == ["retry", "retry", "retry", "delivered"]


def test_a_refused_delivery_is_a_dead_letter_with_the_targets_words(
    bound: Installation, target: Target
) -> None:
    target.script = lambda number: Answer(422, body=b'{"error": "unknown lot"}')
    id = send(bound, 1)
    deliver_all(bound)
    found = only(bound, id)
    assert (found.state, found.error_class, found.status) == ("dead", "partner", 422)
    assert "unknown lot" in found.reason


def test_retry_after_is_honoured(bound: Installation, target: Target) -> None:
    target.script = lambda number: Answer(429, {"Retry-After": "120"})
    id = send(bound, 1)
    deliver_all(bound)
    wait = only(bound, id).next_at - datetime.now(UTC)
    assert timedelta(seconds=110) < wait <= timedelta(seconds=121)
    assert deliver_all(bound) == 0


def test_it_gives_up_after_the_last_attempt_and_says_so(bound: Installation, target: Target) -> None:
    target.script = lambda number: Answer(500)
    id = send(bound, 1)
    found = until(bound, id, "dead", 10)
    assert found.attempts == bound.settings.retry_attempts == len(target.arrivals)
    assert "gave up after" in found.reason


def test_a_cut_connection_is_sent_again_where_the_target_tells_repeats_apart(
    bound: Installation, target: Target
) -> None:
    target.script = lambda number: Answer(hang_up=number == 1)
    id = send(bound, 1)
    until(bound, id, "delivered")
    assert len(target.effects) == 1 and target.repeats == 1


def test_a_cut_connection_is_uncertain_where_it_does_not_and_waits_for_a_person(
    bound: Installation, target: Target
) -> None:
    target.script = lambda number: Answer(hang_up=number == 1)
    first, second = send(bound, 1, mode="once"), send(bound, 2, mode="once")
    deliver_all(bound)
    assert only(bound, first).state == "uncertain" and "nobody knows" in only(bound, first).reason
    deliver_all(bound)
    assert only(bound, second).state == "pending" and len(target.arrivals) == 1


def test_later_deliveries_of_a_lane_wait_for_the_earlier_one(bound: Installation, target: Target) -> None:
    target.script = lambda number: Answer(503, {"Retry-After": "3600"})
    ids = [send(bound, n) for n in range(3)]
    deliver_all(bound)
    assert [only(bound, id).state for id in ids] == ["retry", "pending", "pending"]
    assert len(target.arrivals) == 1


def test_lanes_keep_their_order_through_failures(bound: Installation, target: Target) -> None:
    target.script = lambda number: Answer(503 if number % 3 else 200)
    ids = [send(bound, n, f"L{n % 3}") for n in range(30)]
    for id in ids:
        until(bound, id, "delivered", 20)
    for lot in range(3):
        assert target.numbers(f"L{lot}") == list(range(lot, 30, 3))


def test_a_dead_delivery_lets_the_lane_go_on_unless_the_flow_blocks(
    bound: Installation, target: Target
) -> None:
    target.script = lambda number: Answer(422 if number == 1 else 200)
    first, second = send(bound, 1), send(bound, 2)
    deliver_all(bound)
    assert [only(bound, id).state for id in (first, second)] == ["dead", "delivered"]


def test_a_dead_delivery_blocks_its_lane_where_the_flow_says_so(bound: Installation, target: Target) -> None:
    with bound.database.begin() as tx:
        put_flow_policy(tx, ENVIRONMENT, "journey", "orders", FlowPolicy("block_lane"))
    target.script = lambda number: Answer(422 if number == 1 else 200)
    first, second = send(bound, 1), send(bound, 2)
    deliver_all(bound)
    assert [only(bound, id).state for id in (first, second)] == ["dead", "pending"]


def test_a_rules_own_key_orders_across_lanes(bound: Installation, target: Target) -> None:
    target.script = lambda number: Answer(503, {"Retry-After": "3600"})
    ids = [send(bound, n, f"L{n}", mode="keyed") for n in range(3)]
    deliver_all(bound)
    assert [only(bound, id).state for id in ids] == ["retry", "pending", "pending"]


def test_a_missing_binding_parks_with_a_reason_and_uses_no_attempts(
    installation: Installation, target: Target
) -> None:
    id = send(installation, 1)
    assert deliver_all(installation) == 0
    with installation.database.read() as tx:
        (item,) = deliveries(tx, ENVIRONMENT).items
        parked = counts(tx, ENVIRONMENT)["parked"]
    assert item["waiting"] == "test has no binding for erp.order" and parked == {item["waiting"]: 1}
    assert (item["state"], item["attempts"]) == ("pending", 0)
    bind(installation, "erp.order", target.url)
    _skip_parking(installation)
    assert deliver_all(installation) == 1 and only(installation, id).state == "delivered"


def test_a_paused_binding_parks_until_it_goes_on(bound: Installation, target: Target) -> None:
    with bound.database.begin() as tx:
        set_paused(tx, ENVIRONMENT, "erp.order", True)
    id = send(bound, 1)
    assert deliver_all(bound) == 0 and target.arrivals == []
    with bound.database.begin() as tx:
        set_paused(tx, ENVIRONMENT, "erp.order", False)
    _skip_parking(bound)
    assert deliver_all(bound) == 1 and only(bound, id).state == "delivered"


def _skip_parking(installation: Installation) -> None:
    with installation.database.begin() as tx:
        tx.exec_driver_sql("update lanes set next_at = '2020-01-01 00:00:00.000000'")


@pytest.mark.parametrize(("mode", "state"), [(None, "retry"), ("once", "uncertain")])
def test_a_worker_that_died_while_sending_leaves_it_uncertain(
    bound: Installation, target: Target, mode: str | None, state: str
) -> None:
    id = send(bound, 1, **({"mode": mode} if mode else {}))
    with bound.database.begin() as tx:
        (lane,) = claim(tx, "outbox", ALL, "dead worker", -1)
        taken = take_turns(tx, [Turn(lane_work(bound, lane))], bound.settings)
        assert len(taken.ready[lane.id]) == 1
        tx.exec_driver_sql(
            "update lanes set lease_until = '2020-01-01 00:00:00.000000' where lease_until is not null"
        )
    assert only(bound, id).state == "inflight"
    deliver_all(bound)
    found = only(bound, id)
    assert found.state == ("delivered" if state == "retry" else "uncertain")
    assert attempts(bound, id)[0]["result"] == "interrupted"
    assert len(target.arrivals) == (1 if state == "retry" else 0)


def test_a_worker_that_lost_its_lane_writes_no_result(bound: Installation, target: Target) -> None:
    id = send(bound, 1)
    with bound.database.begin() as tx:
        (late,) = claim(tx, "outbox", ALL, "late", -1)
        claim(tx, "outbox", ALL, "next", 30)
    with bound.database.begin() as tx:
        taken = take_turns(tx, [Turn(lane_work(bound, late))], bound.settings)
        assert not taken.ready and not taken.later
    assert only(bound, id).state == "pending"


def test_a_lane_that_is_lost_drops_out_of_its_group_without_spoiling_the_others(
    bound: Installation, target: Target
) -> None:
    kept, lost = send(bound, 1, "L1"), send(bound, 2, "L2")
    with bound.database.begin() as tx:
        lanes = {lane.order_key: lane for lane in claim(tx, "outbox", ALL, "first", 30)}
    with bound.database.begin() as tx:
        move_fence(tx, only(bound, lost).lane)
    turns = [Turn(lane_work(bound, lane)) for lane in lanes.values()]
    with bound.database.begin() as tx:
        taken = take_turns(tx, turns, bound.settings)
    assert list(taken.ready) == [only(bound, kept).lane] and not taken.later
    assert (only(bound, kept).state, only(bound, lost).state) == ("inflight", "pending")


def move_fence(tx: Connection, lane_id: str) -> None:
    """Somebody else has claimed the lane since."""
    here = at_id(lanes_table.c.id, lane_id)
    tx.execute(update(lanes_table).where(here).values(fence=lanes_table.c.fence + 1))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_lane_that_somebody_writes_to_is_put_off_and_the_others_go_on(
    bound: Installation, target: Target
) -> None:
    free, busy = send(bound, 1, "L1"), send(bound, 2, "L2")
    with bound.database.begin() as tx:
        lanes = claim(tx, "outbox", ALL, "first", 30)
    turns = [Turn(lane_work(bound, lane)) for lane in lanes]
    with bound.database.begin() as other:
        lock(other, only(bound, busy).lane)
        with bound.database.begin() as tx:
            taken = take_turns(tx, turns, bound.settings)
    assert list(taken.ready) == [only(bound, free).lane]
    assert [t.lane_id for t in taken.later] == [only(bound, busy).lane]
    with bound.database.begin() as tx:
        assert list(take_turns(tx, taken.later, bound.settings).ready) == [only(bound, busy).lane]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_lane_that_was_put_off_is_settled_as_soon_as_somebody_rings(
    bound: Installation, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.runtime.delivery._A_WHILE", 3_600)
    id = send(bound, 1)
    deliveries = Deliveries(bound, Connections(bound), OwnThread(), "first", lambda: False)
    deliveries.turn(ALL, True, None)
    with bound.database.begin() as other:
        lock(other, only(bound, id).lane)
        deliveries.turn(ALL, False, None)
    deliveries.turn(ALL, False, None)
    assert deliveries.late and only(bound, id).state == "inflight"
    deliveries.turn(ALL, True, None)
    assert not deliveries.late and only(bound, id).state == "delivered"


def test_a_result_that_is_refused_is_written_apart_from_the_others(
    bound: Installation, target: Target
) -> None:
    refused, written = send(bound, 1, "L1"), send(bound, 2, "L2")

    def meanwhile(number: int) -> Answer:
        if number == 1:  # a person, or a worker after the lease
            with bound.database.begin() as tx:
                here = at_id(deliveries_table.c.id, only(bound, first_arrived()).id)
                tx.execute(update(deliveries_table).where(here).values(state="discarded"))
        return Answer(200)

    def first_arrived() -> str:
        inflight = [id for id in (refused, written) if only(bound, id).state == "inflight"]
        return inflight[0]

    target.script = meanwhile
    deliver_all(bound)
    assert sorted(only(bound, id).state for id in (refused, written)) == ["delivered", "discarded"]


def test_a_slow_target_holds_back_no_result_of_a_fast_one(bound: Installation, target: Target) -> None:
    slow, released = Target(), threading.Event()
    slow.script = lambda number: Answer(200 if released.wait(60) else 500)
    bind(bound, "erp.once", slow.url)
    held = send(bound, 1, "S", mode="once")
    ids = [send(bound, n, f"L{n % 5}") for n in range(2, 22)]
    worker = Worker(replace(bound, settings=replace(bound.settings, delivery_deadline=60.0)))
    thread = threading.Thread(target=worker.run)
    thread.start()
    end = time.monotonic() + 60
    while any(only(bound, id).state != "delivered" for id in ids) and time.monotonic() < end:
        time.sleep(0.05)
    found = {only(bound, id).state for id in ids}, only(bound, held).state
    released.set()
    worker.stop()
    thread.join()
    slow.close()
    assert found == ({"delivered"}, "inflight")
    assert only(bound, held).state == "delivered"


def test_a_crowded_endpoint_leaves_room_for_others(bound: Installation, target: Target) -> None:
    send(bound, 1)
    connections = Connections(bound, most=1)
    connections.take(ENVIRONMENT, "erp.order")
    assert deliver(bound, ALL, connections=connections) == 0
    connections.leave(ENVIRONMENT, "erp.order")
    assert deliver(bound, ALL, connections=connections) == 1
