"""Start processes in order, restart what dies, stop in reverse order, leave no orphan."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from app.errors import AppError

_log = structlog.get_logger(__name__)
_STEADY = 30.0
_LONGEST_PAUSE = 10.0
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


class StartFailed(AppError):
    """A process of the installation did not come up."""

    code = "start_failed"


@dataclass(frozen=True)
class Service:
    """One process: `ready` says whether it can be used; `patience` the wait for that in seconds."""

    name: str
    command: Sequence[str]
    ready: Callable[[], bool] = lambda: True
    environ: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    patience: float = 20.0


@dataclass
class _Running:
    service: Service
    process: subprocess.Popen[bytes]
    since: float
    failures: int = 0
    again_at: float = 0.0


class Stopping:
    """Set by SIGINT and SIGTERM."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: Any) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


class Supervisor:
    """Keeps services running until it is told to stop."""

    def __init__(self) -> None:
        self._running: list[_Running] = []

    def start(self, service: Service) -> None:
        """Start one and wait until it is ready. Errors: StartFailed with the end of its log."""
        running = _Running(service, _launch(service), time.monotonic())
        self._running.append(running)
        deadline = time.monotonic() + service.patience
        while not service.ready():
            if running.process.poll() is not None or time.monotonic() > deadline:
                raise StartFailed(f"{service.name} did not start: {_last_words(service.log)}")
            time.sleep(0.02)

    def watch(self) -> None:
        """Restart what has died, each time after a longer pause; call it again and again."""
        now = time.monotonic()
        for running in self._running:
            if running.process.poll() is None:
                if now - running.since > _STEADY:
                    running.failures = 0
            elif not running.again_at:
                pause = min(0.5 * 2**running.failures, _LONGEST_PAUSE)
                running.again_at, running.failures = now + pause, running.failures + 1
                _log.warning(
                    "process ended", name=running.service.name, code=running.process.returncode, pause=pause
                )
            elif now >= running.again_at:
                running.process, running.since, running.again_at = _launch(running.service), now, 0.0

    def stop(self, patience: float = 8.0) -> None:
        """Stop all, last started first; what does not listen is killed."""
        for running in reversed(self._running):
            _signal(running.process, signal.SIGTERM)
            try:
                running.process.wait(patience)
            except subprocess.TimeoutExpired:
                _signal(running.process, signal.SIGKILL)
                running.process.wait()
        self._running.clear()

    def pids(self) -> dict[str, int]:
        """Name and process id of everything that runs."""
        return {running.service.name: running.process.pid for running in self._running}


def _launch(service: Service) -> subprocess.Popen[bytes]:
    output = open(service.log, "ab") if service.log else None
    try:
        return subprocess.Popen(
            list(service.command),
            env={**os.environ, **service.environ},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then stops them in order
            preexec_fn=_die_with_parent if _LIBC else None,
        )
    except OSError as error:
        raise StartFailed(f"{service.name} did not start: {error}") from error
    finally:
        if output:
            output.close()


def _die_with_parent() -> None:
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number) if number == signal.SIGKILL else process.send_signal(number)
    except ProcessLookupError:
        pass


def _last_words(log: Path | None) -> str:
    if log is None or not log.exists():
        return "it said nothing"
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else f"see {log}"
