"""Whether a pooled connection of PostgreSQL still is one, without a question to the server each time.

An idle connection whose server has ended it (shut down, restarted, terminated by somebody) has something to
read: that costs a microsecond to see, where a ping is a round trip before every transaction. After a rest of
some seconds it is asked all the same, for a network can break without a word.
"""

import select
import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

_REST_SECONDS = 10.0
_GIVEN_BACK = "mapwright_given_back"


def look_before_use(engine: Engine) -> None:
    """Replace connections that the server has ended before anybody uses them."""

    @event.listens_for(engine, "checkin")
    def given_back(connection: Any, record: Any) -> None:
        record.info[_GIVEN_BACK] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def taken(connection: Any, record: Any, proxy: Any) -> None:
        since = record.info.get(_GIVEN_BACK)
        if since is None:  # made this moment
            return
        rested = time.monotonic() - since > _REST_SECONDS
        if _ended(connection) or (rested and not _answers(engine, connection)):
            raise InvalidatePoolError  # of all connections that are older, as a ping that fails does


def _ended(connection: Any) -> bool:
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))


def _answers(engine: Engine, connection: Any) -> bool:
    try:
        return bool(engine.dialect.do_ping(connection))
    except engine.dialect.loaded_dbapi.Error:
        return False
