"""Real processes of an installation that a test may kill, stop, continue and end.

They are forked from a server that has imported everything, so that a test waits for its fault and not for
imports. What each kind runs stands in tests/faults/kinds.py.
"""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.faults.kinds import work
from tests.forks import FORKS


class Process:
    """One process of the installation that `environ` describes."""

    def __init__(self, kind: str, environ: Mapping[str, str], log: Path) -> None:
        self.kind = kind
        self._process = FORKS.Process(
            target=work, args=(kind, dict(environ), str(log)), daemon=True, name=kind
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.is_alive()

    def start(self) -> "Process":
        """Start it; it connects by itself."""
        self._process.start()
        return self

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """kill -9, also while it is stopped."""
        if self._process.pid is not None:
            self._process.kill()
            self._process.join()

    def wait(self, seconds: float) -> int:
        """Its exit code, negative for a signal. Errors: TimeoutExpired where it does not end in time."""
        self._process.join(seconds)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self.kind, seconds)
        return self._process.exitcode

    def terminate(self, seconds: float) -> int:
        """SIGTERM; its exit code. Errors: TimeoutExpired where it does not leave in time."""
        self.signal(signal.SIGTERM)
        return self.wait(seconds)
