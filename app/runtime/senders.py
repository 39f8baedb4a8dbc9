"""Who sends: some threads side by side, each one lane at a time."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Protocol

from app.runtime.outbox import OutboxWork, Ready, Results

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Job:
    """Deliveries of one lane that were noted, to be sent in order before `until` by the monotonic clock."""

    work: OutboxWork
    ready: list[Ready]
    since: float
    until: float
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a job; None where nobody knows, so that its lane is left to its lease."""

    work: OutboxWork
    results: Results | None


Send = Callable[[Job], Done]


class Senders(Protocol):
    """Where jobs go, and results come from."""

    reserved: bool  # whether some are kept for what is urgent

    @property
    def count(self) -> int:
        """How many jobs are done at a time."""
        ...

    def put(self, job: Job, send: Send) -> None:
        """Have it sent."""
        ...

    def finished(self) -> list[Done]:
        """Results that nobody has taken yet."""
        ...


class Threads:
    """Some threads that send side by side; `spare` of them are kept for what is urgent while `reserved` says so.

    At most `most` of them send to one place, what is urgent apart: a slow target leaves senders to the others.
    """

    def __init__(self, count: int, most: int, spare: int, tell: Callable[[], None]) -> None:
        self.count = count
        self.reserved = False
        self._most = most
        self._spare = spare
        self._tell = tell
        self._jobs: deque[tuple[Job, Send]] = deque()
        self._done: deque[Done] = deque()
        self._busy: Counter[Place] = Counter()
        self._general = 0
        self._condition = Condition()
        self._closed = False
        for number in range(count):
            Thread(target=self._run, name=f"send-{number}", daemon=True).start()

    def put(self, job: Job, send: Send) -> None:
        """Have it sent by whoever is free first."""
        with self._condition:
            self._jobs.append((job, send))
            self._condition.notify()

    def finished(self) -> list[Done]:
        """What is done by now."""
        return [self._done.popleft() for _ in range(len(self._done))]

    def close(self) -> None:
        """Have the threads end that send nothing."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def _run(self) -> None:
        while True:
            with self._condition:
                while (taken := self._next()) is None:
                    if self._closed:
                        return
                    self._condition.wait()
                self._count(taken[0], 1)
            job, send = taken
            try:
                self._done.append(send(job))
            finally:
                with self._condition:
                    self._count(job, -1)
                    self._condition.notify()
            self._tell()

    def _count(self, job: Job, by: int) -> None:
        self._busy[job.work.place] += 0 if job.urgent else by
        self._general += 0 if job.urgent else by

    def _next(self) -> tuple[Job, Send] | None:
        """What is urgent first, then in order whatever its place has a sender left for."""
        full = self._general >= self.count - (self._spare if self.reserved else 0)
        for urgent in (True, False):
            for position, (job, send) in enumerate(self._jobs):
                crowded = full or self._busy[job.work.place] >= self._most
                if job.urgent is urgent and (urgent or not crowded):
                    del self._jobs[position]
                    return job, send
        return None
