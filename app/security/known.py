"""Tokens that were verified a moment ago: who sends all day is not looked up for every message.

What a token may do is believed for a second, so one that is revoked ends within that time everywhere. Only a
hash of the token is kept.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.security.tokens import expired
from app.storage.tokens import TokenRecord

FRESH_SECONDS = 1.0
_MOST = 10_000


@dataclass(slots=True)
class _Known:
    record: TokenRecord
    renewed_at: float
    until: float


class KnownTokens:
    """One a process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[bytes, _Known] = {}

    def find(self, text: str) -> TokenRecord | None:
        """The token, where somebody verified it within the last second and it has not expired.

        Halfway one caller alone hears None: it verifies the token again, for everybody else's sake.
        """
        known, now = self._known.get(_key(text)), self._clock()
        if known is None or now >= known.until or expired(known.record):
            return None
        if now >= known.renewed_at:
            known.renewed_at = known.until
            return None
        return known.record

    def remember(self, text: str, record: TokenRecord, begun: float) -> None:
        """It was verified just now; `begun`: when that was asked, by the same clock."""
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[_key(text)] = _Known(record, begun + FRESH_SECONDS / 2, begun + FRESH_SECONDS)

    def now(self) -> float:
        """The clock that `remember` goes by."""
        return self._clock()


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
