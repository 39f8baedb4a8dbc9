"""Lanes that are claimed as their messages are taken in: whoever took them in works on them at once.

The claim is part of the transaction that stores the messages, so no worker comes between and nobody needs to be
woken. Its lease, fence and commit are those of every claim: who dies on it is followed by a worker. What somebody
worked on in vain before is left to the workers, which bear more.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from datetime import datetime
from threading import Lock

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from structlog import get_logger

from app.runtime.deciding import Decided
from app.runtime.drafts import Intake
from app.runtime.installation import Installation
from app.runtime.processing import ROWS_A_LANE, Claimed, InboxWork, with_messages
from app.storage.bodies import Body
from app.storage.claims import ClaimedLane, claim_touched
from app.storage.flows import flow_policies
from app.storage.messages import Message

HOLDER = "reply"
_LONGEST = 1.0
_log = get_logger(__name__)


class Adopted:
    """Lanes that one transaction of intake claimed, with the messages that wait in them."""

    def __init__(self, work: InboxWork) -> None:
        self.lanes = frozenset(lane.id for lane in work.lanes)
        self._work = work
        self._lock = Lock()
        self._begun: Future[Mapping[str, Decided]] | None = None

    def begin(self, installation: Installation, workers: Executor) -> Future[Mapping[str, Decided]]:
        """Have it worked on, once; what was decided and is committed, by message."""
        with self._lock:
            self._begun = self._begun or workers.submit(self.work, installation)
            return self._begun

    def work(self, installation: Installation) -> Mapping[str, Decided]:
        """Once and not for long: what is left then is left to the workers."""
        try:
            self._work.run()
        except DBAPIError:
            _log.warning("lanes left to the workers", lanes=sorted(self.lanes), exc_info=True)
        if self._work.left:
            installation.doorbell.ring("drain", self._work.left)
        return {d.message.id: d for d in self._work.decided}


def adopt(
    tx: Connection,
    installation: Installation,
    intakes: Sequence[Intake],
    stored: Sequence[Sequence[tuple[Message, bool]]],
    at: datetime,
) -> Adopted | None:
    """Claim the lanes of what was just stored and is awaited, as far as nobody else has them."""
    new = [
        message
        for intake, made in zip(intakes, stored, strict=True)
        if intake.awaited
        for message, duplicate in made
        if message.state == "received" and not duplicate
    ]
    return adopt_lanes_of(tx, installation, new, at, _bodies(intakes, stored, at)) if new else None


def _bodies(
    intakes: Sequence[Intake], stored: Sequence[Sequence[tuple[Message, bool]]], at: datetime
) -> dict[str, Body]:
    """As they were just stored."""
    return {
        message.body_id: Body(message.body_id, given.body, given.hash, given.media_type, given.headers, at)
        for given, made in zip(intakes, stored, strict=True)
        for message, duplicate in made
        if not duplicate
    }


def adopt_lanes_of(
    tx: Connection,
    installation: Installation,
    new: Sequence[Message],
    at: datetime,
    bodies: Mapping[str, Body] | None = None,
) -> Adopted | None:
    """Claim the lanes of these messages, as far as nobody else has them or had them in vain; `bodies` are known ones."""
    policies = flow_policies(tx)
    paused = {flow for flow, policy in policies.items() if policy.paused}
    ready = [m for m in new if (m.environment, m.ruleset, m.flow) not in paused]
    lanes = claim_touched(tx, {m.lane for m in ready}, HOLDER, installation.settings.lease_seconds, at)
    if not lanes:
        return None
    if bodies is not None and (messages := _alone(lanes, ready)) is not None:
        claimed = Claimed(lanes, messages, bodies, policies)
    else:
        claimed = with_messages(tx, lanes, policies, ROWS_A_LANE)
    return Adopted(InboxWork(installation, claimed, _LONGEST))


def _alone(lanes: Sequence[ClaimedLane], new: Sequence[Message]) -> dict[str, list[Message]] | None:
    """What waits in these lanes where that is nothing but what is new, so that nothing has to be read; else None."""
    found: dict[str, list[Message]] = {lane.id: [] for lane in lanes}
    for message in new:
        if message.lane in found:
            found[message.lane].append(message)
    numbers = all(lane.last_seq - lane.head_seq == len(found[lane.id]) <= ROWS_A_LANE for lane in lanes)
    return {id: sorted(some, key=lambda m: m.seq) for id, some in found.items()} if numbers else None
