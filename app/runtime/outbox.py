"""The transactions of one outbox lane: note results, choose what is next, or leave the lane."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.runtime.asking import Asked, ask_at, note_answer
from app.runtime.calling import keep_answers
from app.runtime.gates import Gate
from app.runtime.remedying import Remedies
from app.runtime.states import move_delivery_states
from app.runtime.verdicts import Sent, interrupted, verdict
from app.settings import Settings
from app.storage import attempts
from app.storage.attempts import Ended
from app.storage.claims import ClaimedLane, Release, hold, release
from app.storage.deliveries import (
    NEVER,
    Delivery,
    DeliveryMove,
    delivery_bodies,
    leave_to_a_person,
    next_due,
    open_deliveries,
)
from app.storage.flows import FlowPolicy
from rules.waiting import Remedy

BATCH = 20
PARKED_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Ready:
    """A delivery that is inflight now, with its bytes; or an uncertain one that its target is asked about."""

    delivery: Delivery
    content: bytes

    @property
    def question(self) -> bool:
        """Whether to ask instead of sending."""
        return self.delivery.state == "uncertain"


@dataclass(frozen=True, slots=True)
class Results:
    """What became of a batch: attempts that were made, deliveries it did not come to, answers of the target."""

    sent: Sequence[Sent] = ()
    unsent: Sequence[Delivery] = ()
    asked: Sequence[Asked] = ()


class LaneWork:
    """One claimed outbox lane. Every step is one transaction, void where the fence has moved."""

    def __init__(
        self, lane: ClaimedLane, policy: FlowPolicy, settings: Settings, remedies: Remedies, gate: Gate
    ) -> None:
        self.lane = lane
        self.gate = gate
        self.asks = False  # whether the target can be asked about uncertain deliveries: its sink knows
        self._policy = policy
        self._settings = settings
        self._remedies = remedies

    @property
    def patience(self) -> float:
        """Seconds after which a batch starts no further attempt, so that the lease covers the last one."""
        return self._settings.lease_seconds / 2

    def step(self, tx: Connection, results: Results, go_on: bool) -> list[Ready]:
        """Write results; then the next deliveries to send, or nothing and the lane is left."""
        lease = self._settings.lease_seconds + self._settings.delivery_deadline
        found = hold(tx, self.lane, lease)
        if found is None:
            return []
        self.lane, at = found
        blocked_by = self._note(tx, results, at)
        if blocked_by is None:
            blocked_by, chosen = self._choose(tx, at)
            granted = self.gate.grant(tx, len(chosen)) if go_on else 0
            if granted:
                return self._start(tx, chosen[:granted], at)
        leave_lane(tx, self.lane, at, blocked_by)
        return []

    def park(self, tx: Connection, reason: str) -> None:
        """Leave the lane untouched for a while, saying why."""
        found = hold(tx, self.lane)
        if found is not None:
            later = found[1] + timedelta(seconds=PARKED_SECONDS)
            release(tx, [Release(self.lane, self.lane.head_seq, True, later, parked=reason)])

    def _note(self, tx: Connection, results: Results, at: datetime) -> str | None:
        said = [self._remedy(sent) for sent in results.sent]
        pairs = list(zip(results.sent, said, strict=True))
        moves = [
            verdict(one, self._settings, at, found, self._ask_at(one.delivery, at)) for one, found in pairs
        ]
        undone = [DeliveryMove(d, "pending", attempts=d.attempts - 1) for d in results.unsent]
        move_delivery_states(tx, [*moves, *undone], at)
        keep_answers(tx, results.sent, moves, at)
        attempts.end(tx, [_ended(sent) for sent in results.sent], at)
        attempts.forget(tx, [(d.id, d.attempts) for d in results.unsent])
        self.gate.slowed(tx, results.sent)
        both = list(zip(moves, said, strict=True))
        self._remedies.carry_out(tx, self.lane, [(m, r) for m, r in both if r and m.to_state == "dead"], at)
        stuck = [m.delivery.id for m, found in both if self._blocks(m, found)]
        for one in results.asked:
            if note_answer(tx, self.lane, one, self.gate.control, at) and self.lane.ordered:
                stuck.append(one.delivery.id)
        return stuck[0] if stuck else None

    def _remedy(self, sent: Sent) -> Remedy | None:
        receipt = sent.receipt
        return (
            self._remedies.of(sent.delivery, receipt.error_class) if receipt.result != "delivered" else None
        )

    def _blocks(self, m: DeliveryMove, found: Remedy | None) -> bool:
        if not self.lane.ordered:
            return False
        block = found.reaction == "block" if found else self._policy.on_failure == "block_lane"
        return (m.to_state == "uncertain" and m.next_at == NEVER) or (m.to_state == "dead" and block)

    def _ask_at(self, d: Delivery, at: datetime) -> datetime:
        return ask_at(self.gate.control, d.asked, at) if self.asks else NEVER

    def _choose(self, tx: Connection, at: datetime) -> tuple[str | None, list[Delivery]]:
        """Who the lane waits for, if for somebody; and what may be sent now, in order."""
        found = open_deliveries(
            tx, self.lane.id, BATCH, None if self.lane.ordered else at, self.lane.oldest_day
        )
        lost = [interrupted(d, at, self._ask_at(d, at)) for d in found if d.state == "inflight"]
        move_delivery_states(tx, lost, at)
        attempts.end(tx, [_lost(m.delivery) for m in lost], at)
        changed = {m.delivery.id: m for m in lost}
        waiting = [_moved(d, changed[d.id]) if d.id in changed else d for d in found]
        chosen: list[Delivery] = []
        for d in self._let_go(tx, waiting, at):
            due = d.state in ("pending", "retry") and d.next_at <= at
            if due and (not chosen or (d.idempotent and chosen[0].idempotent)):
                chosen.append(d)
            elif d.state == "uncertain" and not chosen and d.next_at <= at and self._askable(tx, d):
                return None, [d]
            elif self.lane.ordered:
                return (d.id if self._for_a_person(d, at) and not chosen else None), chosen
        return None, chosen

    def _let_go(self, tx: Connection, waiting: Sequence[Delivery], at: datetime) -> list[Delivery]:
        """Staged deliveries whose time has come are pending."""
        moves = {d.id: DeliveryMove(d, "pending") for d in waiting if d.state == "staged" and d.next_at <= at}
        move_delivery_states(tx, list(moves.values()), at)
        return [replace(d, state="pending") if d.id in moves else d for d in waiting]

    def _askable(self, tx: Connection, d: Delivery) -> bool:
        """Whether its target is asked now; one that nobody can ask about any more waits for a person."""
        if self.asks and d.asked < self.gate.control.read_back_tries:
            return True
        leave_to_a_person(tx, d.id)
        return False

    def _for_a_person(self, d: Delivery, at: datetime) -> bool:
        return d.state == "uncertain" and (d.next_at == NEVER or d.next_at <= at)

    def _start(self, tx: Connection, chosen: Sequence[Delivery], at: datetime) -> list[Ready]:
        if chosen[0].state == "uncertain":
            return [Ready(chosen[0], delivery_bodies(tx, [chosen[0].id])[chosen[0].id])]
        fence = self.lane.fence
        moves = [DeliveryMove(d, "inflight", fence=fence, attempts=d.attempts + 1) for d in chosen]
        move_delivery_states(tx, moves, at)
        attempts.start(tx, [(d.id, d.attempts + 1, fence) for d in chosen], at)
        contents = delivery_bodies(tx, [d.id for d in chosen])
        return [
            Ready(replace(d, state="inflight", fence=fence, attempts=d.attempts + 1), contents[d.id])
            for d in chosen
        ]


def leave_lane(tx: Connection, lane: ClaimedLane, at: datetime, blocked_by: str | None) -> None:
    """Give a lane back: whether there is work in it, and when it is due."""
    due = _next(tx, lane)
    waits = due is not None and due < NEVER
    next_at = max(due or at, at) if waits else at
    empty = due is None and blocked_by is None
    release(tx, [Release(lane, lane.head_seq, waits, next_at, blocked_by, empty=empty)])


def _next(tx: Connection, lane: ClaimedLane) -> datetime | None:
    if not lane.ordered:
        return next_due(tx, lane.id, lane.oldest_day)
    head = open_deliveries(tx, lane.id, 1, since_day=lane.oldest_day)
    return head[0].next_at if head else None


def _ended(sent: Sent) -> Ended:
    receipt = sent.receipt
    reply = receipt.reply[:4000].decode("utf-8", "replace").replace("\x00", "\ufffd")
    return Ended(
        sent.delivery.id,
        sent.delivery.attempts,
        receipt.result,
        receipt.detail,
        receipt.error_class,
        receipt.status,
        reply,
    )


def _lost(d: Delivery) -> Ended:
    return Ended(d.id, d.attempts, "interrupted", "the worker did not come back", "transport")


def _moved(d: Delivery, m: DeliveryMove) -> Delivery:
    return replace(d, state=m.to_state, next_at=m.next_at or d.next_at)
