"""A connection that stays open from one request to the next, for targets that tell repeats apart.

The target may close it at the very moment in which the next request leaves, and nobody could say whether that
one arrived. So only what may be sent twice travels on it: then the request is repeated on a fresh connection.
"""

import select
import time
from dataclasses import dataclass

from connectors.transports.http.connection import OneWrite

_REST_SECONDS = 4.0
"""Servers close idle connections after 5 seconds or more."""

Origin = tuple[str, str, int | None]


@dataclass(slots=True)
class Kept:
    """At most one connection, to one origin; used by one thread at a time."""

    origin: Origin = ("", "", None)
    connection: OneWrite | None = None
    until: float = 0.0

    def take(self, origin: Origin) -> OneWrite | None:
        """The connection to this origin, unless it rested too long or the other side has closed it."""
        found, self.connection = self.connection, None
        if found is None or found.sock is None:
            return None
        if origin == self.origin and time.monotonic() < self.until and not _readable(found):
            return found
        found.close()
        return None

    def put(self, origin: Origin, connection: OneWrite) -> None:
        """Keep it for the next request."""
        self.close()
        self.origin, self.connection, self.until = origin, connection, time.monotonic() + _REST_SECONDS

    def close(self) -> None:
        """Let it go."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def _readable(connection: OneWrite) -> bool:
    """Nobody asked anything: what there is to read is the end, or nothing good."""
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))
