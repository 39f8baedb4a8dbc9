"""Deliver: claim outbox lanes, note their next deliveries, send the stored bytes side by side, settle what came of it.

A delivery is noted as inflight before its bytes leave and settled after; what is between when a worker
dies is uncertain, and treated so: sent again where the target tells repeats apart, else left to a person.
All lanes that have something to tell at the same time, or begin, share one transaction (`app.runtime.turns`).
"""

import time
from collections.abc import Callable, Collection, Sequence
from functools import partial

import structlog
from sqlalchemy import ColumnElement
from sqlalchemy.exc import DBAPIError

from app.errors import TransitionRefused
from app.runtime.asking import asks
from app.runtime.calling import look_again
from app.runtime.claiming import Claiming, Waiting
from app.runtime.connections import Connections, Parked
from app.runtime.installation import Installation
from app.runtime.outbox import OutboxWork, Ready
from app.runtime.senders import Done, Job, Senders
from app.runtime.sending import send
from app.runtime.transactions import insist, transient
from app.runtime.turns import Turn, TurnsTaken, take_turns
from app.storage.deliveries import Delivery

SLICE_SECONDS = 5.0
_A_WHILE = 0.02
_Place = tuple[str, str]
_log = structlog.get_logger(__name__)


class Deliveries:
    """What a process has in hand: lanes that wait to be noted, that are being sent, that are to be settled.

    One thread alone calls it. `spare` senders are kept for what is urgent.
    """

    def __init__(
        self,
        installation: Installation,
        shop: Connections,
        senders: Senders,
        holder: str,
        stop: Callable[[], bool],
        spare: int = 0,
    ) -> None:
        self.made = 0
        self._installation = installation
        self._shop = shop
        self._senders = senders
        self._stop = stop
        self._claiming = Claiming(installation, shop, holder, senders.count, spare)
        self._waiting = Waiting(installation)
        self._noted: dict[
            str, tuple[_Place, float]
        ] = {}  # lanes being sent: where to, and until when they go on
        self._late: list[Turn] = []  # turns that could not be taken yet
        self._late_until = 0.0
        self._repeatable: set[_Place] = set()  # where repeats are told apart, as far as is known

    @property
    def in_hand(self) -> int:
        """How many lanes this process works on."""
        return len(self._waiting) + len(self._noted)

    @property
    def late(self) -> bool:
        """Whether turns wait for locks of others, or for the database."""
        return bool(self._late)

    def turn(self, partitions: Collection[int], rung: bool, only: ColumnElement[bool] | None) -> bool:
        """Claim, settle what was sent, note and send what is next; whether there is more to do at once."""
        if rung:
            self._claiming.look()
        self._senders.reserved = bool(self._installation.urgent.now())
        self._forget(self._waiting.late(all=self._stop()))
        if not self._stop() and self._claiming.due(self.in_hand):
            self._hold(self._claiming.claim(self.in_hand, partitions, only))
        turns = self._once_more(rung)
        turns += [t for t in map(self._answered, self._senders.finished()) if t is not None]
        turns += [t for t in map(self._first, self._waiting.take(self._admits)) if t is not None]
        if turns:
            self._take(turns)
        return not self._stop() and self._claiming.due(self.in_hand)

    def _once_more(self, rung: bool) -> list[Turn]:
        """Turns that could not be taken: after a while, or when a commit rang, which may have been in their way."""
        if not rung and time.monotonic() < self._late_until:
            return []
        turns, self._late = self._late, []
        return turns

    def _put_off(self, turns: Sequence[Turn]) -> None:
        if turns:
            self._late += turns
            self._late_until = time.monotonic() + _A_WHILE

    def _hold(self, works: Sequence[OutboxWork]) -> None:
        for work in works:
            self._shop.take(*work.place)
        self._waiting.add(works)

    def _admits(self, work: OutboxWork) -> bool:
        """Whether something of this lane may be noted now; where repeats are not told apart only if somebody is free.

        What is noted and never sent, because the process died, would be left to a person there.
        """
        depth = self._shop.pace.depth() if work.place in self._repeatable else 1
        there = sum(place == work.place for place, _ in self._noted.values())
        crowded = there >= self._shop.most * depth and not self._urgent(work)
        if crowded or len(self._noted) >= self._senders.count * depth:
            return False
        self._noted[work.lane.id] = (work.place, time.monotonic() + SLICE_SECONDS)
        return True

    def _urgent(self, work: OutboxWork) -> bool:
        return work.lane.of_flow in self._installation.urgent.now()

    def _first(self, work: OutboxWork) -> Turn | None:
        try:
            work.asks = asks(self._shop.sink(*work.place))
            return Turn(work, go_on=not self._stop() and work.gate.open())
        except Parked as parked:
            _log.info("lane parked", lane=work.lane.id, endpoint=work.lane.endpoint, reason=parked.message)
            return Turn(work, parked=parked.message)
        except Exception:
            self._abandon(work)
            return None

    def _answered(self, done: Done) -> Turn | None:
        """What a sender brings; its lane goes on while its connection lets it, and for a while."""
        work, results = done.work, done.results
        if results is None:
            self._forget([work])
            return None
        self.made += len(results.sent) + len(results.asked)
        in_time = time.monotonic() < self._noted[work.lane.id][1] and not self._stop()
        return Turn(work, results, go_on=in_time and self._passable(work))

    def _passable(self, work: OutboxWork) -> bool:
        """Whether more may be sent; what cannot be looked up now is looked up at the next claim."""
        try:
            self._shop.sink(*work.place)
            return work.gate.open()
        except (Parked, DBAPIError):
            return False

    def _take(self, turns: list[Turn]) -> None:
        """All in one transaction; where that is refused each in its own, so that one fault spoils no other."""
        try:
            taken = insist(partial(self._together, turns))
        except Exception as error:
            if isinstance(error, DBAPIError) and transient(error):
                _log.warning("deliveries wait for the database", lanes=len(turns), error=str(error)[:200])
                self._put_off(turns)
            elif len(turns) == 1:
                self._abandon(turns[0].work)
            else:
                for one in turns:
                    self._take([one])
            return
        self._put_off(taken.later)
        self._go_on(turns, taken)

    def _together(self, turns: Sequence[Turn]) -> TurnsTaken:
        with self._installation.database.begin() as tx:
            return take_turns(tx, turns, self._installation.settings)

    def _go_on(self, turns: Sequence[Turn], taken: TurnsTaken) -> None:
        put_off = {t.lane_id for t in taken.later}
        there = [t for t in turns if t.lane_id not in put_off]
        for t in there:
            if t.lane_id in taken.ready:
                self._send(t.work, taken.ready[t.lane_id])
        self._forget([t.work for t in there if t.lane_id not in taken.ready])
        if taken.again:
            self._claiming.look()
        self._look_again([sent.delivery for t in there for sent in t.results.sent])

    def _send(self, work: OutboxWork, ready: list[Ready]) -> None:
        known = self._repeatable.add if ready[0].delivery.idempotent else self._repeatable.discard
        known(work.place)
        since = time.monotonic()
        job = Job(work, ready, since, since + work.patience, self._urgent(work))
        self._senders.put(job, partial(send, self._installation, self._shop, self._stop))

    def _look_again(self, deliveries: Sequence[Delivery]) -> None:
        """Messages that wait for answers; the clock finds those that are not found now."""
        try:
            look_again(self._installation, deliveries)
        except DBAPIError:
            _log.warning("answers are looked at later", exc_info=True)

    def _abandon(self, work: OutboxWork) -> None:
        """A lane that fails is left to its lease, the others go on."""
        _log.warning("lane abandoned", lane=work.lane.id, exc_info=True)
        self._forget([work])

    def _forget(self, works: Sequence[OutboxWork]) -> None:
        """These are in hand no more."""
        for work in works:
            self._noted.pop(work.lane.id, None)
            self._shop.leave(*work.place)
            self._claiming.left()
            try:
                work.gate.leave()
            except (DBAPIError, TransitionRefused):
                _log.warning("a probe was not given back", lane=work.lane.id, exc_info=True)
