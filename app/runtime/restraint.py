"""What one message may cost a worker: CPU by the kernel's own count, and time by the worker's heartbeat.

A loop in C code listens to no signal handler and releases no lock, so the kernel ends the process when its
CPU seconds are used up. Who sleeps in C uses none; that one is ended by the heartbeat. The lane's lease runs
out, its claims are counted, and a message that ends workers again and again is quarantined.
"""

import os
import resource
import time

import structlog

HUNG = 75
_RENEW_SECONDS = 0.5
_WALL = 6
_log = structlog.get_logger(__name__)


class Restraint:
    """Lets every message begin with the whole allowance; 0 CPU seconds allow everything."""

    def __init__(self, cpu_seconds: int = 0) -> None:
        self._cpu = cpu_seconds
        self._fresh_until = 0.0
        self._message = ""
        self._beats = 0
        if cpu_seconds > 0:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core holds what messages hold

    def begin(self, message_id: str) -> None:
        """This message is decided now."""
        if self._cpu <= 0:
            return
        self._message, self._beats = message_id, 0
        moment = time.monotonic()
        if moment >= self._fresh_until:
            used = resource.getrusage(resource.RUSAGE_SELF)
            self._limit(int(used.ru_utime + used.ru_stime) + self._cpu + 1)
            self._fresh_until = moment + _RENEW_SECONDS

    def end(self) -> None:
        """No message is decided: deliveries take what CPU they need."""
        if self._fresh_until:
            self._message, self._fresh_until = "", 0.0
            self._limit(resource.RLIM_INFINITY)

    def look(self, seconds: float) -> None:
        """The heartbeat looks, every so many seconds: one message for too long ends the process.

        Beats are counted, not a clock: a process that was stopped for a while did not hang.
        """
        if not self._message:
            return
        self._beats += 1
        if self._beats * seconds > self._cpu * _WALL:
            _log.error(
                "a message hangs: this worker ends", message_id=self._message, seconds=self._beats * seconds
            )
            os._exit(HUNG)

    def _limit(self, seconds: int) -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds if hard < 0 else min(seconds, hard), hard))


FREE = Restraint()


def resident() -> int:
    """The memory this process has in use, in bytes."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # not Linux: the most it ever had
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
