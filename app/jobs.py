"""Doorbells over RQ: `drain` and `deliver` with one partition, as JSON, and nothing else.

A job is read as data and never imported: whoever can write to Redis can ring a bell, nothing more.
A job that is anything but a doorbell is refused and recorded as a security event.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Any, Literal, cast

import structlog
from redis.exceptions import RedisError
from rq import Queue
from rq.exceptions import DequeueTimeout
from rq.job import Job
from rq.serializers import JSONSerializer

from app.errors import JobRefused
from app.storage.database import Database
from app.storage.identity import PARTITIONS
from app.storage.security_events import record
from app.telemetry.metrics import count

Bell = tuple[Literal["drain", "deliver"], int]
QUEUE = "mapwright"
BELLS = ("drain", "deliver")
JOB_SECONDS = 60
_QUIET_SECONDS = 5
_LONGEST_JOB = 500
_LONGEST_FIELD = 2_000
_LONGEST_QUEUE = 4 * PARTITIONS
_MANY, _SOME = 64, 4
_DEFAULT = ("default",)
_log = structlog.get_logger(__name__)
_handlers: dict[str, Callable[[int], Any]] = {}


def answer(kind: str, handler: Callable[[int], Any]) -> None:
    """Say what this process does when a bell of that kind is performed by RQ itself."""
    if kind not in BELLS:
        raise JobRefused(f"{kind} is no doorbell")
    _handlers[kind] = handler


class DoorbellJob(Job):
    """An RQ job that can be a doorbell only: names are looked up in our own list, callbacks are off."""

    def restore(self, raw_data: Any) -> Any:
        """As RQ reads it, unless a field is longer than any of ours: nothing of that is unpacked."""
        long = [name for name, value in raw_data.items() if len(value) > _LONGEST_FIELD]
        if long:
            raise JobRefused("longer than any doorbell", {"fields": repr(long)[:200]})
        return super().restore(raw_data)

    def bell(self) -> Bell:
        """What it asks for. Errors: JobRefused for everything that is not exactly a doorbell."""
        if len(self.data) > _LONGEST_JOB:
            raise JobRefused("longer than any doorbell", {"length": len(self.data)})
        try:
            name, instance, arguments, named = json.loads(self.data)
        except (ValueError, TypeError, RecursionError):
            raise JobRefused("no JSON of a doorbell", {"data": repr(self.data[:100])}) from None
        told = {"function": str(name)[:200], "arguments": repr(arguments)[:200]}
        if name not in BELLS or instance is not None or named != {}:
            raise JobRefused("not one of our doorbells", told)
        if not isinstance(arguments, list) or len(arguments) != 1 or type(arguments[0]) is not int:
            raise JobRefused("a doorbell carries one partition", told)
        if not 0 <= arguments[0] < PARTITIONS:
            raise JobRefused("no such partition", told)
        self._refuse_extras(told)
        return name, arguments[0]

    def _refuse_extras(self, told: Mapping[str, Any]) -> None:
        names = ("_success_callback_name", "_failure_callback_name", "_stopped_callback_name")
        found = [
            str(getattr(self, name))[:200] for name in names if isinstance(getattr(self, name, None), str)
        ]
        if found or getattr(self, "webhooks", None) or self._dependency_ids:
            raise JobRefused(
                "a doorbell has no callbacks, webhooks or dependencies", {**told, "extras": found}
            )

    def _deserialize_data(self) -> None:
        kind, partition = self.bell()
        self._func_name, self._instance, self._args, self._kwargs = kind, None, [partition], {}

    @property
    def func(self) -> Callable[[int], Any]:
        """Our own handler; nothing is imported by name."""
        kind, _ = self.bell()
        if kind not in _handlers:
            raise JobRefused(f"this process does not answer {kind}")
        return _handlers[kind]

    @property
    def success_callback(self) -> None:
        """Off."""

    @property
    def failure_callback(self) -> None:
        """Off."""

    @property
    def stopped_callback(self) -> None:
        """Off."""


def queue_name(group: str = "default") -> str:
    """The queue of a worker group."""
    return QUEUE if group == "default" else f"{QUEUE}:{group}"


def open_queue(connection: Any, group: str = "default") -> Queue:
    """The one queue of a worker group."""
    return Queue(queue_name(group), connection=connection, job_class=DoorbellJob, serializer=JSONSerializer)


class RqDoorbell:
    """Rings workers through RQ; bells that were rung and not heard yet are not rung again.

    A worker that hears one looks everywhere. So a few partitions share one bell, and many some more of them, for
    several workers. A partition holds lanes of every group, so each group hears of it; `groups` says which there are.
    """

    def __init__(self, connection: Any, groups: Callable[[], Iterable[str]] = lambda: _DEFAULT) -> None:
        self._connection = connection
        self._groups = groups
        self._queues: dict[str, Queue] = {}
        self._lock = Lock()
        self._down_until = 0.0

    def ring(self, kind: str, partitions: set[int]) -> bool:
        """Put a doorbell a partition into the queue; a Redis that cannot be reached costs a second."""
        if time.monotonic() < self._down_until:
            return False
        groups = list(self._groups())
        try:
            with self._lock:
                for group in groups:
                    self._ring(kind, _bells(partitions), group)
            count("mapwright_doorbells_total", kind, "rung")
            return True
        except (RedisError, OSError) as error:
            self._down_until = time.monotonic() + 1
            count("mapwright_doorbells_total", kind, "failed")
            _log.warning("doorbell not rung", error=str(error))
            return False

    def _ring(self, kind: str, partitions: list[int], group: str) -> None:
        queue = self._queues.get(group)
        if queue is None:
            queue = self._queues[group] = open_queue(self._connection, group)
        asked = self._connection.pipeline(transaction=False)
        for partition in partitions:
            asked.set(bell_key(kind, partition, group), 1, nx=True, ex=_QUIET_SECONDS)
        asked.llen(queue.key)
        *news, waiting = asked.execute()
        unheard = [p for p, new in zip(partitions, news, strict=True) if new]
        if unheard and waiting < _LONGEST_QUEUE:  # where nobody hears, everything has been rung by then
            queue.enqueue_many([_data(kind, partition, group) for partition in unheard])


def _bells(partitions: set[int]) -> list[int]:
    """Those that are rung for all of these."""
    bells = _SOME if len(partitions) > _MANY else 1
    return sorted({partition % bells for partition in partitions})


def bell_key(kind: str, partition: int, group: str = "default") -> str:
    """Stands in Redis while a bell was rung and not heard."""
    return f"{queue_name(group)}:bell:{kind}:{partition}"


def _data(kind: str, partition: int, group: str) -> Any:
    return Queue.prepare_data(
        kind,
        args=[partition],
        kwargs={},
        ttl=JOB_SECONDS,
        result_ttl=0,
        failure_ttl=1,
        description=f"{kind} {partition}",
        job_id=f"{kind}-{partition}" if group == "default" else f"{kind}-{partition}-{group}",
    )


class Bells:
    """Hears the doorbells of a group: takes jobs off its queue through RQ, reads them, removes them."""

    def __init__(self, connection: Any, database: Database, group: str = "default") -> None:
        self._connection = connection
        self._database = database
        self._group = group

    def hear(self, seconds: int) -> Bell | None:
        """The next bell, waiting for it at the most so long. Errors: RedisError, OSError."""
        queue = open_queue(self._connection, self._group)
        try:
            found = Queue.dequeue_any([queue], seconds, self._connection, DoorbellJob, JSONSerializer)
        except DequeueTimeout:
            return None
        except (RedisError, OSError):
            raise
        except Exception as error:  # a hash that is no job of RQ's at all
            self._refuse(
                queue, str(getattr(error, "job_id", "")), "not readable as a job", {"error": str(error)[:200]}
            )
            return None
        return self._read(queue, cast(DoorbellJob, found[0])) if found else None

    def _read(self, queue: Queue, job: DoorbellJob) -> Bell | None:
        try:
            kind, partition = job.bell()
        except JobRefused as refused:
            self._refuse(queue, job.id, refused.message, refused.details)
            return None
        self._remove(queue, job.id, bell_key(kind, partition, self._group))
        return kind, partition

    def _refuse(self, queue: Queue, job_id: str, why: str, details: Mapping[str, Any]) -> None:
        _log.warning("job refused", job_id=job_id, why=why, details=repr(details))
        with self._database.begin() as tx:
            record(tx, "job_refused", f"queue {queue.name}", {"job_id": job_id, "why": why, **details})
        self._remove(queue, job_id)

    def _remove(self, queue: Queue, job_id: str, *keys: str) -> None:
        pipeline = self._connection.pipeline(transaction=False)
        pipeline.lrem(queue.intermediate_queue_key, 1, job_id)
        pipeline.delete(DoorbellJob.key_for(job_id), *keys)
        pipeline.execute()
