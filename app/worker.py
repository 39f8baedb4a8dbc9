"""A worker process: hears doorbells, polls SQL every second, drains lanes and sends deliveries.

One thread drains, one notes and settles deliveries that some others send, one listens to Redis, one gives signs
of life. Redis away costs a second at the most. SIGTERM ends the batch at hand, gives lanes back and leaves within five seconds.
"""

import resource
import signal
import time
from collections.abc import Callable, Collection
from functools import partial
from threading import Condition, Event, Thread
from typing import Any

import structlog
from redis.exceptions import RedisError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.collector import collect_seldom
from app.jobs import Bells
from app.runtime.connections import Connections
from app.runtime.delivery import Deliveries
from app.runtime.groups import GroupBook, group_names
from app.runtime.installation import Installation
from app.runtime.processing import drain
from app.runtime.restraint import Restraint, resident
from app.runtime.senders import Threads
from app.storage.claims import leave
from app.storage.due import due_partitions
from app.storage.identity import PARTITIONS
from app.storage.lanes import Kind
from app.storage.schema import outgrown
from app.storage.workers import beat, gone, process_name, vitals
from app.telemetry.metrics import count
from app.telemetry.sharing import note_memory, share
from app.versions import VERSION

POLL_SECONDS = 1.0
BEAT_SECONDS = 5.0
STOP_SECONDS = 4.0  # then a second is left to give leases back
_EVERYWHERE = range(PARTITIONS)
_SLICE_SECONDS = 0.5
_A_MOMENT = 0.02
_BUSY_SECONDS = 0.05
_log = structlog.get_logger(__name__)


class Rung:
    """Partitions that somebody rang for, until a thread takes them."""

    def __init__(self, wake: Event | None = None) -> None:
        self._partitions: set[int] = set()
        self._condition = Condition()
        self._wake = wake

    def add(self, partitions: set[int]) -> None:
        """Somebody rang."""
        with self._condition:
            self._partitions |= partitions
            self._condition.notify_all()
        if self._wake is not None and partitions:
            self._wake.set()

    def take(self, most: int, seconds: float) -> set[int]:
        """Some partitions, waiting for the first at the most so long."""
        with self._condition:
            if not self._partitions:
                self._condition.wait(seconds)
            taken = {self._partitions.pop() for _ in range(min(most, len(self._partitions)))}
            self._condition.notify_all()
            return taken

    def taken(self, seconds: float) -> None:
        """Wait until somebody has come for them, at the most so long."""
        with self._condition:
            self._condition.wait_for(lambda: not self._partitions, seconds)


class Worker:
    """The threads of one worker process."""

    def __init__(self, installation: Installation, groups: Collection[str] = ()) -> None:
        self.name = process_name()
        self.handled = 0
        self.groups = tuple(groups) or group_names(installation.settings.groups)
        self.place = ""
        self._installation = installation
        self._book = GroupBook(installation.database)
        self._restraint = Restraint(installation.settings.decide_seconds)
        self._memory = resident()
        self._stop = Event()
        self._drains = Rung()
        self._wake = Event()  # something to deliver, or something was sent
        self._deliveries = Rung(self._wake)
        threads = installation.settings.delivery_threads
        self._senders = max(1, threads if installation.database.dialect.many_writers else min(threads, 4))
        self._connections = Connections(installation, max(1, self._senders * 3 // 4))

    def stop(self, *_: Any) -> None:
        """End the work at hand and leave."""
        self._stop.set()

    def run(self) -> int:
        """Work until told to stop or until enough was handled; the exit code."""
        database, groups = self._installation.database.kind, ",".join(self.groups)
        _log.info("worker started", worker=self.name, database=database, groups=groups, version=VERSION)
        threads = [self._thread("beat", self._beat), self._thread("deliver", self._deliver)]
        if self._installation.redis is not None:
            for group in self.groups:
                self._thread(f"bells-{group}", partial(self._listen, group))
        self._drain()
        until = time.monotonic() + STOP_SECONDS
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        self._quietly(lambda: self._signed(leave, self.name))
        self._quietly(lambda: self._signed(gone, self.name))
        _log.info("worker ended", worker=self.name, handled=self.handled)
        return 0

    def _thread(self, name: str, work: Callable[[], None]) -> Thread:
        thread = Thread(target=work, name=name, daemon=True)
        thread.start()
        return thread

    def _drain(self) -> None:
        last_poll = 0.0
        while not self._stop.is_set():
            if time.monotonic() - last_poll >= POLL_SECONDS:
                last_poll = time.monotonic()
                self._quietly(self._poll)
            rest = POLL_SECONDS - (time.monotonic() - last_poll)
            if self._drains.take(PARTITIONS, min(0.25, max(0.01, rest))):
                self._quietly(self._drain_some)
            if self._worn():
                self._stop.set()

    def _worn(self) -> bool:
        """Whether this process has done its part: another one starts in its place."""
        settings = self._installation.settings
        if self.handled >= settings.recycle_after:
            return True
        grown = resident() - self._memory
        if 0 < settings.recycle_memory < grown:
            _log.warning("worker has grown and is replaced", worker=self.name, bytes=grown)
            return True
        return False

    def _poll(self) -> None:
        kinds: tuple[tuple[Kind, Rung], ...] = (("inbox", self._drains), ("outbox", self._deliveries))
        only = self._book.served_by(self.groups)
        with self._installation.database.read() as tx:
            for kind, rung in kinds:
                rung.add(set(due_partitions(tx, kind, only)))

    def _drain_some(self) -> None:
        """Half a second of whatever is due anywhere, shared fairly; a bell only says that there is something."""
        moved = drain(
            self._installation,
            _EVERYWHERE,
            holder=self.name,
            stop=self._stop.is_set,
            seconds=_SLICE_SECONDS,
            only=self._book.served_by(self.groups),
            restraint=self._restraint,
            delivers=self._deliveries.add,
        )
        self.handled += moved
        if moved:
            self._drains.add({0})

    def _deliver(self) -> None:
        """One thread claims, notes and settles; the senders send. Once told to stop it settles what they still bring."""
        spare = self._senders // 4 if self._senders > 3 else self._senders // 2
        senders = Threads(self._senders, self._connections.most, spare, self._wake.set)
        deliveries = Deliveries(
            self._installation, self._connections, senders, self.name, self._stop.is_set, spare
        )
        while deliveries.in_hand or not self._stop.is_set():
            self._wake.clear()
            self._quietly(self._hear_limits)
            if not self._quietly(partial(self._turn, deliveries)):
                self._wake.wait(_A_MOMENT if deliveries.late else self._connections.waits.seconds(0.25))
        senders.close()

    def _turn(self, deliveries: Deliveries) -> bool:
        only = self._book.served_by(self.groups)
        return deliveries.turn(_EVERYWHERE, bool(self._deliveries.take(PARTITIONS, 0)), only)

    def _hear_limits(self) -> None:
        """Connections that were at their limit may go on."""
        due = self._connections.waits.due()
        if due:
            self._deliveries.add(due)

    def _listen(self, group: str) -> None:
        bells = Bells(self._installation.redis, self._installation.database, group)
        while not self._stop.is_set():
            try:
                bell = bells.hear(1)
            except (RedisError, OSError, DBAPIError) as error:
                _log.warning("no doorbells for a second", error=str(error)[:200])
                self._stop.wait(1.0)
                continue
            if bell is not None:
                count("mapwright_doorbells_total", bell[0], "heard")
                rung = self._drains if bell[0] == "drain" else self._deliveries
                rung.add({bell[1]})
                rung.taken(_BUSY_SECONDS)  # what rings meanwhile is for those who have time

    def _beat(self) -> None:
        while True:
            self._restraint.look(BEAT_SECONDS)
            told = vitals(VERSION, ",".join(self.groups), resident())
            self._quietly(partial(self._signed, beat, self.name, "worker", self.handled, told))
            self._quietly(lambda: self._signed(self._see_schema))
            self._quietly(lambda: note_memory(self.place))
            if self._stop.wait(BEAT_SECONDS):
                return

    def _see_schema(self, tx: Connection) -> None:
        """Somebody has upgraded without this process: what it would write is wrong by now."""
        if outgrown(tx):
            _log.error("the schema is newer than this worker can work with", worker=self.name)
            self._stop.set()

    def _signed(self, write: Callable[..., Any], *words: Any) -> None:
        with self._installation.database.begin() as tx:
            write(tx, *words)

    def _quietly(self, work: Callable[[], Any]) -> Any:
        """A fault of the database or of one batch ends that step, never the worker; what the step gives."""
        try:
            return work()
        except Exception as error:
            _log.error("worker step failed", worker=self.name, error=str(error)[:500], exc_info=True)
            self._stop.wait(0.5)
            return None


def run_worker(installation: Installation, groups: Collection[str] = ()) -> int:
    """Run a worker in this process until SIGTERM or SIGINT; the exit code."""
    collect_seldom()
    worker = Worker(installation, groups)
    worker.place = share(installation.settings, "worker")
    limit = installation.settings.memory_limit
    if limit > 0:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, worker.stop)
    return worker.run()
