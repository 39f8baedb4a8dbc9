"""One outbox lane in the hands of a worker: what its results mean, what is next in it. `app.runtime.turns` writes it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.runtime.asking import Asked, ask_at
from app.runtime.gates import ConnectionGate
from app.runtime.remedying import Remedies
from app.runtime.states import move_delivery_states
from app.runtime.verdicts import Sent, interrupted, verdict
from app.settings import Settings
from app.storage import attempts
from app.storage.attempts import Ended
from app.storage.claims import ClaimedLane, Release, release
from app.storage.deliveries import NEVER, Delivery, DeliveryMove, leave_to_a_person, next_dues
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


@dataclass(frozen=True, slots=True)
class Judged:
    """What an attempt means: the move of its delivery, and the remedy that its playbook names."""

    sent: Sent
    move: DeliveryMove
    remedy: Remedy | None


@dataclass(frozen=True, slots=True)
class Choice:
    """What may be sent now, in order; the delivery its lane waits for, if for one."""

    chosen: Sequence[Delivery] = ()
    blocked_by: str | None = None


class OutboxWork:
    """One claimed outbox lane."""

    def __init__(
        self,
        lane: ClaimedLane,
        policy: FlowPolicy,
        settings: Settings,
        remedies: Remedies,
        gate: ConnectionGate,
    ) -> None:
        self.lane = lane
        self.gate = gate
        self.asks = False  # whether the target can be asked about uncertain deliveries: its sink knows
        self.remedies = remedies
        self._policy = policy
        self._settings = settings

    @property
    def place(self) -> tuple[str, str]:
        """The connection that it leads to."""
        return self.lane.environment, self.lane.endpoint

    @property
    def patience(self) -> float:
        """Seconds after which a batch starts no further attempt, so that the lease covers the last one."""
        return self._settings.lease_seconds / 2

    def judge(self, sent: Sent, at: datetime) -> Judged:
        """What an attempt means."""
        failed = sent.receipt.result != "delivered"
        found = self.remedies.of(sent.delivery, sent.receipt.error_class) if failed else None
        return Judged(sent, verdict(sent, self._settings, at, found, self._ask_at(sent.delivery, at)), found)

    def blocks(self, judged: Judged) -> bool:
        """Whether nothing may follow in this lane before a person has looked."""
        if not self.lane.ordered:
            return False
        m, found = judged.move, judged.remedy
        block = found.reaction == "block" if found else self._policy.on_failure == "block_lane"
        return (m.to_state == "uncertain" and m.next_at == NEVER) or (m.to_state == "dead" and block)

    def choose(self, tx: Connection, found: Sequence[Delivery], at: datetime) -> Choice:
        """What is to be done with the first open deliveries of the lane."""
        lost = [interrupted(d, at, self._ask_at(d, at)) for d in found if d.state == "inflight"]
        move_delivery_states(tx, lost, at)
        attempts.end(tx, [_lost(m.delivery) for m in lost], at)
        changed = {m.delivery.id: m for m in lost}
        waiting = [_moved(d, changed[d.id]) if d.id in changed else d for d in found]
        chosen: list[Delivery] = []
        for d in _let_go(tx, waiting, at):
            due = d.state in ("pending", "retry") and d.next_at <= at
            if due and (not chosen or (d.idempotent and chosen[0].idempotent)):
                chosen.append(d)
            elif d.state == "uncertain" and not chosen and d.next_at <= at and self._askable(tx, d):
                return Choice([d])
            elif self.lane.ordered:
                return Choice(chosen, d.id if _for_a_person(d, at) and not chosen else None)
        return Choice(chosen)

    def _ask_at(self, d: Delivery, at: datetime) -> datetime:
        return ask_at(self.gate.control, d.asked, at) if self.asks else NEVER

    def _askable(self, tx: Connection, d: Delivery) -> bool:
        """Whether its target is asked now; one that nobody can ask about any more waits for a person."""
        if self.asks and d.asked < self.gate.control.read_back_tries:
            return True
        leave_to_a_person(tx, d.id)
        return False


def leave_lanes(
    tx: Connection, lanes: Sequence[tuple[ClaimedLane, str | None]], at: datetime, since_day: int
) -> list[bool]:
    """Give lanes back, with the delivery that each waits for: whether there is work in them and when it is due.

    Which of them have something to do at once. `since_day` is the least of their `oldest_day`.
    """
    dues = next_dues(tx, [lane.id for lane, _ in lanes], since_day)
    releases = []
    for lane, blocked_by in lanes:
        due = dues.get(lane.id)
        waits = due is not None and due < NEVER
        next_at = max(due or at, at) if waits else at
        empty = due is None and blocked_by is None
        releases.append(Release(lane, lane.head_seq, waits, next_at, blocked_by, empty=empty))
    release(tx, releases)
    return [r.ready and r.blocked_by is None and r.next_at <= at for r in releases]


def park_lane(tx: Connection, lane: ClaimedLane, reason: str, at: datetime) -> None:
    """Leave a lane untouched for a while, saying why."""
    later = at + timedelta(seconds=PARKED_SECONDS)
    release(tx, [Release(lane, lane.head_seq, True, later, parked=reason)])


def _let_go(tx: Connection, waiting: Sequence[Delivery], at: datetime) -> list[Delivery]:
    """Staged deliveries whose time has come are pending."""
    moves = {d.id: DeliveryMove(d, "pending") for d in waiting if d.state == "staged" and d.next_at <= at}
    move_delivery_states(tx, list(moves.values()), at)
    return [replace(d, state="pending") if d.id in moves else d for d in waiting]


def _for_a_person(d: Delivery, at: datetime) -> bool:
    return d.state == "uncertain" and (d.next_at == NEVER or d.next_at <= at)


def _lost(d: Delivery) -> Ended:
    return Ended(d.id, d.attempts, "interrupted", "the worker did not come back", "transport")


def _moved(d: Delivery, m: DeliveryMove) -> Delivery:
    return replace(d, state=m.to_state, next_at=m.next_at or d.next_at)
