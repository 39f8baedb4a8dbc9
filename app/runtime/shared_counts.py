"""What all processes count together, in Redis; each for itself where there is none or it does not answer."""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import structlog
from redis.exceptions import RedisError

Result = TypeVar("Result")
_AWAY_SECONDS = 5.0
_log = structlog.get_logger(__name__)


class SharedCounts:
    """Scripts that count in Redis. A Redis that is away is not asked for a while: asking may cost seconds."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._scripts: dict[str, Any] = {}
        self._away_until = 0.0

    def run(self, script: str, keys: Sequence[str], words: Sequence[float]) -> Any:
        """What the script says; None: count yourself."""
        return self._try(lambda connection: self._script(connection, script)(keys, words))

    def forget(self, key: str) -> None:
        """Count anew."""
        self._try(lambda connection: connection.delete(key))

    def _script(self, connection: Any, script: str) -> Any:
        if script not in self._scripts:
            self._scripts[script] = connection.register_script(script)
        return self._scripts[script]

    def _try(self, work: Callable[[Any], Result]) -> Result | None:
        if self._connection is None or time.monotonic() < self._away_until:
            return None
        try:
            return work(self._connection)
        except (RedisError, OSError) as error:
            self._away_until = time.monotonic() + _AWAY_SECONDS
            _log.warning("each process counts for itself", error=str(error)[:200])
            return None
