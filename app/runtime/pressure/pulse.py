"""How the database takes what intake writes: while it suffers, few calls wait for it and the others hear so.

A transaction that fails for the database's sake, or takes longer than `patience`, is trouble. While there is
trouble one call at a time is let through to try; the first that is written in time ends it. Without trouble
no more than `most` calls wait, and none behind one that waits too long already.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from app.errors import DatabaseSlow
from app.runtime.pressure.faults import suffers

_LONGEST = 30.0


class Pulse:
    """One a process."""

    def __init__(self, most: int, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._patience = patience
        self._clock = clock
        self._lock = Lock()
        self._begun: dict[int, float] = {}
        self._number = 0
        self._since: float | None = None
        self._good = -math.inf

    def check(self) -> None:
        """Errors: DatabaseSlow while no further call may wait for the database."""
        with self._lock:
            self._check(self._clock())

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Around a transaction. Errors: DatabaseSlow instead of waiting; else whatever it raises itself."""
        number = self._enter()
        try:
            yield
        except Exception as error:
            self._leave(number, failed=suffers(error))
            raise
        except BaseException:
            self._leave(number, failed=False)
            raise
        self._leave(number, failed=False)

    def _enter(self) -> int:
        with self._lock:
            now = self._clock()
            self._check(now)
            self._number += 1
            self._begun[self._number] = now
            return self._number

    def _check(self, now: float) -> None:
        stuck = max(min(self._begun.values(), default=now), self._good)
        if now - stuck > self._patience and self._since is None:
            self._since = stuck
        if self._since is not None and self._begun:
            raise self._slow(now, "the database answers too slowly")
        if len(self._begun) >= self._most:
            raise self._slow(now, f"{self._most} calls wait for the database")

    def _leave(self, number: int, failed: bool) -> None:
        with self._lock:
            now = self._clock()
            begun = self._begun.pop(number)
            if failed or now - begun > self._patience:
                self._since = begun if self._since is None else self._since
            else:
                self._good, self._since = now, None

    def _slow(self, now: float, why: str) -> DatabaseSlow:
        """Nobody knows when it ends: as long again as it lasts already."""
        age = now - self._since if self._since is not None else 0.0
        wait = max(1, math.ceil(min(_LONGEST, age)))
        return DatabaseSlow(f"{why}; send again in {wait} s", {"retry_after": wait})
