"""What a web process does beside its calls: it looks at limits, backlogs, disks and the schema, and gives signs of life."""

from collections.abc import Callable
from threading import Event, Thread

import structlog
from sqlalchemy import Connection

from app.errors import SchemaTooNew
from app.runtime.installation import Installation
from app.runtime.restraint import resident
from app.storage.schema import outgrown
from app.storage.workers import beat, gone, process_name, vitals
from app.versions import VERSION

_SECONDS = 1.0
_BEAT_TICKS = 5
_RETRY_AFTER = 30
_TOO_NEW = "the database was upgraded past what this web process can work with: update it"
_log = structlog.get_logger(__name__)


class Watch:
    """A thread that looks once a second as long as the process lives."""

    def __init__(self, installation: Installation) -> None:
        self.name = process_name()
        self._installation = installation
        self._stop = Event()
        self._thread = Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def end(self) -> None:
        """Look no more and say goodbye, so that no upgrade waits for this process."""
        self._stop.set()
        self._thread.join(_SECONDS)
        _quietly(lambda: self._signed(lambda tx: gone(tx, self.name)), "no goodbye said")

    def _run(self) -> None:
        ticks = 0
        while not self._stop.is_set():
            _quietly(self._installation.gate.look, "limits not looked at")
            if ticks % _BEAT_TICKS == 0:
                _quietly(lambda: self._signed(self.beat), "no sign of life given")
            ticks += 1
            self._stop.wait(_SECONDS)

    def beat(self, tx: Connection) -> None:
        """So that an upgrade knows who would be hurt by it; who was hurt all the same takes nothing in any more."""
        too_new = outgrown(tx)
        if too_new and self._installation.gate.outgrown is None:
            _log.error("the schema is newer than this web process can work with", process=self.name)
        self._installation.gate.outgrown = (
            SchemaTooNew(_TOO_NEW, {"retry_after": _RETRY_AFTER}) if too_new else None
        )
        beat(tx, self.name, "web", 0, vitals(VERSION, memory=resident()))

    def _signed(self, write: Callable[[Connection], None]) -> None:
        with self._installation.database.begin() as tx:
            write(tx)


def _quietly(work: Callable[[], object], failed: str) -> None:
    """Whatever it is, calls go on with what was known."""
    try:
        work()
    except Exception:
        _log.error(failed, exc_info=True)
