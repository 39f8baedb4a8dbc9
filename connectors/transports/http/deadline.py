"""The clock of a request: one watchdog thread for all of a process shuts the socket of whatever takes too long."""

import heapq
import os
import socket
import threading
import time
from itertools import count


class Deadline:
    """The end of one request, and how its errors read then."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds
        self.seconds = seconds
        self.over = threading.Event()
        self._handle: socket.socket | None = None
        self._lock = threading.Lock()

    @property
    def watching(self) -> bool:
        """Whether a socket still depends on it."""
        return self._handle is not None

    def left(self) -> float:
        """Seconds, never nothing at all: a time-out of 0 would mean none."""
        return max(self.end - time.monotonic(), 0.001)

    def watch(self, sock: socket.socket) -> None:
        """Shut this socket at the end, whatever is going on with it."""
        # A duplicate of the descriptor: shutting it works beneath TLS and while another thread reads.
        self._handle = socket.socket(fileno=os.dup(sock.fileno()))
        _WATCHDOG.add(self)

    def bark(self) -> None:
        """The time is up."""
        with self._lock:
            if self._handle is None:
                return
            self.over.set()
            try:
                self._handle.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the other side was faster

    def stop(self) -> None:
        """It came to an end in time, or was barked at."""
        with self._lock:
            if self._handle is not None:
                self._handle.close()
                self._handle = None

    def words(self, error: Exception) -> str:
        """What went wrong: the time, or what the network says."""
        if self.over.is_set() or time.monotonic() >= self.end:
            return f"no complete answer within {self.seconds:g} s"
        return f"{type(error).__name__}: {error}"


class _Watchdog:
    """Deadlines by their end. A thread a request cost more than the request itself."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Deadline]] = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, deadline: Deadline) -> None:
        with self._changed:
            first = not self._waiting or deadline.end < self._waiting[0][0]
            heapq.heappush(self._waiting, (deadline.end, next(self._numbers), deadline))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="http-watchdog", daemon=True)
                self._thread.start()
            elif first:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            self._next().bark()

    def _next(self) -> Deadline:
        """The next that is over; what ended in time is forgotten on the way."""
        with self._changed:
            while True:
                while self._waiting and not self._waiting[0][2].watching:
                    heapq.heappop(self._waiting)
                left = self._waiting[0][0] - time.monotonic() if self._waiting else None
                if left is not None and left <= 0:
                    return heapq.heappop(self._waiting)[2]
                self._changed.wait(left)


_WATCHDOG = _Watchdog()
