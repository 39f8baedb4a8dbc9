"""Inbox to outbox: our lanes in batches against the CPU alone, two workers, and one RQ job a message.

All read the stored message, run the same release and write the same outbox row in a transaction. The CPU
alone is decoding, running, encoding and writing the record, nothing stored.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import select

from app.collector import collect_seldom
from app.runtime.committing import Worked, commit
from app.runtime.deciding import Decider
from app.runtime.installation import Installation
from app.runtime.intake import accept_lines
from app.runtime.processing import drain
from app.settings import Settings
from app.storage.bodies import contents
from app.storage.claims import ClaimedLane
from app.storage.environments import deployed
from app.storage.lanes import lanes_table
from app.storage.messages import Message, messages_table
from app.wiring import wire
from benchmarks.journey import cpu, figures
from benchmarks.journey.stage import Stage
from tests.journey import ENVIRONMENT, journey_files, order
from tests.servers import Valkey

MESSAGES = 4_000
JOBS = 150
WARM = 1_000
LANES = 500
ROUNDS = 3
ALL = set(range(256))
_job: Callable[[str], None] | None = None


class Filling:
    """Takes messages in as bulks of 1,000, never the same twice."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._next = 0

    def fill(self, count: int) -> float:
        """Messages a second."""
        begun = time.perf_counter()
        for first in range(self._next, self._next + count, 1_000):
            numbers = range(first, min(first + 1_000, self._next + count))
            lines = b"\n".join(order(n, f"L{n % LANES}") for n in numbers)
            accept_lines(self._installation, ENVIRONMENT, "shop.order", lines)
        self._next += count
        return count / (time.perf_counter() - begun)


def waiting(installation: Installation, limit: int) -> list[tuple[Message, ClaimedLane]]:
    """Messages that wait, each with its lane as if it were claimed."""
    with installation.database.read() as tx:
        names = [n for n in Message.__slots__ if n != "keys"]
        query = select(*[messages_table.c[n] for n in names]).where(messages_table.c.state == "received")
        found = [Message(*row) for row in tx.execute(query.limit(limit))]
        lanes = {row["id"]: row for row in tx.execute(select(lanes_table)).mappings()}
    return [(m, ClaimedLane(**{n: lanes[m.lane][n] for n in ClaimedLane.__slots__})) for m in found]


def floor(installation: Installation, count: int) -> float:
    """The CPU alone; messages a second."""
    found = waiting(installation, count)
    with installation.database.read() as tx:
        bodies = contents(tx, {m.body_id for m, _ in found})
    begun = time.perf_counter()
    for start in range(0, len(found), 500):
        decider = Decider(installation, bodies)
        for message, lane in found[start : start + 500]:
            assert decider.decide(message, lane).state == "done"
    return len(found) / (time.perf_counter() - begun)


def drained(installation: Installation, count: int) -> float:
    """One worker in this process; messages a second."""
    begun = time.perf_counter()
    moved = drain(installation, ALL)
    assert moved == count, (moved, count)
    return moved / (time.perf_counter() - begun)


def drained_by_two(installation: Installation, filling: Filling, count: int) -> float:
    """Two processes beside each other, started and warm before the clock runs; messages a second."""
    workers = [_warm_worker(installation, filling) for _ in range(2)]
    filling.fill(count)
    begun = time.perf_counter()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    moved = sum(int(worker.communicate()[0]) for worker in workers)
    assert moved == count, (moved, count)
    return moved / (time.perf_counter() - begun)


def _warm_worker(installation: Installation, filling: Filling) -> subprocess.Popen[str]:
    """A worker that has drained some already, as the one in this process has."""
    settings = installation.settings
    filling.fill(WARM)
    command = [sys.executable, "-m", __name__, settings.database_url, str(settings.home)]
    worker = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
    return worker


def drain_process(database_url: str, home: str) -> None:
    """What each of the two processes runs; the release is compiled and everything warm before the clock starts."""
    installation = wire(Settings(home=Path(home), database_url=database_url))
    with installation.database.read() as tx:
        live = deployed(tx, ENVIRONMENT)
    for release_id in live.values():
        installation.compiled(release_id)
    drain(installation, ALL)
    collect_seldom()
    print("ready", flush=True)
    sys.stdin.readline()
    print(drain(installation, ALL), flush=True)


def run_job(message_id: str) -> None:
    """One RQ job: read, run, write, commit."""
    assert _job is not None
    _job(message_id)


def jobbed(installation: Installation, valkey: Valkey, count: int) -> float:
    """One RQ job a message through a SimpleWorker, which forks nothing; messages a second."""
    global _job
    found = {m.id: (m, lane) for m, lane in waiting(installation, count)}

    def work(message_id: str) -> None:
        message, lane = found[message_id]
        with installation.database.read() as tx:
            bodies = contents(tx, {message.body_id})
        decided = Decider(installation, bodies).decide(message, lane)
        commit(installation, [Worked(lane, [decided])])

    _job = work
    connection = valkey.client()
    connection.connection_pool.connection_kwargs["socket_timeout"] = None
    queue = Queue("journey", connection=connection, serializer=JSONSerializer)
    begun = time.perf_counter()
    for message_id in found:
        queue.enqueue(f"{__name__}.run_job", message_id, result_ttl=0)
    worker = SimpleWorker([queue], connection=connection, serializer=JSONSerializer)
    worker.work(burst=True, logging_level="ERROR")
    return len(found) / (time.perf_counter() - begun)


def report(stage: Stage) -> None:
    """Print the ratios."""
    installation = stage.installation(journey_files())
    small = stage.installation(journey_files(), f"sqlite:///{stage.folder / 'journey.db'}")
    filling, beside = Filling(installation), Filling(small)
    for each in (filling, beside):
        each.fill(1_000)
    for each in (installation, small):
        drain(each, ALL)
    collect_seldom()
    rates: dict[str, float] = {}

    def measured(way: Callable[[], float], fill: Filling, count: int) -> Callable[[], float]:
        def run() -> float:
            fill.fill(count)
            return way()

        return run

    ways: dict[str, Callable[[], float]] = {
        "bulk": lambda: filling.fill(MESSAGES),
        "floor": lambda: floor(installation, MESSAGES // 2),
        "one": lambda: drained(installation, MESSAGES),
        "two": lambda: drained_by_two(installation, filling, MESSAGES),
        "job": measured(lambda: jobbed(installation, stage.valkey, JOBS), filling, JOBS),
        "sqlite": measured(lambda: drained(small, MESSAGES), beside, MESSAGES),
    }
    rates = figures.rounds(ways, ROUNDS)
    pids = {"worker": os.getpid(), "PostgreSQL": cpu.server(stage.postgres)}
    filling.fill(MESSAGES)
    cpu.line("one worker", cpu.spent(pids, ways["one"]), MESSAGES)
    figures.line("bulk intake, without HTTP", rates["bulk"])
    figures.line("the CPU alone", rates["floor"])
    figures.line("one worker", rates["one"])
    figures.line("two workers", rates["two"])
    figures.line("one RQ job a message", rates["job"])
    figures.line("one worker on SQLite", rates["sqlite"])
    figures.ratio("one worker : the CPU alone", rates["one"] / rates["floor"], 0.45)
    figures.ratio("two workers : one", rates["two"] / rates["one"], 1.7)
    figures.ratio("one worker : one RQ job a message", rates["one"] / rates["job"], 40)


if __name__ == "__main__":
    drain_process(*sys.argv[1:])
