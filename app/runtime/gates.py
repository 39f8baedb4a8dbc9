"""What lets the deliveries of one lane through: the breaker and the rate of its connection."""

import heapq
import time
from collections.abc import Sequence
from datetime import timedelta
from threading import Lock

from sqlalchemy import Connection

from app.runtime.breakers import Breakers, Probe
from app.runtime.installation import Installation
from app.runtime.rates import Place, Rates
from app.runtime.verdicts import Sent
from app.storage.breakers import slow_down
from app.storage.controls import Control
from app.storage.deliveries import Delivery
from app.storage.outages import due_here
from connectors.contract import Receipt

_SLOWING = (429, 503)
_LONGEST_WAIT = timedelta(hours=24).total_seconds()


class Waits:
    """Connections at their limit, and when something may leave again: the sweep is too coarse for that."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._heap: list[tuple[float, Place, int]] = []
        self._lock = Lock()

    def add(self, place: Place, seconds: float, lanes: int) -> None:
        """So many lanes may go on then; once is enough."""
        with self._lock:
            if all(known != place for _, known, _ in self._heap):
                heapq.heappush(self._heap, (time.monotonic() + seconds, place, lanes))

    def seconds(self, most: float) -> float:
        """How long until the first is due, at the most so long."""
        with self._lock:
            return min(most, max(0.005, self._heap[0][0] - time.monotonic())) if self._heap else most

    def due(self) -> set[int]:
        """Partitions with lanes that may go on now."""
        places: list[tuple[Place, int]] = []
        with self._lock:
            while self._heap and self._heap[0][0] <= time.monotonic():
                _, place, lanes = heapq.heappop(self._heap)
                places.append((place, lanes))
        if not places:
            return set()
        with self._installation.database.read() as tx:
            return {p for place, lanes in places for p in due_here(tx, *place, limit=lanes)}


class ConnectionGate:
    """One lane's way to its connection while a worker has it."""

    def __init__(
        self,
        breakers: Breakers,
        rates: Rates,
        waits: Waits,
        place: Place,
        control: Control,
        probe: Probe | None,
    ) -> None:
        self._breakers = breakers
        self._rates = rates
        self._waits = waits
        self._place = place
        self._probe = probe
        self.control = control

    def open(self) -> bool:
        """Whether something may leave now."""
        if self._probe is not None and not self._probe.used:
            return True
        return not self._breakers.shut(self._place)

    def stopped_since(self, moment: float) -> bool:
        """Whether what was noted at that moment of the monotonic clock may leave no more."""
        return not self.probing and self._breakers.stopped_since(self._place, moment)

    @property
    def probing(self) -> bool:
        """Whether the next delivery is the probe of a stopped connection."""
        return self._probe is not None and not self._probe.used

    def grant(self, tx: Connection, count: int) -> int:
        """How many of so many deliveries may be started now. None: the connection waits in SQL."""
        if count == 0:
            return 0
        granted, seconds = self._rates.take(
            self._place, self.control, min(count, 1) if self.probing else count
        )
        if granted == 0:
            slow_down(
                tx, *self._place, seconds, f"{self._place[1]} is at its limit of {self.control.rate:g}/s"
            )
            self._breakers.look_again(self._place)
            self._waits.add(self._place, seconds, max(1, int((self.control.rate or 1) * max(seconds, 0.25))))
        return granted

    def note(self, d: Delivery, receipt: Receipt) -> bool:
        """Count an attempt; whether nothing may follow it now."""
        if self._probe is not None and not self._probe.used:
            self._probe.settle(self.control, d, receipt)
            return receipt.result != "delivered"
        opened = self._breakers.note(self._place, self.control, d, receipt)
        if opened or _asks_to_wait(receipt):
            self._breakers.stop_now(self._place)
            return True
        return False

    def slowed(self, tx: Connection, sent: Sequence[Sent]) -> None:
        """A target that says when to come again says it for everything that goes there."""
        said = [s.receipt for s in sent if _asks_to_wait(s.receipt)]
        for receipt in said[-1:]:
            seconds = min(receipt.retry_after or 0.0, _LONGEST_WAIT)
            slow_down(tx, *self._place, seconds, f"{self._place[1]} asked for a pause: {receipt.detail}")
            self._breakers.look_again(self._place)

    def leave(self) -> None:
        """The lane is left; a probe that was not needed goes to another worker."""
        if self._probe is not None:
            self._probe.leave()


def _asks_to_wait(receipt: Receipt) -> bool:
    return receipt.status in _SLOWING and bool(receipt.retry_after)
