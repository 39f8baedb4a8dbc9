"""Buckets of tokens: how much may pass now, over all processes together or, without Redis, in this one.

Intake draws from the buckets of several limits at once, all or nothing; a connection takes what there is.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import Lock

from app.runtime.shared_counts import SharedCounts

_ENOUGH = 1e-6
_LEVEL = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local function level(key, rate, burst)
  local known = redis.call('HMGET', key, 'left', 'at')
  if not known[1] then return burst end
  return math.min(burst, tonumber(known[1]) + math.max(0, now - tonumber(known[2])) * rate)
end
local function keep(key, left, rate, burst)
  redis.call('HSET', key, 'left', string.format('%.6f', left), 'at', string.format('%.6f', now))
  redis.call('EXPIRE', key, math.ceil((burst - left) / rate) + 60)
end
"""
# KEYS buckets; ARGV count, rate, burst of each. Gives the place of the one that lacks most, 0 for none, and seconds.
_ALL = (
    _LEVEL
    + """
local left, wait, worst = {}, 0, 0
for i, key in ipairs(KEYS) do
  local count, rate, burst = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local tokens = level(key, rate, burst)
  local missing = math.min(count, burst) - tokens
  if missing > 0.000001 and missing / rate > wait then
    wait, worst = missing / rate, i
  end
  left[i] = tokens - count
end
if worst > 0 then return {worst, tostring(wait)} end
for i, key in ipairs(KEYS) do
  keep(key, left[i], tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i]))
end
return {0, '0'}
"""
)
# KEYS bucket; ARGV count, rate, burst, least. Gives how many, and milliseconds until `least` more may pass.
_SOME = (
    _LEVEL
    + """
local count, rate, burst, least = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local tokens = level(KEYS[1], rate, burst)
local granted = math.max(0, math.min(count, math.floor(tokens)))
keep(KEYS[1], tokens - granted, rate, burst)
return {granted, math.ceil(math.max(0, least - tokens + granted) / rate * 1000)}
"""
)


@dataclass(frozen=True, slots=True)
class Draw:
    """Take so many tokens of the bucket of this name, which fills at a rate up to its burst."""

    name: str
    count: int
    rate: float
    burst: float


@dataclass(frozen=True, slots=True)
class Refused:
    """The place of the draw that found too little, and the seconds until it would find enough."""

    place: int
    seconds: float


class Buckets:
    """The buckets a process draws from."""

    def __init__(self, counts: SharedCounts, clock: Callable[[], float] = time.monotonic) -> None:
        self._counts = counts
        self._own = _OwnBuckets(clock)

    def take(self, draws: Sequence[Draw]) -> Refused | None:
        """All of the draws or none; what stands in the way, if something does.

        More than the burst is let through where the bucket is full, and then owed: the rate holds over time.
        """
        numbers = [value for draw in draws for value in (draw.count, draw.rate, draw.burst)]
        answer = self._counts.run(_ALL, [_key(draw) for draw in draws], numbers)
        if answer is None:
            return self._own.take(draws)
        place, seconds = answer
        return Refused(int(place) - 1, float(seconds)) if int(place) else None

    def take_some(self, draw: Draw, least: float, sharers: Callable[[], int]) -> tuple[int, float]:
        """How many of a draw there are, and in how many seconds there are at least so many more.

        Without Redis this process has its share of the rate, as one of so many.
        """
        answer = self._counts.run(_SOME, [_key(draw)], (draw.count, draw.rate, draw.burst, least))
        if answer is not None:
            return int(answer[0]), int(answer[1]) / 1000
        shared = sharers()
        return self._own.take_some(
            replace(draw, rate=draw.rate / shared, burst=max(1.0, draw.burst / shared))
        )


class _OwnBuckets:
    """Buckets of this process alone."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def take(self, draws: Sequence[Draw]) -> Refused | None:
        with self._lock:
            now = self._clock()
            levels = [self._level(draw, now, draw.burst) for draw in draws]
            waits = [
                (min(draw.count, draw.burst) - level) / draw.rate
                for draw, level in zip(draws, levels, strict=True)
            ]
            worst = max(range(len(draws)), key=waits.__getitem__)
            if waits[worst] > _ENOUGH:
                return Refused(worst, waits[worst])
            for draw, level in zip(draws, levels, strict=True):
                self._known[draw.name] = (level - draw.count, now)
            return None

    def take_some(self, draw: Draw) -> tuple[int, float]:
        """A bucket begins with one token: a process that starts must not bring its partner another burst."""
        with self._lock:
            now = self._clock()
            level = self._level(draw, now, 1.0)
            granted = max(0, min(draw.count, math.floor(level)))
            self._known[draw.name] = (level - granted, now)
            return granted, max(0.0, 1.0 - level + granted) / draw.rate

    def _level(self, draw: Draw, now: float, first: float) -> float:
        left, at = self._known.get(draw.name, (first, now))
        return min(draw.burst, left + max(0.0, now - at) * draw.rate)


def _key(draw: Draw) -> str:
    return f"mapwright:rate:{draw.name}"
