"""Edit and retry: the original stays as it was, what was edited is linked to it and runs in its place."""

import json

import pytest

from app.errors import ReasonRequired, TransitionRefused, Undecodable
from app.runtime.editing import EditRefused, edit_delivery, edit_message, preview_edit, preview_payload
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.storage.aftermath import deliveries_of
from app.storage.audit import latest_rows
from app.storage.bodies import body
from app.storage.deliveries import Delivery
from app.storage.flows import FlowPolicy, put_flow_policy
from app.storage.messages import Message, message
from app.storage.origins import edited_from, edited_to
from tests.faults.checker import check
from tests.journey import ENVIRONMENT, Answer, Target, deliver_all, drain_all, order


def send(installation: Installation, number: int, lot: str = "L1", **more: object) -> str:
    return accept(installation, ENVIRONMENT, "shop.order", order(number, lot, **more))[0].message_id


def found(installation: Installation, id: str) -> Message:
    with installation.database.read() as tx:
        return message(tx, id)


def only(installation: Installation, message_id: str) -> Delivery:
    with installation.database.read() as tx:
        return deliveries_of(tx, [message_id])[-1]


def block(installation: Installation) -> None:
    with installation.database.begin() as tx:
        put_flow_policy(tx, ENVIRONMENT, "journey", "orders", FlowPolicy("block_lane"))


def test_an_edited_message_runs_in_the_place_of_the_original(bound: Installation, target: Target) -> None:
    id = send(bound, 1, mode="reject")
    drain_all(bound)
    (made,) = edit_message(bound, id, order(1), by="olga", reason="the shop sent a wrong mode")
    drain_all(bound)
    deliver_all(bound)
    before, after = found(bound, id), found(bound, made.message_id)
    assert (before.state, after.state) == ("discarded", "done")
    assert made.message_id in before.reason and "the shop sent a wrong mode" in before.reason
    assert (after.causation_id, after.replay_of, after.correlation_id) == (id, "", before.correlation_id)
    with bound.database.read() as tx:
        assert json.loads(body(tx, before.body_id).content)["mode"] == "reject"
        assert edited_from(tx, after.id) == id and [one["id"] for one in edited_to(tx, id)] == [after.id]
        assert edited_from(tx, id) == ""
    assert target.numbers("L1") == [1]
    check(bound.database, 2)


def test_an_edit_is_audited_with_both_hashes_and_the_reason(bound: Installation) -> None:
    id = send(bound, 1, mode="reject")
    drain_all(bound)
    edit_message(bound, id, order(1), by="olga", reason="wrong mode")
    with bound.database.read() as tx:
        (row,) = latest_rows(tx)
    before, after = json.loads(row.before), json.loads(row.after)
    assert (row.who, row.what, row.target, row.reason) == ("olga", "message.edit", id, "wrong mode")
    assert before["hash"] != after["hash"] and len(before["hash"]) == len(after["hash"]) == 64


def test_a_preview_says_what_changes_and_writes_nothing(bound: Installation) -> None:
    id = send(bound, 1, mode="reject")
    drain_all(bound)
    seen = preview_edit(bound, id, order(1, "L2"))
    assert {(d.path, d.kind) for d in seen.document} == {("/lot", "changed"), ("/mode", "removed")}
    assert seen.outcome.state == "done"
    said = {(d.output, d.kind) for d in seen.outcome.differences}
    assert said >= {("state", "changed"), ("send erp.order", "added")}
    assert found(bound, id).state == "rejected" and drain_all(bound) == 0


def test_an_edited_message_keeps_the_place_of_one_that_blocks_its_lane(
    bound: Installation, target: Target
) -> None:
    block(bound)
    first = accept(bound, ENVIRONMENT, "shop.order", order(1))[0].message_id
    second = send(bound, 2)
    with bound.database.begin() as tx:
        tx.exec_driver_sql(f"update messages set document_index = 5 where id = '{first}'")
    drain_all(bound)
    with bound.database.begin() as tx:
        tx.exec_driver_sql(f"update messages set document_index = 0 where id = '{first}'")
    place = found(bound, first).seq
    (made,) = edit_message(bound, first, order(11), by="olga", reason="repaired")
    assert found(bound, made.message_id).seq == place
    assert drain_all(bound) == 2
    deliver_all(bound)
    assert target.numbers("L1") == [11, 2] and found(bound, second).state == "done"
    check(bound.database, 3)


def test_an_edit_may_move_a_message_to_another_lane(bound: Installation, target: Target) -> None:
    block(bound)
    first, second = send(bound, 1), send(bound, 2)
    with bound.database.begin() as tx:
        tx.exec_driver_sql(f"update messages set document_index = 5 where id = '{first}'")
    drain_all(bound)
    with bound.database.begin() as tx:
        tx.exec_driver_sql(f"update messages set document_index = 0 where id = '{first}'")
    edit_message(bound, first, order(1, "L9"), by="olga", reason="wrong lot")
    assert drain_all(bound) == 2
    deliver_all(bound)
    assert (target.numbers("L1"), target.numbers("L9")) == ([2], [1]) and found(bound, second).state == "done"


def test_a_quarantined_message_is_edited_without_clashing_with_the_first(
    bound: Installation, target: Target
) -> None:
    send(bound, 1, "L1")
    second = send(bound, 1, "L2")
    assert found(bound, second).state == "quarantined"
    (made,) = edit_message(bound, second, order(1, "L3"), by="olga", reason="a correction of the first")
    assert made.state == "received"
    assert drain_all(bound) == 2


def test_a_body_that_could_not_be_read_is_repaired(bound: Installation) -> None:
    (dead,) = accept(bound, ENVIRONMENT, "shop.kept", b'{"id": ')
    assert dead.state == "dead"
    (made,) = edit_message(bound, dead.message_id, order(1), by="olga", reason="cut off on the way")
    drain_all(bound)
    assert (found(bound, made.message_id).state, made.flow) == ("done", "kept")


@pytest.mark.parametrize(
    ("content", "refusal"),
    [(b'{"id": ', Undecodable), (order(1, mode="reject"), EditRefused)],
)
def test_an_edit_that_cannot_be_read_or_changes_nothing_is_refused(
    bound: Installation, content: bytes, refusal: type[Exception]
) -> None:
    id = send(bound, 1, mode="reject")
    drain_all(bound)
    with pytest.raises(refusal):
        edit_message(bound, id, content, by="olga", reason="x")
    assert found(bound, id).state == "rejected"


def test_only_what_waits_for_a_person_is_edited_and_only_with_a_reason(bound: Installation) -> None:
    done, held = send(bound, 1), send(bound, 2, mode="hold")
    drain_all(bound)
    with pytest.raises(TransitionRefused):
        edit_message(bound, done, order(3), by="olga", reason="x")
    with pytest.raises(ReasonRequired):
        edit_message(bound, held, order(3), by="olga", reason=" ")
    edit_message(bound, held, order(3), by="olga", reason="x")
    with pytest.raises(TransitionRefused):
        edit_message(bound, held, order(4), by="olga", reason="x")


def dead_delivery(installation: Installation, target: Target, number: int = 1) -> Delivery:
    target.script = lambda seen: Answer(422)
    id = send(installation, number)
    drain_all(installation)
    deliver_all(installation)
    target.script = lambda seen: Answer(200)
    return only(installation, id)


def test_an_edited_payload_is_sent_under_a_key_of_its_own(bound: Installation, target: Target) -> None:
    dead = dead_delivery(bound, target)
    payload = json.dumps({"id": "order-1", "lot": "L1", "n": 7}).encode()
    assert [(d.path, d.before, d.after) for d in preview_payload(bound, dead.id, payload)] == [("/n", 1, 7)]
    made = edit_delivery(bound, dead.id, payload, by="olga", reason="the ERP wants sevens")
    deliver_all(bound)
    assert [arrival.body["n"] for arrival in target.effects] == [7]
    assert target.effects[0].key == made.ledger_key != dead.ledger_key
    with bound.database.read() as tx:
        states = {d.id: d.state for d in deliveries_of(tx, [dead.message_id])}
        assert states == {dead.id: "discarded", made.id: "delivered"}
        assert edited_from(tx, made.id) == dead.id
        assert latest_rows(tx)[0].what == "delivery.edit"
    check(bound.database, 1)


def test_an_edited_payload_keeps_the_place_of_a_delivery_that_blocks(
    bound: Installation, target: Target
) -> None:
    block(bound)
    dead = dead_delivery(bound, target)
    send(bound, 2)
    drain_all(bound)
    deliver_all(bound)
    assert target.effects == []
    edit_delivery(bound, dead.id, b'{"id": "order-1", "lot": "L1", "n": 5}', by="olga", reason="x")
    deliver_all(bound)
    assert target.numbers("L1") == [5, 2]
    check(bound.database, 2)


def test_a_payload_that_cannot_be_read_or_was_delivered_is_not_edited(
    bound: Installation, target: Target
) -> None:
    dead = dead_delivery(bound, target)
    with pytest.raises(EditRefused):
        edit_delivery(bound, dead.id, b"{", by="olga", reason="x")
    edit_delivery(bound, dead.id, b'{"id": "order-1", "lot": "L1", "n": 5}', by="olga", reason="x")
    deliver_all(bound)
    with pytest.raises(TransitionRefused):
        edit_delivery(bound, only(bound, dead.message_id).id, b"{}", by="olga", reason="x")
