"""A process that ends with the one that started it, however that ends: the kernel is asked for a signal (Linux)."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None  # found before any fork


def die_with_parent(parent: int) -> None:
    """Have this process killed when its parent ends; at once where that has ended already."""
    if _LIBC is None:
        return
    signal_at_death_of_parent(signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the kernel was asked
        os.kill(os.getpid(), signal.SIGKILL)


def signal_at_death_of_parent(number: int) -> None:
    """Ask the kernel; nothing elsewhere. Safe between fork and exec."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, number)
