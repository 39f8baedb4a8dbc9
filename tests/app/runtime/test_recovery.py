"""Recovery: what people do about failures, each step with who, why, and an audit row."""

from collections.abc import Callable

import pytest

from app.errors import NotFound, ReasonRequired, TransitionRefused
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.runtime.recovery import (
    confirm_delivery,
    discard_delivery,
    discard_message,
    replay_message,
    retry_delivery,
    retry_message,
)
from app.storage.audit import latest_rows
from app.storage.deliveries import Delivery, of_message
from app.storage.flows import FlowPolicy, put_flow_policy
from app.storage.messages import Message, message
from tests.journey import ENVIRONMENT, Answer, Target, deliver_all, deploy, drain_all, journey_files, order


def send(installation: Installation, number: int, lot: str = "L1", **more: object) -> str:
    return accept(installation, ENVIRONMENT, "shop.order", order(number, lot, **more))[0].message_id


def found(installation: Installation, id: str) -> Message:
    with installation.database.read() as tx:
        return message(tx, id)


def only(installation: Installation, message_id: str) -> Delivery:
    with installation.database.read() as tx:
        (delivery,) = of_message(tx, message_id)
    return delivery


def audited(installation: Installation) -> list[tuple[str, str, str]]:
    with installation.database.read() as tx:
        return [(row.who, row.what, row.reason) for row in latest_rows(tx)]


def _break(installation: Installation, id: str, index: int = 5) -> None:
    with installation.database.begin() as tx:
        tx.exec_driver_sql(f"update messages set document_index = {index} where id = '{id}'")


def test_a_dead_message_runs_again(bound: Installation, target: Target) -> None:
    id = send(bound, 1)
    _break(bound, id)
    drain_all(bound)
    assert found(bound, id).state == "dead"
    _break(bound, id, 0)
    retry_message(bound, id, by="olga", reason="the sender repaired it")
    assert drain_all(bound) == 1 and found(bound, id).state == "done"
    assert deliver_all(bound) == 1
    assert audited(bound) == [("olga", "message.retry", "the sender repaired it")]


def test_a_retried_message_goes_behind_what_came_since(bound: Installation, target: Target) -> None:
    first, second = send(bound, 1, mode="hold"), send(bound, 2)
    drain_all(bound)
    third = send(bound, 3)
    retry_message(bound, first, by="olga")
    assert found(bound, first).seq > found(bound, third).seq > found(bound, second).seq


def test_a_message_that_blocks_its_lane_keeps_its_place(bound: Installation, target: Target) -> None:
    with bound.database.begin() as tx:
        put_flow_policy(tx, ENVIRONMENT, "journey", "orders", FlowPolicy("block_lane"))
    first, second = send(bound, 1), send(bound, 2)
    _break(bound, first)
    drain_all(bound)
    _break(bound, first, 0)
    retry_message(bound, first, by="olga")
    assert drain_all(bound) == 2
    deliver_all(bound)
    assert target.numbers("L1") == [1, 2] and found(bound, second).state == "done"


def test_discarding_the_message_that_blocks_lets_the_lane_go_on(bound: Installation, target: Target) -> None:
    with bound.database.begin() as tx:
        put_flow_policy(tx, ENVIRONMENT, "journey", "orders", FlowPolicy("block_lane"))
    first, second = send(bound, 1), send(bound, 2)
    _break(bound, first)
    drain_all(bound)
    discard_message(bound, first, by="olga", reason="sent by mistake")
    assert drain_all(bound) == 1 and found(bound, second).state == "done"
    assert found(bound, first).state == "discarded" and found(bound, first).reason == "sent by mistake"


def test_a_message_may_run_again_on_the_release_that_is_live_now(bound: Installation, target: Target) -> None:
    id = send(bound, 1, mode="reject")
    drain_all(bound)
    files = journey_files()
    files["rules/dispatch.mw"] = files["rules/dispatch.mw"].replace(b'o.mode = "reject"', b'o.mode = "never"')
    new = deploy(bound, files)
    retry_message(bound, id, by="olga")
    drain_all(bound)
    assert found(bound, id).state == "rejected" and found(bound, id).release_id != new
    retry_message(bound, id, by="olga", release="current")
    drain_all(bound)
    assert found(bound, id).release_id == new


def test_a_replay_is_a_linked_child_with_effects_of_its_own(bound: Installation, target: Target) -> None:
    id = send(bound, 1)
    drain_all(bound)
    deliver_all(bound)
    (child,) = replay_message(bound, id, by="olga", reason="the target lost it")
    drain_all(bound)
    deliver_all(bound)
    linked = found(bound, child.message_id)
    assert (linked.replay_of, linked.causation_id, linked.state) == (id, id, "done")
    assert linked.correlation_id == found(bound, id).correlation_id
    assert len({arrival.key for arrival in target.effects}) == 2
    assert found(bound, id).state == "done"


def test_what_could_not_be_read_is_replayed_once_it_can(bound: Installation) -> None:
    (dead,) = accept(bound, ENVIRONMENT, "shop.kept", b'{"id": ')
    with pytest.raises(ReasonRequired):
        replay_message(bound, dead.message_id, by="olga", reason="")
    (child,) = replay_message(bound, dead.message_id, by="olga", reason="try again")
    assert child.state == "dead" and found(bound, child.message_id).replay_of == dead.message_id


def test_a_dead_delivery_is_sent_again_with_the_same_key(bound: Installation, target: Target) -> None:
    target.script = lambda number: Answer(422 if number == 1 else 200)
    id = send(bound, 1)
    drain_all(bound)
    deliver_all(bound)
    assert only(bound, id).state == "dead"
    retry_delivery(bound, only(bound, id).id, by="olga", reason="target repaired")
    assert deliver_all(bound) == 1 and only(bound, id).state == "delivered"
    assert len({arrival.key for arrival in target.arrivals}) == 1
    assert ("olga", "delivery.retry", "target repaired") in audited(bound)


@pytest.mark.parametrize(
    ("step", "state"), [(confirm_delivery, "delivered"), (discard_delivery, "discarded")]
)
def test_a_person_settles_an_uncertain_delivery_and_the_lane_goes_on(
    bound: Installation, target: Target, step: Callable[..., object], state: str
) -> None:
    target.script = lambda number: Answer(hang_up=number == 1)
    first, second = send(bound, 1, mode="once"), send(bound, 2, mode="once")
    drain_all(bound)
    deliver_all(bound)
    assert only(bound, first).state == "uncertain"
    step(bound, only(bound, first).id, by="olga", reason="looked at the target")
    deliver_all(bound)
    assert [only(bound, id).state for id in (first, second)] == [state, "delivered"]


def test_steps_that_a_state_does_not_allow_are_refused(bound: Installation, target: Target) -> None:
    id = send(bound, 1)
    drain_all(bound)
    deliver_all(bound)
    with pytest.raises(TransitionRefused):
        retry_message(bound, id, by="olga")
    with pytest.raises(TransitionRefused):
        retry_delivery(bound, only(bound, id).id, by="olga")
    with pytest.raises(ReasonRequired):
        discard_message(bound, id, by="olga", reason=" ")
    with pytest.raises(NotFound):
        retry_message(bound, "00nothing", by="olga")
    with pytest.raises(NotFound):
        retry_message(bound, "zz", by="olga")
    assert audited(bound) == []
