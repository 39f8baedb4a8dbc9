"""The breaker of a connection: it opens after failures, one delivery probes it, it closes by itself.

Failures are counted in Redis (`app.runtime.rates`); that a breaker opens, who probes it and that it closes
is decided by one row of SQL. While it is open, claims pass by its lanes: no attempt is used.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock

import structlog
from sqlalchemy import Connection

from app.runtime.installation import Installation
from app.runtime.outages import tell_closed, tell_opened
from app.runtime.rates import Place, Rates
from app.runtime.remedying import Remedies
from app.runtime.states import move_breaker
from app.runtime.transactions import insist
from app.storage.breakers import Breaker, breaker, breakers, ensure_breaker
from app.storage.claims import ClaimedLane, give_back
from app.storage.controls import Control
from app.storage.database import now
from app.storage.deliveries import Delivery
from app.storage.outages import due_here, hurry
from connectors.contract import Receipt

FRESH_SECONDS = 0.25
_FLUSH_SECONDS = 1.0
_CALM_COOL_DOWNS = 4
_log = structlog.get_logger(__name__)


def failed(receipt: Receipt) -> bool:
    """Whether an attempt says that the connection does not work; a refusal says that it does."""
    if receipt.result == "uncertain":
        return True
    no_answer = receipt.status is None and receipt.error_class == "transport"
    return receipt.result == "retry" and (no_answer or receipt.status == 408 or (receipt.status or 0) >= 500)


@dataclass(slots=True)
class _Tally:
    """What this process has not told yet."""

    ok: int = 0
    row: int = 0
    told_at: float = 0.0


class Breakers:
    """What a process knows of the breakers of its connections."""

    def __init__(self, installation: Installation, rates: Rates) -> None:
        self._installation = installation
        self._rates = rates
        self._tallies: dict[Place, _Tally] = {}
        self._known: dict[Place, tuple[float, bool]] = {}
        self._stopped: dict[Place, float] = {}
        self._lock = Lock()

    def shut(self, place: Place) -> bool:
        """Whether nothing may leave now, as SQL says or said a moment ago."""
        known = self._known.get(place)
        if known is None or known[0] < time.monotonic():
            with self._installation.database.read() as tx:
                found = breaker(tx, *place)
                shut = found is not None and found.shut(now(tx))
            known = (time.monotonic() + FRESH_SECONDS, shut)
            self._known[place] = known
        return known[1]

    def stop_now(self, place: Place) -> None:
        """Nothing follows through this connection that was noted before now; SQL knows why, or is told with the results."""
        moment = time.monotonic()
        self._stopped[place] = moment
        self._known[place] = (moment + FRESH_SECONDS, True)

    def stopped_since(self, place: Place, moment: float) -> bool:
        """Whether this process has seen it stop after that moment of the monotonic clock."""
        return self._stopped.get(place, moment) > moment

    def look_again(self, place: Place) -> None:
        """What is known of a connection has changed."""
        self._known.pop(place, None)

    def note(self, place: Place, control: Control, d: Delivery, receipt: Receipt) -> bool:
        """Count an attempt; whether the breaker is open because of it."""
        bad = failed(receipt)
        with self._lock:
            tally = self._tallies.setdefault(place, _Tally())
            tally.ok += not bad
            quiet = not bad and tally.row == 0 and time.monotonic() - tally.told_at < _FLUSH_SECONDS
            if quiet or not control.breaker_failures:
                return False
            ok, tally.ok, tally.told_at = tally.ok, 0, time.monotonic()
        counted = self._rates.note(place, control.breaker_window, ok, int(bad), int(bad))
        tally.row = counted.row
        if not bad or not counted.opens(control):
            return False
        insist(lambda: self._open(place, control, d, receipt.detail, counted.row))
        self.look_again(place)
        self._rates.forget(place)
        return True

    def _open(self, place: Place, control: Control, last: Delivery, reason: str, failures: int) -> None:
        with self._installation.database.begin() as tx:
            at = now(tx)
            found = ensure_breaker(tx, *place, at)
            if found.state == "closed":
                _opened(tx, found, control, last, reason, failures, Remedies(self._installation), at)

    def admit(self, tx: Connection, lanes: Sequence[ClaimedLane], holder: str) -> dict[str, "Probe | None"]:
        """Which claimed lanes may be worked on, by id; of a stopped connection one alone, as its probe.

        The others are given back untouched. Runs in the transaction of the claim.
        """
        stopped = (
            {(b.environment, b.endpoint): b for b in breakers(tx) if b.state != "closed"} if lanes else {}
        )
        admitted: dict[str, Probe | None] = {}
        for lane in lanes:
            found = stopped.get((lane.environment, lane.endpoint))
            if found is None:
                admitted[lane.id] = None
            elif (taken := self._take(tx, found, holder)) is not None:
                admitted[lane.id] = taken
                stopped[lane.environment, lane.endpoint] = taken.breaker
        give_back(tx, [lane for lane in lanes if lane.id not in admitted])
        return admitted

    def _take(self, tx: Connection, found: Breaker, holder: str) -> "Probe | None":
        """The right to probe; one row update decides who has it."""
        at, settings = now(tx), self._installation.settings
        if found.probe_at is None or found.probe_at > at:
            return None
        until = at + timedelta(seconds=settings.lease_seconds + settings.delivery_deadline)
        if not move_breaker(tx, found, "half_open", at, probe_at=until, prober=holder[:80]):
            return None
        return Probe(self, replace(found, state="half_open", probe_at=until, fence=found.fence + 1))

    def settle(self, found: Breaker, control: Control, d: Delivery, receipt: Receipt) -> None:
        """Close a breaker whose probe was answered, open it again for longer where it was not."""
        place = (found.environment, found.endpoint)
        insist(lambda: self._settle(found, control, d, receipt))
        self._rates.forget(place)
        self.look_again(place)
        if not failed(receipt):
            insist(lambda: self._wake(place))

    def _settle(self, found: Breaker, control: Control, d: Delivery, receipt: Receipt) -> None:
        remedies = Remedies(self._installation)
        with self._installation.database.begin() as tx:
            at = now(tx)
            if not failed(receipt):
                if move_breaker(tx, found, "closed", at, reason="", probe_at=None, prober="", failures=0):
                    tell_closed(tx, found, remedies, d, at)
                return
            cool_down = min(
                max(control.breaker_cool_down_cap, control.breaker_cool_down), found.cool_down * 2
            )
            values = {"reason": receipt.detail[:2000], "failures": found.failures + 1, "cool_down": cool_down}
            probe_at = at + timedelta(seconds=cool_down)
            if move_breaker(tx, found, "open", at, probe_at=probe_at, prober="", **values):
                tell_opened(tx, replace(found, reason=receipt.detail), remedies, d, at)

    def _wake(self, place: Place) -> None:
        with self._installation.database.begin() as tx:
            hurry(tx, *place)
            due = due_here(tx, *place)
        self._installation.doorbell.ring("deliver", due)

    def unused(self, found: Breaker) -> None:
        """A probe that came to nothing to send: the next worker that finds something takes it."""
        with self._installation.database.begin() as tx:
            at = now(tx)
            move_breaker(tx, found, "open", at, probe_at=at + timedelta(seconds=1), prober="")


@dataclass(slots=True)
class Probe:
    """The right to try a stopped connection with one delivery."""

    breakers: Breakers
    breaker: Breaker
    used: bool = False

    def settle(self, control: Control, d: Delivery, receipt: Receipt) -> None:
        """The delivery was tried."""
        self.used = True
        self.breakers.settle(self.breaker, control, d, receipt)

    def leave(self) -> None:
        """The lane is left."""
        if not self.used:
            self.breakers.unused(self.breaker)


def _opened(
    tx: Connection,
    found: Breaker,
    control: Control,
    last: Delivery,
    reason: str,
    failures: int,
    remedies: Remedies,
    at: datetime,
) -> None:
    """Open a closed breaker. One that closed a moment ago stays open for twice as long as before."""
    calm = timedelta(seconds=max(60.0, found.cool_down * _CALM_COOL_DOWNS))
    base, cap = control.breaker_cool_down, max(control.breaker_cool_down_cap, control.breaker_cool_down)
    flaps = found.times_opened > 0 and at - found.since < calm
    cool_down = min(cap, max(base, found.cool_down * 2)) if flaps else base
    now_open = replace(
        found,
        state="open",
        reason=reason[:2000],
        since=at,
        opened_at=at,
        failures=failures,
        cool_down=cool_down,
        times_opened=found.times_opened + 1 if flaps else 1,
        probe_at=at + timedelta(seconds=cool_down),
    )
    names = ("reason", "opened_at", "failures", "cool_down", "times_opened", "probe_at")
    if move_breaker(tx, found, "open", at, **{name: getattr(now_open, name) for name in names}):
        _log.warning("breaker opened", environment=found.environment, endpoint=found.endpoint, reason=reason)
        tell_opened(tx, now_open, remedies, last, at)
