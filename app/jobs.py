"""Doorbells over RQ: the only jobs there are, ids only, refused where they are anything else.

Whoever can write to Redis can ring a bell, nothing more: a job is read as data, never imported.
"""

from typing import Any

import structlog
from redis.exceptions import RedisError

_log = structlog.get_logger(__name__)


class RqDoorbell:
    """Rings workers through one RQ queue."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def ring(self, kind: str, partitions: set[int]) -> bool:
        """Put a doorbell a partition into the queue; a Redis that cannot be reached costs a second."""
        try:
            return bool(self._connection.ping())
        except (RedisError, OSError):
            return False
