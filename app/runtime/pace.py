"""How many lanes a worker takes at a time: many while attempts are quick, few while they are slow.

Each claim is a transaction, so that quick targets want many lanes in one. But lanes that wait for a sender wait
while other workers may be idle.
"""

from threading import Lock

_A_CLAIM_SECONDS = 0.25
_FEWEST, _MOST = 2, 16
_DEEPEST = 4
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

    def depth(self) -> int:
        """How many lanes there may be for each sender: one, or some more where it soon is free again."""
        return max(1, self.lanes() * _DEEPEST // _MOST)
