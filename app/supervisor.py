"""Start processes in order, restart what dies, stop in reverse order, leave no orphan."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from app.ends import Tail, described, hopeless, last_lines, last_words
from app.errors import AppError
from app.parents import signal_at_death_of_parent

_log = structlog.get_logger(__name__)
_STEADY = 30.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0
_LOOP = 3
_AT_DEATH_OF_PARENT = partial(signal_at_death_of_parent, signal.SIGTERM)


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
    tail: Tail | None = None
    starts: int = 1
    failures: int = 0
    again_at: float = 0.0
    ended: str = ""
    words: str = ""

    def lines(self) -> list[str]:
        """What it said last."""
        return self.tail.words() if self.tail else last_lines(self.service.log)


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
    """Keeps services running until it is told to stop; `notes` is where it tells `doctor` how they do."""

    def __init__(self, notes: Path | None = None) -> None:
        self._running: list[_Running] = []
        self._notes = notes / f"{os.getpid()}.json" if notes else None

    def start(self, service: Service) -> None:
        """Start one and wait until it is ready. Errors: StartFailed with the end of its log."""
        process, tail = _launch(service)
        running = _Running(service, process, time.monotonic(), tail)
        self._running.append(running)
        deadline = time.monotonic() + service.patience
        while not service.ready():
            if running.process.poll() is not None or time.monotonic() > deadline:
                raise StartFailed(f"{service.name} did not start: {last_words(running.lines())}")
            time.sleep(0.02)
        self._note()

    def watch(self) -> None:
        """Restart what has ended; call it again and again.

        Who ended in order starts again at once, who died after a pause that doubles each time up to a
        minute, for ever. Errors: StartFailed where a process can't even start a first time: wrong settings,
        a module that can't be imported.
        """
        now = time.monotonic()
        for running in self._running:
            if running.process.poll() is None:
                if running.failures and now - running.since > _STEADY:
                    running.failures = 0
                    self._note()
            elif not running.again_at:
                self._ended(running, now)
            elif now >= running.again_at:
                running.process, running.tail = _launch(running.service)
                running.since, running.again_at, running.starts = now, 0.0, running.starts + 1
                self._note()

    def _ended(self, running: _Running, now: float) -> None:
        name, code = running.service.name, running.process.returncode
        lines = running.lines() if code else []
        running.ended, running.words = (described(code), last_words(lines)) if code else ("in order", "")
        if running.starts == 1 and hopeless(code, lines):
            self._note()
            raise StartFailed(f"{name} can't start, {running.ended}: {running.words}")
        pause = min(_FIRST_PAUSE * 2**running.failures, _LONGEST_PAUSE) if code else 0.0
        running.again_at, running.failures = now + pause, running.failures + 1 if code else 0
        told = {"name": name, "end": running.ended, "pause": pause, "last_words": running.words}
        if running.failures >= _LOOP:
            _log.error("process ends again and again", times=running.failures, **told)
        elif code:
            _log.warning("process ended", **told)
        self._note()

    def stop(self, patience: float = 8.0, together: bool = False) -> None:
        """Stop all, last started first, or all at once; what does not listen is killed."""
        for running in self._running if together else ():
            _signal(running.process, signal.SIGTERM)
        for running in reversed(self._running):
            if not together:
                _signal(running.process, signal.SIGTERM)
            try:
                running.process.wait(patience)
            except subprocess.TimeoutExpired:
                _signal(running.process, signal.SIGKILL)
                running.process.wait()
        self._running.clear()
        if self._notes:
            self._notes.unlink(missing_ok=True)

    def _note(self) -> None:
        """Say how everything does, in a file beside the data: it can be read while the database is away."""
        if self._notes is None:
            return
        services = [
            {
                "name": r.service.name,
                "pid": r.process.pid,
                "starts": r.starts,
                "failures": r.failures,
                "ended": r.ended,
                "last_words": r.words,
            }
            for r in self._running
        ]
        try:
            self._notes.parent.mkdir(parents=True, exist_ok=True)
            self._notes.write_text(json.dumps({"supervisor": os.getpid(), "services": services}))
        except OSError as error:  # a full disk must not stop the supervision
            _log.warning("no note about processes", error=str(error))

    def pids(self) -> dict[str, int]:
        """Name and process id of everything that runs."""
        return {running.service.name: running.process.pid for running in self._running}


def _launch(service: Service) -> tuple[subprocess.Popen[bytes], Tail | None]:
    output = open(service.log, "ab") if service.log else None
    try:
        process = subprocess.Popen(
            list(service.command),
            env={**os.environ, **service.environ},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then stops them in order
            preexec_fn=_AT_DEATH_OF_PARENT if sys.platform == "linux" else None,
        )
    except OSError as error:
        raise StartFailed(f"{service.name} did not start: {error}") from error
    finally:
        if output:
            output.close()
    return process, None if output else Tail(process)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number) if number == signal.SIGKILL else process.send_signal(number)
    except ProcessLookupError:
        pass
