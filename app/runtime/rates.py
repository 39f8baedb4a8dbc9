"""How much a connection takes and how often it failed: counted in Redis for all workers together.

Without Redis each process counts for itself: its share of the rate, and its own failures.
"""

import time
from dataclasses import dataclass
from threading import Lock

from app.runtime.buckets import Buckets, Draw
from app.runtime.installation import Installation
from app.runtime.shared_counts import SharedCounts
from app.storage.controls import Control
from app.storage.workers import workers

Place = tuple[str, str]
_SLOTS = 6
_SHARE_SECONDS = 5.0
_BATCH_SECONDS = 0.25

# KEYS counts; ARGV ok, failed, failed since the last ok, window. Gives failures in a row, of the window, all of it.
_NOTE = """
local t = redis.call('TIME')
local slot = math.floor((tonumber(t[1]) + tonumber(t[2]) / 1000000) / (tonumber(ARGV[4]) / 6))
local ok, failed = tonumber(ARGV[1]), tonumber(ARGV[2])
if ok > 0 then redis.call('HSET', KEYS[1], 'row', ARGV[3]) else redis.call('HINCRBY', KEYS[1], 'row', failed) end
redis.call('HINCRBY', KEYS[1], 'o' .. slot, ok)
redis.call('HINCRBY', KEYS[1], 'f' .. slot, failed)
redis.call('PEXPIRE', KEYS[1], 3600000)
local all = redis.call('HGETALL', KEYS[1])
local row, bad, total = 0, 0, 0
for i = 1, #all, 2 do
  local field, count = all[i], tonumber(all[i + 1])
  if field == 'row' then row = count
  elseif tonumber(string.sub(field, 2)) <= slot - 6 then redis.call('HDEL', KEYS[1], field)
  else
    total = total + count
    if string.sub(field, 1, 1) == 'f' then bad = bad + count end
  end
end
return {row, bad, total}
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """Failures in a row; failures and attempts of the window."""

    row: int
    failed: int
    attempts: int

    def opens(self, control: Control) -> bool:
        """Whether that is too much."""
        if not control.breaker_failures:
            return False
        ratio = control.breaker_ratio and self.attempts >= max(1, control.breaker_minimum)
        return self.row >= control.breaker_failures or bool(
            ratio and self.failed >= control.breaker_ratio * self.attempts
        )


class Rates:
    """The counters of a process's connections."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._counts = SharedCounts(installation.redis)
        self._buckets = Buckets(self._counts)
        self._lock = Lock()
        self._slots: dict[Place, dict[int, list[int]]] = {}
        self._rows: dict[Place, int] = {}
        self._share: tuple[float, int] = (0.0, 1)

    def take(self, place: Place, control: Control, wanted: int) -> tuple[int, float]:
        """How many of these deliveries may leave now, and in how many seconds the next ones."""
        if control.rate is None:
            return wanted, 0.0
        least = min(control.burst, max(1.0, float(int(control.rate * _BATCH_SECONDS))))
        draw = Draw(f"{place[0]}:connection:{place[1]}", wanted, control.rate, control.burst)
        return self._buckets.take_some(draw, least, self._workers)

    def note(self, place: Place, window: float, ok: int, failed: int, trailing: int) -> Counted:
        """Count attempts: how many were answered, how many failed, how many failed after the last answer."""
        answer = self._counts.run(_NOTE, [_key(place)], (ok, failed, trailing, window))
        if answer is not None:
            return Counted(*map(int, answer))
        return self._note_here(place, window, ok, failed, trailing)

    def _note_here(self, place: Place, window: float, ok: int, failed: int, trailing: int) -> Counted:
        with self._lock:
            slot = int(time.monotonic() / (window / _SLOTS))
            slots = {n: c for n, c in self._slots.get(place, {}).items() if n > slot - _SLOTS}
            counts = slots.setdefault(slot, [0, 0])
            counts[0] += ok
            counts[1] += failed
            self._slots[place] = slots
            self._rows[place] = trailing if ok else self._rows.get(place, 0) + failed
            bad = sum(c[1] for c in slots.values())
            return Counted(self._rows[place], bad, bad + sum(c[0] for c in slots.values()))

    def forget(self, place: Place) -> None:
        """Count failures anew."""
        with self._lock:
            self._slots.pop(place, None)
            self._rows.pop(place, None)
        self._counts.forget(_key(place))

    def _workers(self) -> int:
        """How many processes share a rate now."""
        until, count = self._share
        if time.monotonic() >= until:
            with self._installation.database.read() as tx:
                alive = [w for w in workers(tx) if w["kind"] == "worker" and w["alive"]]
            count = max(1, len(alive))
            self._share = (time.monotonic() + _SHARE_SECONDS, count)
        return count


def _key(place: Place) -> str:
    return f"mapwright:breaker:{place[0]}:{place[1]}"
