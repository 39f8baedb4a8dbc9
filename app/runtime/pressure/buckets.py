"""Rates: a bucket of tokens for each limit, in this process or, for all processes together, in Redis."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol

import structlog
from redis.exceptions import RedisError

_AWAY_SECONDS = 5.0
_log = structlog.get_logger(__name__)
_TAKE = """
local now = redis.call('TIME')
now = tonumber(now[1]) + tonumber(now[2]) / 1000000
local left, wait, worst = {}, 0, 0
for i, key in ipairs(KEYS) do
  local count, rate, burst = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local known = redis.call('HMGET', key, 'left', 'at')
  local tokens = burst
  if known[1] then
    tokens = math.min(burst, tonumber(known[1]) + math.max(0, now - tonumber(known[2])) * rate)
  end
  local missing = math.min(count, burst) - tokens
  if missing > 0.000001 and missing / rate > wait then
    wait, worst = missing / rate, i
  end
  left[i] = tokens - count
end
if worst > 0 then
  return {worst, tostring(wait)}
end
for i, key in ipairs(KEYS) do
  redis.call('HSET', key, 'left', tostring(left[i]), 'at', tostring(now))
  redis.call('EXPIRE', key, math.ceil(tonumber(ARGV[3 * i]) / tonumber(ARGV[3 * i - 1])) + 60)
end
return {0, '0'}
"""


@dataclass(frozen=True, slots=True)
class Draw:
    """Take so many tokens of the bucket of this name, which fills at a rate up to its burst.

    More than the burst is let through where the bucket is full, and then owed: the rate holds over time.
    """

    name: str
    count: int
    rate: float
    burst: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The place of the draw that found too little, and the seconds until it would find enough."""

    place: int
    seconds: float


class Buckets(Protocol):
    """All of some draws, or none."""

    def take(self, draws: Sequence[Draw]) -> Refused | None:
        """Take them; what stands in the way, if something does."""
        ...


class OwnBuckets:
    """Buckets of this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def take(self, draws: Sequence[Draw]) -> Refused | None:
        """Take them; what stands in the way, if something does."""
        with self._lock:
            now = self._clock()
            levels = [self._level(draw, now) for draw in draws]
            waits = [
                (min(draw.count, draw.burst) - level) / draw.rate
                for draw, level in zip(draws, levels, strict=True)
            ]
            worst = max(range(len(draws)), key=waits.__getitem__)
            if waits[worst] > 1e-9:
                return Refused(worst, waits[worst])
            for draw, level in zip(draws, levels, strict=True):
                self._known[draw.name] = (level - draw.count, now)
            return None

    def _level(self, draw: Draw, now: float) -> float:
        left, at = self._known.get(draw.name, (float(draw.burst), now))
        return min(float(draw.burst), left + max(0.0, now - at) * draw.rate)


class SharedBuckets:
    """Buckets in Redis; while it is away each process counts for itself."""

    def __init__(self, connection: Any) -> None:
        self._script = connection.register_script(_TAKE)
        self._own = OwnBuckets()
        self._away_until = 0.0

    def take(self, draws: Sequence[Draw]) -> Refused | None:
        """Take them; what stands in the way, if something does."""
        if time.monotonic() < self._away_until:
            return self._own.take(draws)
        numbers = [value for draw in draws for value in (draw.count, draw.rate, draw.burst)]
        try:
            place, seconds = self._script([f"mapwright:rate:{draw.name}" for draw in draws], numbers)
        except (RedisError, OSError) as error:
            self._away_until = time.monotonic() + _AWAY_SECONDS
            _log.warning("rates are counted by each process for itself", error=str(error)[:200])
            return self._own.take(draws)
        return Refused(int(place) - 1, float(seconds)) if int(place) else None
