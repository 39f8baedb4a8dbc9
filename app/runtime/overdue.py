"""Deliveries that wait behind a stopped connection longer than their playbook has them tried.

Only one delivery probes a stopped connection, so the attempts of the others never end their time. The clock
looks after them: whose time is over becomes what the playbook says, fallback included, in the order of its
lane. A connection that a person paused waits for that person.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from app.runtime.calling import settled
from app.runtime.installation import Installation
from app.runtime.later import CALL
from app.runtime.outbox import leave_lanes
from app.runtime.remedying import Remedies
from app.runtime.states import move_delivery_states
from app.runtime.transactions import insist
from app.runtime.verdicts import time_is_over
from app.storage.alerts import add_alerts
from app.storage.breakers import Breaker, breakers
from app.storage.claims import ClaimedLane, claim_these
from app.storage.database import now
from app.storage.deliveries import Delivery, DeliveryMove, open_deliveries
from app.storage.environments import binding
from app.storage.outages import lanes_waiting_since, waiting_flows
from rules.remedies import alert_text
from rules.waiting import Remedy

_LANES = 100
_A_LANE = 200
_LEASE_SECONDS = 30.0
_QUIET_SECONDS = 600.0
_UNSENT = ("pending", "retry")
Given = tuple[Delivery, Remedy]


class Overdue:
    """Gives up what has waited long enough; of one outage a playbook alerts once in ten minutes."""

    def __init__(self, installation: Installation, holder: str) -> None:
        self._installation = installation
        self._holder = holder
        self._remedies = Remedies(installation)
        self._told: dict[tuple[str, str, str], float] = {}
        self._after: dict[tuple[str, str, str, str], str] = {}

    def give_up(self, stop: Callable[[], bool] = lambda: False) -> int:
        """Look at every stopped connection; how many deliveries were given up."""
        with self._installation.database.read() as tx:
            stopped = [b for b in breakers(tx) if b.state != "closed" and not _paused(tx, b)]
        return sum(self._behind(b, stop) for b in stopped)

    def _behind(self, b: Breaker, stop: Callable[[], bool]) -> int:
        with self._installation.database.read() as tx:
            at = now(tx)
            lanes = [
                lane
                for flow in waiting_flows(tx, b.environment, b.endpoint)
                for lane in self._late(tx, b, flow, at)
            ]
        made = 0
        for lane in dict.fromkeys(lanes):
            if stop():
                break
            made += insist(partial(self._lane, b, lane))
        return made

    def _late(
        self, tx: Connection, b: Breaker, flow: tuple[str, str, datetime], at: datetime
    ) -> Sequence[str]:
        release_id, name, oldest = flow
        found = self._remedies.of_flow(release_id, name, "transport")
        if found is None or found.retry_seconds is None:
            return ()
        until = at - timedelta(seconds=found.retry_seconds)
        return self._further(tx, b, (release_id, name), until) if oldest <= until else ()

    def _further(self, tx: Connection, b: Breaker, flow: tuple[str, str], until: datetime) -> Sequence[str]:
        """The next lanes: however many of them still have to wait, all have their turn."""
        place = (b.environment, b.endpoint, *flow)
        after = self._after.get(place, "")
        lanes = lanes_waiting_since(tx, b.environment, b.endpoint, flow, until, after, _LANES)
        self._after[place] = lanes[-1] if len(lanes) == _LANES else ""
        return lanes

    def _lane(self, b: Breaker, id: str) -> int:
        """One lane, unless a worker has it, as its probe: then at the next look."""
        with self._installation.database.begin() as tx:
            claimed = claim_these(tx, [id], self._holder, _LEASE_SECONDS)
            if not claimed:
                return 0
            at = now(tx)
            given, blocked_by = self._choose(tx, claimed[0], at)
            self._carry_out(tx, claimed[0], b, given, at)
            leave_lanes(tx, [(claimed[0], blocked_by)], at, claimed[0].oldest_day)
        return len(given)

    def _choose(self, tx: Connection, lane: ClaimedLane, at: datetime) -> tuple[list[Given], str | None]:
        """Whose time is over; in an ordered lane none after one that still waits or that blocks it."""
        given: list[Given] = []
        for d in open_deliveries(tx, lane.id, _A_LANE, since_day=lane.oldest_day):
            found = self._remedies.of(d, "transport") if d.state in _UNSENT else None
            if found is not None and time_is_over(d, found, at):
                given.append((d, found))
                if lane.ordered and found.reaction == "block":
                    return given, d.id
            elif lane.ordered:
                break
        return given, None

    def _carry_out(
        self, tx: Connection, lane: ClaimedLane, b: Breaker, given: Sequence[Given], at: datetime
    ) -> None:
        moves = [DeliveryMove(d, "dead", error_class="transport", reason=_reason(d, b)) for d, _ in given]
        move_delivery_states(tx, moves, at)
        for d, found in given:
            if d.rules == CALL:
                settled(tx, d, at)  # its flow does what the playbook says
                continue
            self._alert(tx, b, d, found, at)
            self._remedies.send_instead(tx, lane, d, found, at)

    def _alert(self, tx: Connection, b: Breaker, d: Delivery, found: Remedy, at: datetime) -> None:
        outage = (b.environment, b.endpoint, found.playbook)
        last = self._told.get(outage)
        if found.channel and (last is None or time.monotonic() - last > _QUIET_SECONDS):
            text = alert_text(found, f"{d.endpoint} does not take it: {_reason(d, b)}")
            add_alerts(tx, d.environment, [(d.message_id, found.channel, text, found.playbook)], at)
            self._told[outage] = time.monotonic()


def _paused(tx: Connection, b: Breaker) -> bool:
    found = binding(tx, b.environment, b.endpoint)
    return found is not None and found.paused


def _reason(d: Delivery, b: Breaker) -> str:
    tries = (
        "without an attempt" if d.attempts == 0 else f"after {d.attempts} attempt{'s' * (d.attempts != 1)}"
    )
    return f"gave up {tries}, its time was over while {d.endpoint} did not work: {b.reason}"[:2000]
