"""How many lanes a thread takes at a time: many while attempts are quick, few while they are slow.

Each claim is a transaction, so that quick targets want many lanes in one. But a thread works on its lanes one
after the other, and those it holds wait for it while others may be idle.
"""

from threading import Lock

_A_CLAIM_SECONDS = 0.25
_FEWEST, _MOST = 2, 16
_WEIGHT = 0.2


class Pace:
    """The mean seconds of an attempt of late, over all threads of a process."""

    def __init__(self) -> None:
        self._mean = _A_CLAIM_SECONDS / 4
        self._lock = Lock()

    def note(self, seconds: float, attempts: int) -> None:
        """So many attempts took so long together."""
        if attempts:
            with self._lock:
                self._mean += (seconds / attempts - self._mean) * _WEIGHT

    def lanes(self) -> int:
        """As many as are done within a moment."""
        return max(_FEWEST, min(_MOST, int(_A_CLAIM_SECONDS / max(self._mean, 0.001))))
