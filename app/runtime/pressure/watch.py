"""Keep a process's picture of limits, backlogs and disks fresh, in a thread of its own."""

import time
from threading import Thread

import structlog

from app.runtime.installation import Installation

_SECONDS = 1.0
_log = structlog.get_logger(__name__)


def watch(installation: Installation) -> Thread:
    """Look once a second as long as the process lives."""
    thread = Thread(target=_watch, args=(installation,), name="pressure", daemon=True)
    thread.start()
    return thread


def _watch(installation: Installation) -> None:
    while True:
        try:
            installation.gate.look()
        except Exception:  # whatever it is, intake goes on with what was known
            _log.error("limits not looked at", exc_info=True)
        time.sleep(_SECONDS)
