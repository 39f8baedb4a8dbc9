"""Real worker and clock processes that a test may kill, stop, continue and end."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from app.clock import run_clock
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.settings import load_settings
from app.storage.claims import claim
from app.telemetry import configure_log
from app.wiring import wire
from app.worker import run_worker
from tests.journey import ENVIRONMENT, order

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


def claim_and_hang(installation: Installation) -> int:
    """Own every lane, say so, and do nothing more."""
    with installation.database.begin() as tx:
        lanes = claim(tx, "inbox", range(256), "hanging", installation.settings.lease_seconds)
    print(f"claimed {len(lanes)}", flush=True)
    signal.pause()
    return 1


def take_in(installation: Installation) -> int:
    """Take orders in as fast as it goes; each id is printed once it is acknowledged."""
    for n in range(1_000_000):
        (accepted,) = accept(installation, ENVIRONMENT, "shop.order", order(n, f"L{n % 7}"))
        print(accepted.message_id, flush=True)
    return 0


KINDS = {"worker": run_worker, "clock": run_clock, "claim": claim_and_hang, "intake": take_in}


def main(kind: str) -> int:
    """What the process itself runs."""
    settings = load_settings()
    configure_log(settings, kind)
    return KINDS[kind](wire(settings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
