"""Replays in bulk: dry run first, each original once, to chosen destinations, whoever drives and dies."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from app.errors import ReasonRequired, TransitionRefused
from app.runtime import batches
from app.runtime.batches import BatchInvalid, NothingChosen, ReleaseMoved
from app.runtime.driving import A_SLICE, WINDOW, Driver
from app.runtime.installation import Installation
from app.runtime.intake import accept, accept_lines
from app.storage import batches as stored
from app.storage.aftermath import deliveries_of
from app.storage.audit import latest_rows
from app.storage.batches import Batch
from app.storage.bodies import bodies_table
from app.storage.identity import partition_of
from app.storage.messages import Message, message, messages_table
from app.storage.outcomes import outcome
from app.storage.selecting import Filter
from tests.faults.checker import check
from tests.journey import ENVIRONMENT, Answer, Target, deliver_all, deploy, drain_all, journey_files, order

FAST = 10_000


def send(installation: Installation, number: int, lot: str = "L1", **more: object) -> str:
    return accept(installation, ENVIRONMENT, "shop.order", order(number, lot, **more))[0].message_id


def settle(installation: Installation) -> None:
    drain_all(installation)
    deliver_all(installation)


def create(installation: Installation, chosen: Filter | None = None, **more: Any) -> Batch:
    given = {"by": "olga", "rate": FAST, "reason": "the target lost them", **more}
    return batches.create(installation, ENVIRONMENT, chosen or Filter(flow="orders"), **given)


def drive(installation: Installation, made: Batch, until: str = "done", turns: int = 400) -> Batch:
    driver = Driver(installation, "tests")
    for _ in range(turns):
        driver.turn()
        found = batches.batch(installation, made.id)
        if found.state == until:
            driver.leave()
            return found
        time.sleep(0.005)
    raise AssertionError(f"{found.state} after {turns} turns, {found.left} left: {found.note}")


def children(installation: Installation) -> dict[str, Message]:
    """Replays by their original; an original that was replayed twice fails."""
    with installation.database.read() as tx:
        rows = tx.execute(messages_table.select().where(messages_table.c.replay_of != "")).mappings().all()
        found = {row["replay_of"]: message(tx, row["id"]) for row in rows}
    assert len(found) == len(rows)
    return found


def louder(installation: Installation) -> str:
    """A release that writes each order's number doubled, to the same target."""
    files = journey_files()
    files["maps/orders.mw"] = files["maps/orders.mw"].replace(
        b"  n    = o.n\nend\n\nmap again", b"  n    = o.n * 2\nend\n\nmap again"
    )
    files["maps/orders.mw"] = files["maps/orders.mw"].replace(
        b"  n    = o.n\n  mode", b"  n    = o.n * 2\n  mode"
    )
    return deploy(installation, files)


def test_a_dry_run_of_the_same_release_finds_no_difference_and_sends_nothing(
    bound: Installation, target: Target
) -> None:
    for number in range(5):
        send(bound, number)
    settle(bound)
    found = drive(bound, create(bound), until="ready")
    assert (found.total, found.checked, found.report["same"], found.report["differ"]) == (5, 5, 5, 0)
    assert drain_all(bound) == 0 and len(target.effects) == 5 and children(bound) == {}


def test_a_dry_run_names_every_field_that_another_release_would_send_differently(
    bound: Installation, target: Target
) -> None:
    ids = [send(bound, number) for number in (0, 3, 3, 4)][:3]
    settle(bound)
    louder(bound)
    found = drive(bound, create(bound, release="current"), until="ready")
    groups = {(g["output"], g["path"]): g for g in found.report["groups"]}
    assert ("send erp.order", "/n") in groups and ("document", "/n") in groups
    assert (found.report["same"], found.report["differ"]) == (1, 2)
    sent = [g for g in found.report["groups"] if g["output"] == "send erp.order"]
    assert {(g["before"], g["after"]) for g in sent} == {("3", "6"), ("4", "8")}
    assert ids[1] in {one["message_id"] for g in sent for one in g["examples"]}


def test_sends_that_come_or_go_are_named(bound: Installation, target: Target) -> None:
    send(bound, 1)
    send(bound, 2, mode="reject")
    settle(bound)
    files = journey_files()
    rules = files["rules/dispatch.mw"].replace(b'o.mode = "reject"', b'o.mode = "never"')
    files["rules/dispatch.mw"] = rules.replace(b'o.mode is missing or o.mode = "event"', b'o.mode = "reject"')
    deploy(bound, files)
    found = drive(bound, create(bound, release="current"), until="ready")
    said = {(g["output"], g["kind"], g["before"], g["after"]) for g in found.report["groups"]}
    assert ("send erp.order", "removed", "dispatch.book", "null") in said
    assert ("send erp.order", "added", "null", "dispatch.book") in said
    assert ("state", "changed", "rejected", "done") in said


def test_a_batch_replays_each_message_once_in_their_order(bound: Installation, target: Target) -> None:
    ids = [send(bound, number, f"L{number % 3}") for number in range(30)]
    settle(bound)
    made = drive(bound, create(bound), until="ready")
    batches.run(bound, made.id, by="olga", reason="the target lost them")
    done = drive(bound, made)
    assert (done.done, done.failed, done.left) == (30, 0, 0)
    settle(bound)
    found = children(bound)
    assert set(found) == set(ids) and {m.state for m in found.values()} == {"done"}
    assert len(target.effects) == 60
    for lot in ("L0", "L1", "L2"):
        assert target.numbers(lot)[10:] == target.numbers(lot)[:10]
    what = [row.what for row in _audit(bound)]
    assert what == ["batch.done", "batch.running", "batch.create"]


def _audit(installation: Installation) -> list[Any]:
    with installation.database.read() as tx:
        return latest_rows(tx)


def test_only_those_that_differ_are_replayed_if_that_is_wanted(bound: Installation, target: Target) -> None:
    same, other = send(bound, 0), send(bound, 5)
    settle(bound)
    louder(bound)
    made = drive(bound, create(bound, release="current"), until="ready")
    batches.run(bound, made.id, by="olga", which="differing")
    done = drive(bound, made)
    assert (done.done, done.skipped) == (1, 1)
    assert set(children(bound)) == {other} and same not in children(bound)


def test_rules_see_that_a_message_is_replayed(bound: Installation, target: Target) -> None:
    files = journey_files()
    files["rules/dispatch.mw"] = files["rules/dispatch.mw"].replace(
        b'when o.mode = "ignore"', b"when message.replayed = true"
    )
    deploy(bound, files)
    id = send(bound, 1)
    settle(bound)
    made = drive(bound, create(bound), until="ready")
    said = {(g["output"], g["before"], g["after"]) for g in made.report["groups"]}
    assert ("state", "done", "ignored") in said
    batches.run(bound, made.id, by="olga")
    drive(bound, made)
    settle(bound)
    assert children(bound)[id].state == "ignored" and len(target.effects) == 1


def test_only_chosen_destinations_are_sent_and_the_others_are_noted(
    bound: Installation, target: Target
) -> None:
    id = send(bound, 1, mode="event")
    settle(bound)
    before = len(target.effects)
    made = create(bound, Filter(ids=(id,)), destinations=["erp.once"], dry_run=False)
    drive(bound, made)
    settle(bound)
    child = children(bound)[id]
    with bound.database.read() as tx:
        decided = outcome(tx, child.id)
        assert deliveries_of(tx, [child.id]) == []
    assert decided is not None and len(target.effects) == before
    assert {(a["type"], a.get("endpoint") or a.get("event")) for a in decided["withheld"]} == {
        ("send", "erp.order"),
        ("raise", "canon.order"),
    }


def test_a_chosen_destination_is_sent(bound: Installation, target: Target) -> None:
    id = send(bound, 1, mode="event")
    settle(bound)
    before = len(target.effects)
    drive(bound, create(bound, Filter(ids=(id,)), destinations=["erp.order"], dry_run=False))
    settle(bound)
    assert len(target.effects) == before + 1


@pytest.mark.parametrize(
    ("chosen", "numbers"),
    [
        (Filter(key="lot:L2"), {2}),
        (Filter(endpoint="shop.order"), {1, 2, 3}),
        (Filter(state=("rejected",)), {3}),
        (Filter(flow="orders", key="order-1"), {1}),
    ],
)
def test_messages_are_chosen_by_what_they_have_in_common(
    bound: Installation, chosen: Filter, numbers: set[int]
) -> None:
    sent = {1: send(bound, 1, "L1"), 2: send(bound, 2, "L2"), 3: send(bound, 3, "L3", mode="reject")}
    drain_all(bound)
    made = create(bound, chosen)
    with bound.database.read() as tx:
        found = {m.subject_id for m in stored.members(tx, made.id)}
    assert found == {sent[number] for number in numbers}


def test_what_is_under_way_and_what_a_replay_made_is_not_chosen(bound: Installation, target: Target) -> None:
    first = send(bound, 1)
    settle(bound)
    drive(bound, create(bound, dry_run=False))
    settle(bound)
    send(bound, 2)
    made = create(bound)
    with bound.database.read() as tx:
        assert [m.subject_id for m in stored.members(tx, made.id)] == [first]


def test_a_batch_without_members_sense_or_reason_is_refused(bound: Installation) -> None:
    with pytest.raises(NothingChosen):
        create(bound)
    send(bound, 1)
    drain_all(bound)
    with pytest.raises(BatchInvalid):
        create(bound, Filter())
    with pytest.raises(BatchInvalid):
        create(bound, rate=0)
    with pytest.raises(ReasonRequired):
        create(bound, dry_run=False, reason=" ")
    made = drive(bound, create(bound, reason=""), until="ready")
    with pytest.raises(ReasonRequired):
        batches.run(bound, made.id, by="olga")


def test_a_release_that_came_live_after_the_dry_run_needs_a_new_one(
    bound: Installation, target: Target
) -> None:
    send(bound, 1)
    settle(bound)
    made = drive(bound, create(bound, release="current"), until="ready")
    louder(bound)
    with pytest.raises(ReleaseMoved):
        batches.run(bound, made.id, by="olga")


def test_a_batch_pauses_goes_on_and_is_cancelled(bound: Installation, target: Target) -> None:
    for number in range(200):
        send(bound, number, f"L{number}")
    drain_all(bound)
    made = create(bound, dry_run=False)
    driver = Driver(bound, "tests")
    while batches.batch(bound, made.id).done == 0:
        driver.turn()
    batches.pause(bound, made.id, by="olga")
    paused = batches.batch(bound, made.id).done
    driver.turn()
    assert 0 < paused < 200 and batches.batch(bound, made.id).done == paused
    batches.run(bound, made.id, by="olga")
    driver.turn()
    batches.cancel(bound, made.id, by="olga", reason="enough")
    driver.turn()
    gone = batches.batch(bound, made.id)
    assert gone.state == "cancelled" and len(children(bound)) == gone.done < 200
    with pytest.raises(TransitionRefused):
        batches.run(bound, made.id, by="olga")


def test_many_that_drive_at_once_replay_each_message_once(bound: Installation, target: Target) -> None:
    ids = [send(bound, number, f"L{number % 20}") for number in range(200)]
    drain_all(bound)
    made = create(bound)

    def work(name: int) -> None:
        from app.runtime.batch_steps import run_some
        from app.runtime.dry_runs import check_some

        while (found := batches.batch(bound, made.id)).state in ("checking", "ready", "running"):
            if found.state == "checking":
                check_some(bound, found, 20)
            elif found.state == "ready":
                try:
                    batches.run(bound, made.id, by=f"person {name}")
                except TransitionRefused:  # another one was quicker
                    continue
            else:
                run_some(bound, found, 15)

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(work, name) for name in range(4)]:
            done.result(60)
    found = batches.batch(bound, made.id)
    assert (found.state, found.checked, found.report["same"]) == ("done", 200, 200)
    assert (found.done, found.failed, set(children(bound))) == (200, 0, set(ids))


def test_replays_keep_to_their_rate(bound: Installation, target: Target) -> None:
    for number in range(60):
        send(bound, number, f"L{number}")
    drain_all(bound)
    begun = time.monotonic()
    made = create(bound, rate=40, dry_run=False)
    driver = Driver(bound, "tests")
    while batches.batch(bound, made.id).state != "done":
        driver.turn()
        drain_all(bound)
        time.sleep(0.01)
    assert time.monotonic() - begun > 59 / 40


def test_replays_stand_back_while_live_messages_wait(bound: Installation, target: Target) -> None:
    for number in range(20):
        send(bound, number, f"L{number}")
    drain_all(bound)
    made = create(bound, share=0, dry_run=False)
    live = send(bound, 100, "L100")
    time.sleep(0.7)
    driver = Driver(bound, "tests")
    for _ in range(5):
        driver.turn()
    found = batches.batch(bound, made.id)
    assert found.done <= 1 and "live messages wait" in found.note
    drain_all(bound)
    with bound.database.read() as tx:
        assert message(tx, live).state == "done"
    assert drive(bound, made).done == 20


def test_what_is_not_kept_any_more_is_refused_by_name_and_the_others_go_on(
    bound: Installation, target: Target
) -> None:
    ids = [send(bound, number) for number in range(3)]
    settle(bound)
    with bound.database.begin() as tx:
        gone = message(tx, ids[1]).body_id
        c = bodies_table.c
        tx.execute(bodies_table.delete().where(c.partition == partition_of(gone), c.id == gone))
    made = drive(bound, create(bound), until="ready")
    assert [(one["code"], one["count"]) for one in made.report["refusals"]] == [("body_gone", 1)]
    batches.run(bound, made.id, by="olga")
    done = drive(bound, made)
    assert (done.done, done.failed) == (2, 1)
    with bound.database.read() as tx:
        (failed,) = stored.members(tx, made.id, state="failed")
    assert (failed.subject_id, failed.code) == (ids[1], "body_gone") and "ask the sender" in failed.reason


def test_messages_that_are_gone_while_a_batch_runs_are_counted(bound: Installation, target: Target) -> None:
    ids = [send(bound, number) for number in range(3)]
    drain_all(bound)
    made = create(bound)
    with bound.database.begin() as tx:
        c = messages_table.c
        tx.execute(messages_table.delete().where(c.partition == partition_of(ids[0]), c.id == ids[0]))
    made = drive(bound, made, until="ready")
    batches.run(bound, made.id, by="olga")
    done = drive(bound, made)
    assert (done.total, done.done, done.failed) == (3, 2, 1)


def test_a_release_that_is_not_there_is_refused_by_name(bound: Installation) -> None:
    send(bound, 1)
    drain_all(bound)
    made = drive(bound, create(bound, release="0" * 64), until="ready")
    assert [one["code"] for one in made.report["refusals"]] == ["release_gone"]


def test_a_flow_that_the_release_no_longer_has_is_refused_by_name(bound: Installation) -> None:
    send(bound, 1)
    drain_all(bound)
    files = journey_files()
    files["flows/orders.mw"] = files["flows/orders.mw"].replace(b"flow orders\n", b"flow purchases\n")
    deploy(bound, files)
    made = drive(bound, create(bound, release="current"), until="ready")
    assert [one["code"] for one in made.report["refusals"]] == ["flow_gone"]


def test_one_document_of_an_interchange_is_replayed_alone(bound: Installation, target: Target) -> None:
    body = b"[" + b",".join(order(number, f"L{number}") for number in range(3)) + b"]"
    made = accept(bound, ENVIRONMENT, "shop.batch", body)
    settle(bound)
    middle = made[1].message_id
    drive(bound, create(bound, Filter(ids=(middle,)), dry_run=False))
    settle(bound)
    assert set(children(bound)) == {middle}
    assert [arrival.body["n"] for arrival in target.effects].count(1) == 2 and len(target.effects) == 4


def test_a_group_of_failures_is_retried_in_the_current_release(bound: Installation, target: Target) -> None:
    ids = [send(bound, number, f"L{number}", mode="reject") for number in range(3)]
    drain_all(bound)
    files = journey_files()
    rules = files["rules/dispatch.mw"].replace(b'o.mode = "reject"', b'o.mode = "never"')
    files["rules/dispatch.mw"] = rules.replace(
        b"o.mode is missing or", b'o.mode is missing or o.mode = "reject" or'
    )
    deploy(bound, files)
    with bound.database.read() as tx:
        from app.storage.problems import groups

        (group,) = groups(tx, ENVIRONMENT)
    made = create(bound, Filter(fingerprint=group.fingerprint), action="retry", release="current")
    made = drive(bound, made, until="ready")
    assert made.report["differ"] == 3
    batches.run(bound, made.id, by="olga", reason="the rule was wrong")
    assert drive(bound, made).done == 3
    settle(bound)
    with bound.database.read() as tx:
        assert {message(tx, id).state for id in ids} == {"done"}
    assert len(target.effects) == 3


def test_a_group_of_failures_is_discarded(bound: Installation) -> None:
    ids = [send(bound, number, mode="reject") for number in range(3)]
    drain_all(bound)
    made = create(bound, Filter(state=("rejected",)), action="discard")
    assert made.state == "ready"
    batches.run(bound, made.id, by="olga", reason="sent by mistake")
    drive(bound, made)
    with bound.database.read() as tx:
        assert {(message(tx, id).state, message(tx, id).reason) for id in ids} == {
            ("discarded", "sent by mistake")
        }


def test_dead_deliveries_are_sent_again_and_their_messages_replayed_to_that_target(
    bound: Installation, target: Target
) -> None:
    target.script = lambda number: Answer(422)
    ids = [send(bound, number, f"L{number}") for number in range(4)]
    settle(bound)
    target.script = lambda number: Answer(200)
    made = create(bound, Filter(endpoint="erp.order"), subject="delivery", action="retry", dry_run=False)
    assert drive(bound, made).done == 4
    deliver_all(bound)
    assert len(target.effects) == 4
    with bound.database.read() as tx:
        assert {d.state for d in deliveries_of(tx, ids)} == {"delivered"}


def test_a_step_that_somebody_did_already_is_noted_as_failed(bound: Installation, target: Target) -> None:
    from app.runtime.recovery import discard_message

    ids = [send(bound, number, mode="hold") for number in range(2)]
    drain_all(bound)
    made = create(bound, Filter(state=("held",)), action="retry", dry_run=False)
    discard_message(bound, ids[0], by="ivan", reason="was quicker")
    done = drive(bound, made)
    assert (done.done, done.failed) == (1, 1)


def test_a_thousand_replays_beside_live_traffic_leave_it_its_place(
    bound: Installation, target: Target
) -> None:
    lines = b"\n".join(order(number, f"L{number % 50}", mode="ignore") for number in range(1_000))
    accept_lines(bound, ENVIRONMENT, "shop.order", lines)
    drain_all(bound)
    made = create(bound, rate=FAST, destinations=["erp.order"], dry_run=False)
    stop, most, live = threading.Event(), [0], list[str]()

    def work() -> None:
        while not stop.is_set():
            most[0] = max(most[0], waiting_replays(bound))
            drain_all(bound)
            time.sleep(0.005)

    with ThreadPoolExecutor(1) as threads:
        worker = threads.submit(work)
        driver, until = Driver(bound, "tests"), time.monotonic() + 120
        while batches.batch(bound, made.id).state != "done" and time.monotonic() < until:
            driver.turn()
            live.append(send(bound, 10_000 + len(live), f"L{len(live) % 50}"))
        stop.set()
        worker.result(60)
    drain_all(bound)
    assert len(children(bound)) == batches.batch(bound, made.id).done == 1_000
    assert most[0] <= WINDOW + A_SLICE
    with bound.database.read() as tx:
        assert {message(tx, id).state for id in live} == {"done"}
        assert {m.state for m in children(bound).values()} == {"ignored"}
    check(bound.database, 2_000 + len(live))


def waiting_replays(installation: Installation) -> int:
    """How many messages of the batch no worker has come to."""
    c = messages_table.c
    with installation.database.read() as tx:
        query = select(func.count()).where(c.replay_of != "", c.state == "received")
        return int(tx.execute(query).scalar_one())
