"""Inbox to outbox on PostgreSQL: our lanes in batches against one RQ job a message, in one run.

Both read the stored message, run the same release and write the same outbox row in a transaction. The
CPU floor is decoding, running and encoding alone. Goals: at least 0.45 of the floor with one worker,
1.7 times that with two, at least 40 times one job a message.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import select

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
from app.storage.migrate import upgrade
from tests.journey import ENVIRONMENT, install, order
from tests.servers import Postgres, Valkey

MESSAGES = 6_000
JOBS = 300
LANES = 500
ALL = set(range(256))
_job: Callable[[str], None] | None = None


def fill(installation: Installation, first: int, count: int) -> float:
    """Take messages in as bulks of 1,000; messages a second."""
    begun = time.perf_counter()
    for start in range(first, first + count, 1_000):
        stop = min(start + 1_000, first + count)
        lines = b"\n".join(order(n, f"L{n % LANES}") for n in range(start, stop))
        accept_lines(installation, ENVIRONMENT, "shop.order", lines)
    return count / (time.perf_counter() - begun)


def waiting(installation: Installation, limit: int) -> list[tuple[Message, ClaimedLane]]:
    """Messages that wait, each with its lane as if it were claimed."""
    with installation.database.read() as tx:
        rows = tx.execute(
            select(messages_table).where(messages_table.c.state == "received").limit(limit)
        ).mappings()
        found = [Message(**{n: row[n] for n in Message.__slots__ if n != "keys"}) for row in rows]
        lanes = {row["id"]: row for row in tx.execute(select(lanes_table)).mappings()}
    return [(m, ClaimedLane(**{n: lanes[m.lane][n] for n in ClaimedLane.__slots__})) for m in found]


def floor(installation: Installation, count: int) -> float:
    """Decode, run and encode, nothing stored; messages a second."""
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
    assert moved == count, moved
    return moved / (time.perf_counter() - begun)


def drained_by_two(installation: Installation, count: int, environ: list[str]) -> float:
    """Two processes beside each other, started before the clock runs; messages a second."""
    command = [sys.executable, __file__, "drain", *environ]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for worker in workers:
        assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
    begun = time.perf_counter()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    moved = sum(int(worker.communicate()[0]) for worker in workers)
    assert moved == count, moved
    return moved / (time.perf_counter() - begun)


def drain_process(database_url: str, home: str) -> None:
    """What each of the two processes runs; the release is compiled before the clock starts."""
    installation = install(Settings(home=Path(home), database_url=database_url))
    with installation.database.read() as tx:
        live = deployed(tx, ENVIRONMENT)
    for release_id in live.values():
        installation.compiled(release_id)
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


def main() -> None:
    """Print the ratios."""
    folder = Path(tempfile.mkdtemp(prefix="mapwright-journey-"))
    postgres, valkey = Postgres(), Valkey(folder / "valkey").start()
    name = f"journey_{uuid4().hex[:12]}"
    url = postgres.create(name)
    try:
        upgrade(url)
        installation = install(Settings(home=folder / "home", database_url=url))
        report(installation, valkey, [url, str(folder / "home")])
        installation.close()
    finally:
        postgres.drop(name)
        valkey.stop()
        postgres.stop()


def report(installation: Installation, valkey: Valkey, environ: list[str]) -> None:
    """Measure one after the other on the same database."""
    fill(installation, 1_000_000, 1_000)
    drain(installation, ALL)
    taken_in = fill(installation, 0, MESSAGES)
    cpu = floor(installation, 3_000)
    one = drained(installation, MESSAGES)
    fill(installation, MESSAGES, MESSAGES)
    two = drained_by_two(installation, MESSAGES, environ)
    fill(installation, 2 * MESSAGES, JOBS)
    jobs = jobbed(installation, valkey, JOBS)
    print(f"bulk intake            {taken_in:9,.0f} messages/s")
    print(f"CPU floor              {cpu:9,.0f} messages/s")
    print(f"one worker             {one:9,.0f} messages/s   {one / cpu:5.2f} x the floor   (goal 0.45)")
    print(f"two workers            {two:9,.0f} messages/s   {two / one:5.2f} x one worker  (goal 1.7)")
    print(f"one RQ job a message   {jobs:9,.0f} messages/s   ours is {one / jobs:5.1f} x     (goal 40)")


if __name__ == "__main__":
    if sys.argv[1:2] == ["drain"]:
        drain_process(*sys.argv[2:])
    else:
        main()
