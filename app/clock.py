"""The clock: every second it rings for lanes that are due, and polls sources when their time has come.

Several may run; a lease in SQL makes one of them the owner, and another takes over when it is gone.
"""

import signal
import time
from collections.abc import Callable, Mapping
from threading import Event, Thread
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection

from app.runtime.driving import Driver
from app.runtime.firing import Handler, fire_due
from app.runtime.installation import Installation
from app.runtime.lateness import Clocks, look
from app.runtime.overdue import Overdue
from app.runtime.polling import Polling
from app.runtime.pressure.telling import tell_short_disk
from app.runtime.restraint import resident
from app.runtime.retention import make_days, run_retention
from app.scheduling import fire_promotion
from app.storage.due import due_partitions
from app.storage.schema import outgrown
from app.storage.setback import put_right, seconds_ahead
from app.storage.workers import beat, end_lease, gone, own_lease, process_name, vitals
from app.telemetry.metrics import count
from app.telemetry.sharing import note_memory, share
from app.versions import VERSION

TICK_SECONDS = 1.0
LEASE_SECONDS = 5.0
_LEASE = "clock"
_BATCH_PAUSE_SECONDS = 0.05
UPKEEP_SECONDS = 3600.0
SILENT_SECONDS = 15.0
_LOOK_SECONDS = 5.0
_BEAT_TICKS = 5
_WIND_TICKS = 5
Result = TypeVar("Result")
HANDLERS: Mapping[str, Handler] = {"sla": look, "promote": fire_promotion}
_log = structlog.get_logger(__name__)


class Clock:
    """One clock process; it sweeps only while it holds the lease."""

    def __init__(self, installation: Installation) -> None:
        self.name = process_name()
        self._installation = installation
        self._polling = Polling(installation)
        self._clocks = Clocks(installation)
        self._overdue = Overdue(installation, self.name)
        self._stop = Event()
        self._ticks = 0
        self._told = False
        self._owner = False
        self.place = ""

    def stop(self, *_: Any) -> None:
        """Leave after this tick."""
        self._stop.set()

    def run(self) -> int:
        """Tick until told to stop; the exit code."""
        _log.info("clock started", clock=self.name)
        batches = Thread(target=self._drive, name="batches", daemon=True)
        batches.start()
        Thread(target=self._keep_up, name="upkeep", daemon=True).start()
        Thread(target=self._watch_sessions, name="sessions", daemon=True).start()
        while not self._stop.is_set():
            started = time.monotonic()
            self._quietly(self.tick)
            self._stop.wait(max(0.05, TICK_SECONDS - (time.monotonic() - started)))
        batches.join(LEASE_SECONDS)
        self._polling.close()
        self._quietly(self._leave)
        _log.info("clock ended", clock=self.name)
        return 0

    def tick(self) -> bool:
        """Sweep and poll if this clock is the owner; whether it is."""
        with self._installation.database.begin() as tx:
            owner = self._take_lease(tx)
            if self._ticks % _BEAT_TICKS == 0:
                self._beat(tx)
        self._owner = owner
        self._ticks += 1
        count("mapwright_ticks_total", "owner" if owner else "stand-in")
        note_memory(self.place)
        if owner:
            self._serve()
        return owner

    def _take_lease(self, tx: Connection) -> bool:
        ahead = seconds_ahead(tx, _LEASE, LEASE_SECONDS)
        owner = own_lease(tx, _LEASE, self.name, LEASE_SECONDS)
        if ahead and owner:
            put_right(tx, ahead)
            _log.warning("the clock of the database was ahead and was put right", seconds=round(ahead))
        return owner

    def _beat(self, tx: Connection) -> None:
        beat(tx, self.name, "clock", self._ticks, vitals(VERSION, memory=resident()))
        if outgrown(tx):  # somebody has upgraded without this process
            _log.error("the schema is newer than this clock can work with", clock=self.name)
            self._stop.set()

    def _serve(self) -> None:
        """What the owner does at every tick."""
        if self._ticks % _WIND_TICKS == 1:
            self._quietly(self._clocks.wind)
            self._quietly(lambda: self._overdue.give_up(self._stop.is_set))
        self._quietly(lambda: fire_due(self._installation, self._stop.is_set, HANDLERS))
        self.sweep()
        self._quietly(self._watch)
        self._polling.poll(self._stop.is_set)

    def sweep(self) -> None:
        """Ring every partition with a lane that is due: new work, retries, leases that ended."""
        with self._installation.database.read() as tx:
            due = {"drain": set(due_partitions(tx, "inbox")), "deliver": set(due_partitions(tx, "outbox"))}
        for kind, partitions in due.items():
            if partitions:
                self._installation.doorbell.ring(kind, partitions)

    def _drive(self) -> None:
        """Replays and other batches, beside the ticks: a dry run takes no second away from them."""
        driver = Driver(self._installation, self.name)
        while not self._stop.is_set():
            active = self._quietly(driver.turn)
            self._stop.wait(_BATCH_PAUSE_SECONDS if active else TICK_SECONDS)
        self._quietly(driver.leave)

    def _watch(self) -> None:
        """Limits of what is polled; a disk that is nearly full is told to people once."""
        self._installation.gate.look()
        self._told = tell_short_disk(self._installation, self._told)

    def _keep_up(self) -> None:
        """Partitions of the next days, and what is kept no longer: every hour, by the owner alone."""
        while not self._stop.wait(TICK_SECONDS):
            if self._owner:
                self._quietly(lambda: make_days(self._installation))
                self._quietly(lambda: run_retention(self._installation, stop=self._stop.is_set))
                self._stop.wait(UPKEEP_SECONDS)

    def _watch_sessions(self) -> None:
        """End sessions that lie still among their rows, and hold locks; every clock does, whatever the ticks wait for."""
        while not self._stop.wait(_LOOK_SECONDS):
            if self._quietly(self._end_silent):
                _log.warning("sessions ended that said nothing for long", clock=self.name)

    def _end_silent(self) -> int:
        with self._installation.database.read() as tx:
            return self._installation.database.dialect.end_silent(tx, SILENT_SECONDS)

    def _leave(self) -> None:
        with self._installation.database.begin() as tx:
            end_lease(tx, _LEASE, self.name)
            gone(tx, self.name)

    def _quietly(self, work: Callable[[], Result]) -> Result | None:
        """A step that fails is logged, and the clock goes on with the next."""
        try:
            return work()
        except Exception as error:
            _log.error("clock step failed", clock=self.name, error=str(error)[:500], exc_info=True)
            return None


def run_clock(installation: Installation) -> int:
    """Run a clock in this process until SIGTERM or SIGINT; the exit code."""
    clock = Clock(installation)
    clock.place = share(installation.settings, "clock")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, clock.stop)
    return clock.run()
