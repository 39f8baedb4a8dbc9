"""SLA clocks: `sla 5 minutes` of a flow runs from reception to the last acknowledgement.

A flow has one clock, a timer of kind `sla`. Each second it looks at the messages whose time is up just then,
and at no other: a message costs nothing until it is late. One that is not done is marked, for good; the first
of them alerts whoever owns the flow, later ones are only counted until none is late any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from app.runtime.installation import Installation
from app.runtime.states import move_timers
from app.storage import lateness
from app.storage.alerts import add_alerts
from app.storage.database import now
from app.storage.environments import deployments, live_release
from app.storage.identity import digest
from app.storage.lateness import Unfinished, done_by_now, late_now, lock_clock, look_again, unfinished
from app.storage.timers import Timer, add_timers, these, timer_id
from rules.remedies import seconds

LOOK_SECONDS = 1.0
QUIET_SECONDS = 900.0
_OVERLAP = timedelta(seconds=5)  # an intake that committed a little after it took its time of reception
_OPERATIONS = "operations"


@dataclass(frozen=True, slots=True)
class Promise:
    """What a flow promises: done within so many seconds; who has to act if not, and by which page."""

    seconds: int
    said: str
    owner: str
    runbook: str


def promises(installation: Installation, release_id: str) -> dict[str, Promise]:
    """The flows of a release that have to be done in time."""
    program = installation.compiled(release_id).program
    found: dict[str, Promise] = {}
    for name, flow in program.flows.items():
        if flow.node.sla is not None:
            playbook = program.playbooks.get(flow.node.playbook)
            said = f"{flow.node.sla.value['amount']} {flow.node.sla.value['unit']}"
            runbook = playbook.node.runbook if playbook else ""
            found[name] = Promise(seconds(flow.node.sla) or 0, said, flow.node.owner or _OPERATIONS, runbook)
    return found


class Clocks:
    """Sees to it that every flow that promises a time has its clock; what is known is not asked again."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._known: set[tuple[str, str]] = set()

    def wind(self) -> None:
        """Make the clocks of releases that became live."""
        with self._installation.database.read() as tx:
            live = deployments(tx)
        for one in live:
            if (one.environment, one.release_id) not in self._known:
                flows = promises(self._installation, one.release_id)
                with self._installation.database.begin() as tx:
                    _make(tx, one.environment, one.ruleset, one.release_id, flows)
                self._known.add((one.environment, one.release_id))


def _make(tx: Connection, environment: str, ruleset: str, release_id: str, flows: dict[str, Promise]) -> None:
    at = now(tx)
    clocks = [
        Timer(
            id=timer_id(match, flow),
            kind="sla",
            state="open",
            match=match,
            due_at=at,
            deadline=at - timedelta(seconds=promise.seconds),
            environment=environment,
            ruleset=ruleset,
            release_id=release_id,
            flow=flow,
            event="sla",
            created_at=at,
            updated_at=at,
        )
        for flow, promise in flows.items()
        for match in [digest("sla", environment, ruleset, flow)]
    ]
    new = add_timers(tx, clocks)
    stopped = [clock for clock in clocks if clock.id not in new]
    for clock in stopped:
        move_timers(
            tx, these(tx, [clock.id]), ("dropped",), "open", at, due_at=at, deadline=clock.deadline, count=0
        )


def look(installation: Installation, clock: Timer) -> int:
    """Mark what is late now, alert where it begins, forget what is done; how many were marked."""
    with installation.database.read() as tx:
        live = live_release(tx, clock.environment, clock.ruleset)
    promise = promises(installation, live).get(clock.flow) if live else None
    with installation.database.begin() as tx:
        at = now(tx)
        if promise is None:
            move_timers(tx, these(tx, [clock.id]), ("open",), "dropped", at)
            return 0
        return _look(tx, clock, promise, at) if lock_clock(tx, clock) else 0


def _look(tx: Connection, clock: Timer, promise: Promise, at: datetime) -> int:
    where = (clock.environment, clock.ruleset, clock.flow)
    until = max(clock.deadline, at - timedelta(seconds=promise.seconds))
    found = unfinished(tx, *where, clock.deadline - _OVERLAP, until)
    if len(found) == lateness.AT_A_TIME:  # go on from there at the next look
        until = max(clock.deadline, found[-1].received_at)
    new = add_timers(tx, [_mark(clock, late, promise, at) for late in found])
    done = done_by_now(tx, *where) if clock.count else []
    if done:
        move_timers(tx, these(tx, done), ("fired",), "met", at)
    content = dict(clock.content)
    if new and not clock.count and _quiet_long_enough(content, at):
        first = [late for late in found if _mark_id(late.id) in new]
        add_alerts(tx, clock.environment, [_alert(clock, promise, first)], at)
        content["alerted_at"] = at.isoformat()
    count = late_now(tx, *where) if new or clock.count else 0
    look_again(tx, clock, at + timedelta(seconds=LOOK_SECONDS), until, content, count)
    return len(new)


def _mark_id(message_id: str) -> str:
    return timer_id(message_id, "late")


def _mark(clock: Timer, late: Unfinished, promise: Promise, at: datetime) -> Timer:
    return Timer(
        id=_mark_id(late.id),
        kind="late",
        state="fired",
        match=late.id,
        due_at=at,
        deadline=late.received_at + timedelta(seconds=promise.seconds),
        environment=clock.environment,
        ruleset=clock.ruleset,
        release_id=late.release_id,
        flow=clock.flow,
        event="sla",
        key=promise.said,
        message_id=late.id,
        correlation_id=late.correlation_id,
        hops=late.hops,
        created_at=at,
        updated_at=at,
        content={"state": late.state},
    )


def _quiet_long_enough(content: dict[str, Any], at: datetime) -> bool:
    before = content.get("alerted_at")
    return before is None or at - datetime.fromisoformat(before) > timedelta(seconds=QUIET_SECONDS)


def _alert(clock: Timer, promise: Promise, late: Sequence[Unfinished]) -> tuple[str, str, str, str]:
    first = late[0]
    count = "1 message is" if len(late) == 1 else f"{len(late)} messages are"
    name = f" ({first.label})" if first.label else ""
    stands = "it is not acknowledged" if first.state == "done" else f"it is {first.state}"
    runbook = f" Runbook: {promise.runbook}" if promise.runbook else ""
    text = (
        f"{clock.flow}: {count} not done within {promise.said}. The first came at "
        f"{first.received_at:%Y-%m-%d %H:%M:%S} UTC{name}; {stands}. {promise.owner} has to act.{runbook}"
    )
    return first.id, promise.owner, text, f"{clock.flow}/sla"
