"""Drain lanes: claim, decide outside any transaction, commit under the fence, again until nothing is due."""

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence

import structlog
from sqlalchemy import ColumnElement

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
) -> int:
    """Work on every lane of these partitions that is due, so long; how many messages were moved."""
    partitions = {partition} if isinstance(partition, int) else set(partition)
    moved, until = 0, time.monotonic() + seconds
    while partitions and not stop() and time.monotonic() < until:
        batch = insist(lambda: _claim(installation, partitions, holder, only))
        if batch is None:
            break
        moved += batch.work(installation, stop, restraint)
    return moved


class Batch:
    """Lanes that were claimed together, with their next messages."""

    def __init__(
        self,
        lanes: Sequence[ClaimedLane],
        messages: Mapping[str, list[Message]],
        bodies: Mapping[str, Body],
        policies: Mapping[tuple[str, str, str], FlowPolicy],
        budget: float,
        urgent: Collection[tuple[str, str, str]] = (),
    ) -> None:
        self.lanes = lanes
        self._urgent = urgent
        self._messages = messages
        self._bodies = bodies
        self._policies = policies
        self._until = time.monotonic() + budget
        self.decided: list[Decided] = []
        self.left: set[int] = set()

    def work(self, installation: Installation, stop: Callable[[], bool], restraint: Restraint = FREE) -> int:
        """Decide and commit, what is urgent first; a suspect's messages one by one."""
        decider = Decider(installation, self._bodies)

        def judge(message: Message, lane: ClaimedLane) -> str:
            return poisonous(installation, message, lane, self._bodies[message.body_id], stop)

        def some(lane: ClaimedLane, position: int | None = None) -> Worked:
            return self._lane(decider, lane, judge, stop, restraint, position)

        def together(part: list[ClaimedLane]) -> int:
            begun = time.perf_counter()
            return self._commit(installation, [some(lane) for lane in part], restraint, begun) if part else 0

        if self.lanes[0].claims >= SUSPECT_CLAIMS:  # it was claimed alone
            return self._one_by_one(installation, self.lanes[0], some, restraint)
        first = [lane for lane in self.lanes if lane.of_flow in self._urgent]
        others = [lane for lane in self.lanes if lane.of_flow not in self._urgent]
        return together(first) + together(others)

    def _one_by_one(
        self,
        installation: Installation,
        lane: ClaimedLane,
        some: Callable[[ClaimedLane, int], Worked],
        restraint: Restraint,
    ) -> int:
        """A commit for each message, and the lane is kept: the one that ends workers comes to stand at its head.

        Given back after each message, the lane would count as sound again, and cost workers for every message
        before that one.
        """
        moved, kept = 0, True
        for position in range(max(1, len(self._messages[lane.id]))):
            begun = time.perf_counter()
            worked = some(lane, position)
            through = position + 1 >= len(self._messages[lane.id]) or lane.claims >= POISON_CLAIMS
            worked.claims = 0 if through else SUSPECT_CLAIMS - 1
            late = time.monotonic() > self._until
            worked.kept = kept = bool(worked.decided) and not (through or late or worked.blocks)
            done = self._commit(installation, [worked], restraint, begun)
            moved += done
            if not kept or not done:
                break
        return moved

    def _commit(
        self, installation: Installation, worked: list[Worked], restraint: Restraint, begun: float
    ) -> int:
        restraint.end()
        decided = time.perf_counter()
        committed = insist(lambda: commit(installation, worked))
        observe("mapwright_batch_seconds", "decide", seconds=decided - begun)
        observe("mapwright_batch_seconds", "commit", seconds=time.perf_counter() - decided)
        for kind, partitions in (("deliver", committed.deliver), ("drain", committed.drain)):
            if partitions:
                installation.doorbell.ring(kind, partitions)
        self.decided += committed.decided
        self.left |= committed.left
        return committed.messages

    def _lane(
        self,
        decider: Decider,
        lane: ClaimedLane,
        judge: Callable[[Message, ClaimedLane], str],
        stop: Callable[[], bool],
        restraint: Restraint,
        position: int | None = None,
    ) -> Worked:
        """What is decided in a lane: all that waits, or the one message at this position."""
        worked = Worked(lane)
        policy = self._policies.get(lane.of_flow, _DEFAULT)
        waiting = self._messages[lane.id]
        for message in waiting if position is None else waiting[position : position + 1]:
            if time.monotonic() > self._until or stop():
                break
            poison = judge(message, lane)
            if lane.claims >= POISON_CLAIMS and stop():
                break
            restraint.begin(message.id)
            decided = _poison(message, lane, poison) if poison else _decided(decider, message, lane)
            worked.decided.append(decided)
            stops = decided.failed and policy.on_failure == "block_lane"
            stops = stops or decided.blocks or decided.state == "waiting"
            if stops and lane.ordered:
                worked.blocks = message.id
                break
        return worked


def _decided(decider: Decider, message: Message, lane: ClaimedLane) -> Decided:
    return insist(lambda: decider.decide(message, lane))


def _poison(message: Message, lane: ClaimedLane, reason: str) -> Decided:
    _log.error("poison message", message_id=message.id, claims=lane.claims, reason=reason)
    return Decided(message, "quarantined", reason, "poison", {"state": "quarantined", "reason": reason})


def _claim(
    installation: Installation, partitions: Collection[int], holder: str, only: ColumnElement[bool] | None
) -> Batch | None:
    lease, urgent = installation.settings.lease_seconds, installation.urgent.now()
    begun = time.perf_counter()
    with installation.database.begin() as tx:
        policies = flow_policies(tx)
        paused = [flow for flow, policy in policies.items() if policy.paused]
        shares = shares_of(policies, urgent)
        lanes = claim(
            tx,
            "inbox",
            partitions,
            holder,
            lease,
            LANES_A_CLAIM,
            without_flows=paused,
            shares=shares,
            only=only,
            alone_from=SUSPECT_CLAIMS,
        )
        if not lanes:
            return None
        rows = max(ROWS_A_LANE * 2 // 5, min(ROWS_A_LANE, _MOST_BEFORE_URGENT // len(lanes)))
        messages = open_messages(tx, lanes, rows if urgent else ROWS_A_LANE)
        bodies = contents(tx, {m.body_id for waiting in messages.values() for m in waiting})
    observe("mapwright_batch_seconds", "claim", seconds=time.perf_counter() - begun)
    return Batch(lanes, messages, bodies, policies, lease / 2, urgent)
