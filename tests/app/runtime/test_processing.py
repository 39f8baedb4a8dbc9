"""Processing: each message once, in order, under the fence of its lane."""

import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.runtime import witness
from app.runtime.committing import Worked, commit
from app.runtime.deciding import Decided, Decider
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.runtime.processing import drain
from app.runtime.witness import CERTAIN_CLAIMS, POISON_CLAIMS, Case
from app.storage.alerts import alerts
from app.storage.bodies import contents
from app.storage.claims import ClaimedLane, claim
from app.storage.database import now
from app.storage.deliveries import of_message
from app.storage.flows import FlowPolicy, OnFailure, put_flow_policy
from app.storage.identity import partition_of
from app.storage.lanes import lanes_table
from app.storage.messages import Message, history, message, open_messages
from app.storage.outcomes import outcome
from app.storage.queries import message_view, search_messages
from rules.engine import run
from rules.outcome import Outcome
from tests.journey import ENVIRONMENT, drain_all, order

ALL = set(range(256))


@dataclass(frozen=True)
class UnknownAction:
    """What a later version of the language might decide."""

    type: str = "teleport"


def send(installation: Installation, number: int, lot: str = "L1", **more: object) -> str:
    return accept(installation, ENVIRONMENT, "shop.order", order(number, lot, **more))[0].message_id


def found(installation: Installation, id: str) -> Message:
    with installation.database.read() as tx:
        return message(tx, id)


def policy(installation: Installation, on_failure: OnFailure = "dead_letter", paused: bool = False) -> None:
    with installation.database.begin() as tx:
        put_flow_policy(tx, ENVIRONMENT, "journey", "orders", FlowPolicy(on_failure, paused))


def test_a_message_is_done_and_its_delivery_waits_in_the_outbox(installation: Installation) -> None:
    id = send(installation, 1)
    assert drain_all(installation) == 1
    assert found(installation, id).state == "done"
    with installation.database.read() as tx:
        (delivery,) = of_message(tx, id)
        decided = outcome(tx, id)
        moves = history(tx, id)
    assert (delivery.state, delivery.endpoint, delivery.idempotent) == ("pending", "erp.order", True)
    assert (delivery.rules, delivery.rule, delivery.ordinal) == ("dispatch", "book", 0)
    assert decided is not None and decided["state"] == "done"
    assert [(m["from_state"], m["to_state"]) for m in moves] == [("received", "done")]


@pytest.mark.parametrize(
    ("mode", "state"), [("reject", "rejected"), ("hold", "held"), ("ignore", "ignored"), ("alert", "done")]
)
def test_what_the_rules_decide_is_the_state(installation: Installation, mode: str, state: str) -> None:
    id = send(installation, 1, mode=mode)
    drain_all(installation)
    assert found(installation, id).state == state
    assert bool(found(installation, id).reason) == (state != "done")
    with installation.database.read() as tx:
        assert of_message(tx, id) == []


def test_an_action_that_nobody_carries_out_makes_a_dead_letter_and_is_not_lost(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_with_unknown_action(*given: Any, **more: Any) -> Outcome:
        return replace(run(*given, **more), actions=(UnknownAction(),))

    monkeypatch.setattr("app.runtime.recalling.run", run_with_unknown_action)
    id = send(installation, 1)
    drain_all(installation)
    dead = found(installation, id)
    assert (dead.state, dead.code) == ("dead", "action_not_carried_out")
    assert "`teleport`" in dead.reason


def test_who_drains_hears_at_once_of_what_is_to_be_delivered(installation: Installation) -> None:
    id = accept(installation, ENVIRONMENT, "shop.order", order(1))[0].message_id
    heard: list[tuple[set[int], str]] = []

    def hear(partitions: set[int]) -> None:
        with installation.database.read() as tx:
            heard.append((partitions, of_message(tx, id)[0].state))

    assert drain(installation, ALL, delivers=hear) == 1
    with installation.database.read() as tx:
        (found,) = of_message(tx, id)
    assert heard == [({partition_of(found.lane)}, "pending")]


def test_an_alert_is_stored(installation: Installation) -> None:
    id = send(installation, 1, mode="alert")
    drain_all(installation)
    with installation.database.read() as tx:
        (alert,) = alerts(tx, ENVIRONMENT)
    assert (alert["channel"], alert["message_id"], alert["rule"]) == ("quality", id, "dispatch/tell")


def test_a_message_the_map_cannot_make_is_rejected_with_the_field(installation: Installation) -> None:
    (accepted,) = accept(installation, ENVIRONMENT, "shop.kept", b'{"id": "x", "lot": "L1"}')
    drain_all(installation)
    assert found(installation, accepted.message_id).state == "rejected"
    assert "n" in found(installation, accepted.message_id).reason


def test_an_event_becomes_a_message_of_its_flow_with_its_cause(installation: Installation) -> None:
    id = send(installation, 1, mode="event")
    drain_all(installation)
    with installation.database.read() as tx:
        items = search_messages(tx, ENVIRONMENT, flow="follow_ups").items
        view = message_view(tx, id)
    assert [(item["causation_id"], item["state"]) for item in items] == [(id, "done")]
    assert items[0]["correlation_id"] == found(installation, id).correlation_id
    assert [child["id"] for child in view["children"]] == [items[0]["id"]]


def test_messages_of_a_lane_reach_the_outbox_in_order(installation: Installation) -> None:
    ids = [send(installation, n) for n in range(120)]
    drain_all(installation)
    with installation.database.read() as tx:
        seqs = [of_message(tx, id)[0].seq for id in ids]
    assert seqs == sorted(seqs) and len(set(seqs)) == 120


def _claimed(installation: Installation, id: str, lease: float = 30) -> list[ClaimedLane]:
    with installation.database.begin() as tx:
        return claim(tx, "inbox", {partition_of(id)}, "test", lease)


def _worked(installation: Installation, lane: ClaimedLane) -> Worked:
    with installation.database.read() as tx:
        waiting = open_messages(tx, [lane], 50)[lane.id]
        bodies = contents(tx, {m.body_id for m in waiting})
    decider = Decider(installation, bodies)
    return Worked(lane, [decider.decide(m, lane) for m in waiting])


def test_a_claimed_lane_is_passed_over_by_others(installation: Installation) -> None:
    id = send(installation, 1)
    assert len(_claimed(installation, id)) == 1
    assert _claimed(installation, id) == [] and drain_all(installation) == 0


def test_a_worker_whose_lease_ended_writes_nothing(installation: Installation) -> None:
    id = send(installation, 1)
    (late,) = _claimed(installation, id, lease=-1)
    worked = _worked(installation, late)
    assert drain_all(installation) == 1
    assert commit(installation, [worked]).messages == 0
    with installation.database.read() as tx:
        assert len(of_message(tx, id)) == 1


def test_a_commit_that_is_repeated_writes_once(installation: Installation) -> None:
    id = send(installation, 1)
    (lane,) = _claimed(installation, id)
    worked = _worked(installation, lane)
    assert [commit(installation, [worked]).messages for _ in range(2)] == [1, 0]
    with installation.database.read() as tx:
        assert len(of_message(tx, id)) == 1


def test_fences_only_grow(installation: Installation) -> None:
    id = send(installation, 1)
    fences = [_claimed(installation, id, lease=-1)[0].fence for _ in range(4)]
    assert fences == [1, 2, 3, 4]


def _claimed_in_vain(installation: Installation, id: str, times: int) -> None:
    for _ in range(times):
        assert len(_claimed(installation, id, lease=-1)) == 1


def test_a_message_that_ends_its_workers_is_quarantined_and_the_lane_goes_on(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = send(installation, 1), send(installation, 2)
    _claimed_in_vain(installation, first, POISON_CLAIMS - 1)
    monkeypatch.setattr(witness, "end_of", lambda case, go_on: "signal SIGSEGV")
    drain_all(installation)
    assert found(installation, first).state == "quarantined" and found(installation, first).code == "poison"
    assert "SIGSEGV" in found(installation, first).reason
    assert found(installation, second).state == "done"


def test_a_message_whose_workers_were_killed_from_outside_is_done_once_a_process_of_its_own_lived(
    installation: Installation,
) -> None:
    id = send(installation, 1)
    _claimed_in_vain(installation, id, POISON_CLAIMS - 1)
    drain_all(installation)
    assert found(installation, id).state == "done"


def test_a_process_of_its_own_that_dies_before_it_has_loaded_everything_blames_no_message(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = send(installation, 1)
    _claimed_in_vain(installation, id, POISON_CLAIMS - 1)
    monkeypatch.setattr(witness, "COMMAND", (sys.executable, "-c", "import os; os.abort()"))
    drain_all(installation)
    assert found(installation, id).state == "done"


def test_claims_in_vain_have_an_end_whatever_a_process_of_its_own_says(
    installation: Installation,
) -> None:
    id = send(installation, 1)
    _claimed_in_vain(installation, id, CERTAIN_CLAIMS - 1)
    drain_all(installation)
    assert found(installation, id).state == "quarantined"


def test_a_worker_that_is_to_stop_leaves_a_suspect_as_it_is(installation: Installation) -> None:
    id = send(installation, 1)
    _claimed_in_vain(installation, id, POISON_CLAIMS - 1)
    asked = iter([False] * 3)
    drain(installation, ALL, stop=lambda: next(asked, True))
    assert found(installation, id).state == "received"
    with installation.database.read() as tx:
        assert tx.execute(select(lanes_table.c.claims)).scalar() == POISON_CLAIMS - 1


class _Death(BaseException):
    """A worker that ends in the middle of a message."""


def test_of_many_lanes_that_were_claimed_together_only_the_one_that_ends_workers_is_quarantined(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [send(installation, number, f"L{number}") for number in range(12)]
    deadly, decide = ids[3], Decider.decide

    def deciding(self: Decider, message: Message, lane: ClaimedLane) -> Decided:
        if message.id == deadly:
            raise _Death
        return decide(self, message, lane)

    def end_of(case: Case, go_on: Any) -> str:
        return "signal SIGKILL" if case.message.id == deadly else ""

    monkeypatch.setattr(Decider, "decide", deciding)
    monkeypatch.setattr(witness, "end_of", end_of)
    deaths = 0
    while deaths < 2 * POISON_CLAIMS:
        try:
            drain_all(installation)
            break
        except _Death:
            deaths += 1
            with installation.database.begin() as tx:
                tx.execute(update(lanes_table).values(lease_until=now(tx) - timedelta(seconds=1)))
    states = {id: found(installation, id).state for id in ids}
    assert states == {id: "quarantined" if id == deadly else "done" for id in ids}
    assert deaths == POISON_CLAIMS - 1


def _break(installation: Installation, id: str) -> None:
    """Make a message fail in the engine: its document is gone from its body."""
    with installation.database.begin() as tx:
        tx.exec_driver_sql(f"update messages set document_index = 5 where id = '{id}'")


def test_a_failing_message_is_a_dead_letter_and_the_lane_goes_on(installation: Installation) -> None:
    first, second = send(installation, 1), send(installation, 2)
    _break(installation, first)
    drain_all(installation)
    assert found(installation, first).state == "dead" and found(installation, first).reason
    assert found(installation, second).state == "done"


def test_a_failing_message_blocks_its_lane_where_the_flow_says_so(installation: Installation) -> None:
    policy(installation, "block_lane")
    first, second, other = send(installation, 1), send(installation, 2), send(installation, 3, "L2")
    _break(installation, first)
    drain_all(installation)
    states = [found(installation, id).state for id in (first, second, other)]
    assert states == ["dead", "received", "done"]
    third = send(installation, 4)
    assert drain(installation, ALL) == 0 and found(installation, third).state == "received"


def test_a_paused_flow_takes_messages_in_and_runs_none(installation: Installation) -> None:
    policy(installation, paused=True)
    id = send(installation, 1)
    assert drain_all(installation) == 0
    policy(installation, paused=False)
    assert drain_all(installation) == 1 and found(installation, id).state == "done"


def test_a_stopping_worker_gives_its_lanes_back(installation: Installation) -> None:
    ids = [send(installation, n) for n in range(3)]
    asked = iter([False, False, False, True, True, True, True])
    drain(installation, ALL, stop=lambda: next(asked, True))
    states = [found(installation, id).state for id in ids]
    assert "done" in states and "received" in states
    assert drain_all(installation) == states.count("received")


def test_a_lane_whose_turn_did_not_come_goes_on_counting_the_claims_in_vain(
    installation: Installation,
) -> None:
    accept(installation, ENVIRONMENT, "shop.order", order(1))
    with installation.database.begin() as tx:
        tx.execute(update(lanes_table).values(claims=4))
    asked = iter([False])
    drain(installation, range(256), stop=lambda: next(asked, True))
    with installation.database.read() as tx:
        assert tx.execute(select(lanes_table.c.claims, lanes_table.c.ready)).one() == (4, True)
