"""The chaos soak: an installation at work while everything in it dies, from a seed, then the whole account.

    python -m tests.faults.soak.run --minutes 60 --seed 7 [--database postgresql|sqlite] [--rate 12] [--blow-every 5]

Figures every ten seconds; a table at the end; on a violation the seed and the history of the message, and exit code 1.
"""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from tests.faults.checker import Figures, check, figures, look
from tests.faults.soak.accounts import promises, releases_at_work, unsettled
from tests.faults.soak.blows import Blows
from tests.faults.soak.moods import Moods
from tests.faults.soak.person import Person
from tests.faults.soak.site import Site
from tests.faults.soak.tables import Result, table
from tests.faults.soak.traffic import Traffic
from tests.faults.violations import CheckFailed, Violation, story

LOOK_SECONDS = 10.0
LOOKS_A_CHECK = 12
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What a run is to be."""

    seed: int
    seconds: float
    database: str = "postgresql"
    rate: float = 12.0
    blow_every: float = 5.0
    settle_seconds: float = 300.0


class Soak:
    """One run. `say` gets the live figures."""

    def __init__(self, plan: Plan, folder: Path, say: Say = print) -> None:
        self.plan, self._say = plan, say
        self.site = Site(folder, plan.database)
        self.moods = Moods(self.site.target, plan.seed)
        self.traffic = Traffic(self.site, plan.seed, plan.rate)
        self.blows = Blows(self.site, self.traffic, self.moods, plan.seed)
        self.person = Person(self.site)
        self._last: Figures | None = None
        self._looks = 0
        self._begun = time.monotonic()

    def run(self) -> Result:
        """Everything, and what it came to. Errors: CheckFailed."""
        self.work()
        self.account()
        return self.result()

    def work(self) -> None:
        """Traffic and faults, until all that was begun came to its end. Errors: CheckFailed."""
        self._begun = time.monotonic()
        self.traffic.start()
        self.person.start()
        self._chaos()
        self.blows.end()
        self.traffic.stop()
        self._settle()
        self.person.stop()

    def result(self) -> Result:
        """The figures."""
        return Result.of(
            self.site, self.traffic, self.blows, self.moods, self.person, time.monotonic() - self._begun
        )

    def _chaos(self) -> None:
        dice = random.Random(f"{self.plan.seed}/pauses")
        end, strike = self._begun + self.plan.seconds, self._begun
        next_look = self._begun + LOOK_SECONDS
        while time.monotonic() < end:
            self.site.supervise()
            if time.monotonic() >= strike:
                self.site.insist(self.blows.strike)
                strike = time.monotonic() + dice.uniform(0.2, 1.8) * self.plan.blow_every
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + LOOK_SECONDS
                self.site.insist(self._look)
            time.sleep(0.2)

    def _look(self) -> None:
        """Live figures; now and then all that must hold at any moment. Errors: CheckFailed."""
        self._looks += 1
        database = self.site.installation.database
        if self._looks % LOOKS_A_CHECK == 0:
            now = look(database)
        else:
            with database.read() as tx:
                now = figures(tx)
        shrunk = [
            lane
            for lane, fence in (self._last.fences if self._last else {}).items()
            if now.fences[lane] < fence
        ]
        if shrunk:
            raise CheckFailed([Violation("fence", f"lane {lane} went back") for lane in shrunk], [])
        self._last = now
        self.site.weigh()
        seconds = time.monotonic() - self._begun
        faults = sum(self.blows.counts.values()) + sum(self.moods.counts.values())
        self._say(
            f"{seconds:6.0f} s  {len(self.traffic.sent)} sent, {len(self.site.target.effects)} effects,"
            f" {now.accounts}, {faults} faults, {self.site.target.repeats} repeats"
        )

    def _settle(self) -> None:
        """Nothing hurts any more: everything that was begun comes to its end."""
        end = time.monotonic() + self.plan.settle_seconds
        while left := self.site.insist(self._unsettled):
            if time.monotonic() > end:
                self._say(f"not settled within {self.plan.settle_seconds:.0f} s: {left}")
                return
            self.site.supervise()
            time.sleep(0.5)

    def _unsettled(self) -> dict[str, int]:
        with self.site.installation.database.read() as tx:
            return unsettled(tx)

    def account(self) -> None:
        """All that must hold of all that was sent. Errors: CheckFailed."""
        database = self.site.installation.database
        wrong, stories = [], []
        try:
            check(
                database, acknowledged=self.traffic.acknowledged, target=self.site.target, before=self._last
            )
        except CheckFailed as failed:
            wrong, stories = failed.violations, failed.stories
        with database.read() as tx:
            broken = list(promises(tx, self.site, self.traffic.sent))
            broken += list(releases_at_work(tx, self.site, self.blows.moves))
            stories += [story(tx, v.message_id) for v in broken[:2] if v.message_id]
        if wrong or broken:
            raise CheckFailed([*wrong, *broken], stories)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument("--rate", type=float, default=12.0, help="messages a second")
    parser.add_argument("--blow-every", type=float, default=5.0, help="seconds, on average")
    given = parser.parse_args()
    plan = Plan(given.seed, given.minutes * 60, given.database, given.rate, given.blow_every)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
    folder = Path(tempfile.mkdtemp(prefix="mapwright-soak-"))
    folder.chmod(0o755)
    print(f"seed {plan.seed}, {plan.seconds:.0f} s on {plan.database}, logs in {folder}", flush=True)
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(open(folder / "driver.log", "w")))
    soak = Soak(plan, folder, lambda line: print(line, flush=True))
    try:
        soak.work()
        print(table(soak.result()), flush=True)
        soak.account()
    except CheckFailed as failed:
        print(f"VIOLATION with seed {plan.seed}: {failed}\nEverything is kept in {folder}", file=sys.stderr)
        return 1
    finally:
        soak.site.close()
    shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
