"""Real worker and clock processes that a test may kill, stop, continue and end."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Process:
    """One process of the installation that `environ` describes."""

    def __init__(self, kind: str, environ: Mapping[str, str], log: Path) -> None:
        self.kind = kind
        self._environ = {**os.environ, **environ}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> "Process":
        """Start it; it connects by itself."""
        with open(self._log, "ab") as log:
            command = [sys.executable, "-m", "tests.faults.processes", self.kind]
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._environ, stdout=log, stderr=log)
        return self

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """kill -9, also while it is stopped."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def terminate(self, seconds: float) -> int:
        """SIGTERM; its exit code. Errors: TimeoutExpired where it does not leave in time."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(seconds)


def main(kind: str) -> int:
    """What the process itself runs."""
    from app.clock import run_clock
    from app.settings import load_settings
    from app.telemetry import configure_log
    from app.wiring import wire
    from app.worker import run_worker

    settings = load_settings()
    configure_log(settings, kind)
    installation = wire(settings)
    return run_worker(installation) if kind == "worker" else run_clock(installation)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
