"""One core and 512 MB: steady load for some minutes, then a burst, without growth of memory.

    python -m tests.faults.soak.endurance --minutes 10 --rate 20 --burst 50000

Worker, clock and web server are the processes that the command line starts; with the database and the queue they
share one core. What counts is their resident memory, sampled every ten seconds; exit code 1 where it is more than
512 MB, grows while the load is steady, or a message is lost.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import func, select

from app.storage.deliveries import deliveries_table
from tests.faults.checker import check
from tests.faults.soak.site import Site
from tests.journey import Answer, order

LIMIT = 512.0  # MiB, as machines and their limits are measured; told as MB
GROWTH = 1.1
SAMPLE_SECONDS = 10.0
LINES_A_BULK = 500
COMMANDS = {"worker": ["worker", "--processes", "1"], "clock": ["clock"], "server": ["serve"]}
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Command:
    """A process as the command line starts it, with all that it starts itself."""

    def __init__(self, kind: str, environ: dict[str, str], log: Path) -> None:
        self.kind = kind
        command = [sys.executable, "-m", "app.cli", *COMMANDS[kind]]
        with open(log, "ab") as file:
            self._process = subprocess.Popen(
                command, env={**os.environ, **environ}, stdout=file, stderr=file, start_new_session=True
            )

    @property
    def alive(self) -> bool:
        """Whether it is there."""
        return self._process.poll() is None

    @property
    def megabytes(self) -> float:
        """Resident memory of it and its children."""
        return sum(_resident(pid) for pid in _family(self._process.pid)) * _PAGE / 1_048_576

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it and its children."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self._process.wait()


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(one for child in children for one in _family(int(child)))]


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0


class SmallMachine(Site):
    """A site on one core whose processes are those of the command line."""

    def __init__(self, folder: Path) -> None:
        cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(cores)})
        try:
            super().__init__(
                folder,
                "postgresql",
                processes=1,
                MAPWRIGHT_LEASE_SECONDS="30",
                MAPWRIGHT_DELIVERY_DEADLINE="20",
            )
        finally:
            os.sched_setaffinity(0, cores)

    def process(self, kind: str) -> Command:  # type: ignore[override]
        """A process of this installation, started."""
        return Command(kind, self.environ, self.folder / "processes.log")

    @property
    def megabytes(self) -> dict[str, float]:
        """Resident memory by kind of process."""
        found: dict[str, float] = {}
        for process in self.processes:
            found[process.kind] = found.get(process.kind, 0.0) + process.megabytes  # type: ignore[attr-defined]
        return found


@dataclass(frozen=True)
class Sample:
    """One look."""

    phase: str
    seconds: float
    sent: int
    effects: int
    megabytes: dict[str, float]

    @property
    def total(self) -> float:
        """All processes of the product."""
        return sum(self.megabytes.values())

    def __str__(self) -> str:
        parts = "  ".join(f"{kind} {size:5.0f}" for kind, size in sorted(self.megabytes.items()))
        return f"{self.phase:<8}{self.seconds:6.0f} s {self.sent:>8,} sent {self.effects:>8,} delivered {self.total:6.0f} MB  ({parts})"


class Endurance:
    """One run."""

    def __init__(self, folder: Path) -> None:
        self.site = SmallMachine(folder)
        self.site.target.script = lambda number: Answer()
        self.samples: list[Sample] = []
        self.sent = 0
        self._begun = self._sampled = time.monotonic()

    def run(self, minutes: float, rate: float, burst: int) -> None:
        """Steady load, the burst, and until all of it is delivered."""
        end = time.monotonic() + minutes * 60
        while time.monotonic() < end:
            begun = time.monotonic()
            self._bulk(max(1, round(rate)))
            self._sample("steady")
            time.sleep(max(0.0, begun + 1 - time.monotonic()))
        self._drain("steady")
        for _ in range(0, burst, LINES_A_BULK):
            self._bulk(LINES_A_BULK)
            self._sample("burst")
        self._drain("burst")
        time.sleep(SAMPLE_SECONDS)
        self._sample("after")
        check(self.site.installation.database, self.sent)

    def _bulk(self, count: int) -> None:
        lines = b"\n".join(order(n, f"L{n % 200}") for n in range(self.sent, self.sent + count))
        url = f"http://127.0.0.1:{self.site.port}/v1/in/shop.order"
        request = urllib.request.Request(url, lines, method="POST")
        request.add_header("Authorization", f"Bearer {self.site.token}")
        request.add_header("Content-Type", "application/x-ndjson")
        while True:
            try:
                with urllib.request.urlopen(request, timeout=120) as answer:
                    said = json.loads(answer.read())
                assert said["accepted"] + said["duplicates"] == count, said
                self.sent += count
                return
            except OSError as error:  # full for the moment: it says when to come again
                headers = getattr(error, "headers", None) or {}
                time.sleep(float(headers.get("Retry-After") or 0.5))
                self._sample("burst")

    def _drain(self, phase: str) -> None:
        while self._delivered() < self.sent:
            self._sample(phase)
            time.sleep(1)

    def _delivered(self) -> int:
        c = deliveries_table.c
        if len(self.site.target.effects) < self.sent:
            return len(self.site.target.effects)
        with self.site.installation.database.read() as tx:
            return int(tx.execute(select(func.count()).where(c.state == "delivered")).scalar_one())

    def _sample(self, phase: str) -> None:
        if time.monotonic() - self._sampled < SAMPLE_SECONDS:
            return
        self._sampled = time.monotonic()
        seconds = self._sampled - self._begun
        found = Sample(phase, seconds, self.sent, len(self.site.target.effects), self.site.megabytes)
        self.samples.append(found)
        print(found, flush=True)


def faults(samples: Sequence[Sample]) -> list[str]:
    """What is wrong with the memory of a run."""
    found = []
    peak = max(sample.total for sample in samples)
    if peak > LIMIT:
        found.append(f"{peak:.0f} MB at the peak, {LIMIT:.0f} are the limit")
    steady = [sample.total for sample in samples if sample.phase == "steady"]
    third = max(1, len(steady) // 3)
    early, late = max(steady[third : 2 * third] or steady), max(steady[-third:])
    if late > early * GROWTH:
        found.append(f"memory grew from {early:.0f} to {late:.0f} MB under steady load")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=20.0, help="messages a second while the load is steady")
    parser.add_argument("--burst", type=int, default=50_000)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
    folder = Path(tempfile.mkdtemp(prefix="mapwright-endurance-"))
    folder.chmod(0o755)
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(open(folder / "driver.log", "w")))
    made = Endurance(folder)
    try:
        made.run(given.minutes, given.rate, given.burst)
    finally:
        made.site.close()
    wrong = faults(made.samples)
    peak = max(sample.total for sample in made.samples)
    print(
        f"{made.sent:,} messages, each delivered once; {peak:.0f} MB at the peak. "
        + ("; ".join(wrong) or "No growth.")
    )
    shutil.rmtree(folder, ignore_errors=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
