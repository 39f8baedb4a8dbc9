"""Drain lanes: claim, decide outside any transaction, commit under the fence, again until nothing is due."""

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy import ColumnElement, Connection

from app.runtime.committing import Worked, commit
from app.runtime.deciding import Decided, Decider
from app.runtime.installation import Installation
from app.runtime.precedence import shares_of
from app.runtime.restraint import FREE, Restraint
from app.runtime.transactions import insist
from app.runtime.witness import POISON_CLAIMS, poisonous
from app.storage.bodies import Body, contents
from app.storage.claims import ClaimedLane, claim
from app.storage.flows import FlowPolicy, flow_policies
from app.storage.messages import Message, open_messages
from app.telemetry.metrics import observe

Flow = tuple[str, str, str]
LANES_A_CLAIM = 50
ROWS_A_LANE = 50
SUSPECT_CLAIMS = 3
_MOST_BEFORE_URGENT = 1_000
_DEFAULT = FlowPolicy()
_log = structlog.get_logger(__name__)


def drain(
    installation: Installation,
    partition: int | Collection[int],
    *,
    holder: str = "drain",
    stop: Callable[[], bool] = lambda: False,
    only: ColumnElement[bool] | None = None,
    restraint: Restraint = FREE,
    seconds: float = math.inf,
    delivers: Callable[[set[int]], None] = lambda partitions: None,
) -> int:
    """Work on every lane of these partitions that is due, so long; how many messages were moved.

    `delivers` hears at once of partitions with something to deliver.
    """
    partitions = {partition} if isinstance(partition, int) else set(partition)
    moved, until = 0, time.monotonic() + seconds
    while partitions and not stop() and time.monotonic() < until:
        urgent = installation.urgent.now()
        claimed = insist(partial(_claim, installation, partitions, holder, only, urgent))
        if claimed is None:
            break
        budget = installation.settings.lease_seconds / 2
        moved += InboxWork(installation, claimed, budget, urgent, stop, restraint, delivers).run()
    return moved


@dataclass(frozen=True, slots=True)
class Claimed:
    """Lanes that were claimed together, with their next messages, the bodies of those and the policies of their flows."""

    lanes: Sequence[ClaimedLane]
    messages: Mapping[str, list[Message]]
    bodies: Mapping[str, Body]
    policies: Mapping[Flow, FlowPolicy]


def with_messages(
    tx: Connection, lanes: Sequence[ClaimedLane], policies: Mapping[Flow, FlowPolicy], rows: int
) -> Claimed:
    """Lanes with so many messages each."""
    messages = open_messages(tx, lanes, rows)
    bodies = contents(tx, {m.body_id for waiting in messages.values() for m in waiting})
    return Claimed(lanes, messages, bodies, policies)


class InboxWork:
    """Work on claimed lanes, for so many seconds: what was decided and committed, and the partitions with more."""

    def __init__(
        self,
        installation: Installation,
        claimed: Claimed,
        seconds: float,
        urgent: Collection[Flow] = (),
        stop: Callable[[], bool] = lambda: False,
        restraint: Restraint = FREE,
        delivers: Callable[[set[int]], None] = lambda partitions: None,
    ) -> None:
        self.lanes = claimed.lanes
        self.decided: list[Decided] = []
        self.left: set[int] = set()
        self._installation = installation
        self._claimed = claimed
        self._until = time.monotonic() + seconds
        self._urgent = urgent
        self._stop = stop
        self._restraint = restraint
        self._delivers = delivers
        self._decider = Decider(installation, claimed.bodies)

    def run(self) -> int:
        """Decide and commit, what is urgent first; a suspect's messages one by one. How many were moved."""
        if self.lanes[0].claims >= SUSPECT_CLAIMS:  # it was claimed alone
            return self._one_by_one(self.lanes[0])
        first = [lane for lane in self.lanes if lane.of_flow in self._urgent]
        others = [lane for lane in self.lanes if lane.of_flow not in self._urgent]
        return self._together(first) + self._together(others)

    def _together(self, lanes: Sequence[ClaimedLane]) -> int:
        begun = time.perf_counter()
        worked = [self._work_on(lane, self._claimed.messages[lane.id]) for lane in lanes]
        return self._commit(worked, begun) if worked else 0

    def _one_by_one(self, lane: ClaimedLane) -> int:
        """A commit for each message, and the lane is kept: the one that ends workers comes to stand at its head.

        Given back after each message, the lane would count as sound again, and cost workers for every message
        before that one.
        """
        moved, waiting = 0, self._claimed.messages[lane.id]
        for position in range(max(1, len(waiting))):
            begun = time.perf_counter()
            worked = self._work_on(lane, waiting[position : position + 1])
            through = position + 1 >= len(waiting) or lane.claims >= POISON_CLAIMS
            worked.claims = 0 if through else SUSPECT_CLAIMS - 1
            late = time.monotonic() > self._until
            worked.kept = bool(worked.decided) and not (through or late or worked.blocks)
            done = self._commit([worked], begun)
            moved += done
            if not worked.kept or not done:
                break
        return moved

    def _commit(self, worked: Sequence[Worked], begun: float) -> int:
        self._restraint.end()
        decided = time.perf_counter()
        committed = insist(lambda: commit(self._installation, worked))
        observe("mapwright_batch_seconds", "decide", seconds=decided - begun)
        observe("mapwright_batch_seconds", "commit", seconds=time.perf_counter() - decided)
        self._delivers(committed.deliver)
        for kind, partitions in (("deliver", committed.deliver), ("drain", committed.drain)):
            if partitions:
                self._installation.doorbell.ring(kind, partitions)
        self.decided += committed.decided
        self.left |= committed.left
        return committed.messages

    def _work_on(self, lane: ClaimedLane, waiting: Sequence[Message]) -> Worked:
        """What is decided of these messages of a lane, as far as time allows and none of them blocks it."""
        worked = Worked(lane)
        policy = self._claimed.policies.get(lane.of_flow, _DEFAULT)
        for message in waiting:
            if time.monotonic() > self._until or self._stop():
                break
            decided = self._decide(message, lane)
            if decided is None:
                break
            worked.decided.append(decided)
            stops = decided.failed and policy.on_failure == "block_lane"
            stops = stops or decided.blocks or decided.state == "waiting"
            if stops and lane.ordered:
                worked.blocks = message.id
                break
        return worked

    def _decide(self, message: Message, lane: ClaimedLane) -> Decided | None:
        """None where this process was told to stop while a witness looked on."""
        body = self._claimed.bodies[message.body_id]
        poison = poisonous(self._installation, message, lane, body, self._stop)
        if lane.claims >= POISON_CLAIMS and self._stop():
            return None
        self._restraint.begin(message.id)
        if poison:
            return _poison(message, lane, poison)
        return insist(lambda: self._decider.decide(message, lane))


def _poison(message: Message, lane: ClaimedLane, reason: str) -> Decided:
    _log.error("poison message", message_id=message.id, claims=lane.claims, reason=reason)
    return Decided(message, "quarantined", reason, "poison", {"state": "quarantined", "reason": reason})


def _claim(
    installation: Installation,
    partitions: Collection[int],
    holder: str,
    only: ColumnElement[bool] | None,
    urgent: frozenset[Flow],
) -> Claimed | None:
    begun = time.perf_counter()
    with installation.database.begin() as tx:
        policies = flow_policies(tx)
        lanes = claim(
            tx,
            "inbox",
            partitions,
            holder,
            installation.settings.lease_seconds,
            LANES_A_CLAIM,
            without_flows=[flow for flow, policy in policies.items() if policy.paused],
            shares=shares_of(policies, urgent),
            only=only,
            alone_from=SUSPECT_CLAIMS,
        )
        if not lanes:
            return None
        claimed = with_messages(tx, lanes, policies, _rows(len(lanes)) if urgent else ROWS_A_LANE)
    observe("mapwright_batch_seconds", "claim", seconds=time.perf_counter() - begun)
    return claimed


def _rows(lanes: int) -> int:
    """How many messages of each lane are taken where something urgent may come meanwhile."""
    return max(ROWS_A_LANE * 2 // 5, min(ROWS_A_LANE, _MOST_BEFORE_URGENT // lanes))
