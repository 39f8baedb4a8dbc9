"""Faults of the database as what a sender is to hear: nothing is lost, when to come again."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError

from app.errors import AppError, DatabaseFull, DatabaseSlow, DatabaseUnreachable

_FULL = {"53100", "53200"}
_SLOW = {"55P03", "57014", "40P01", "40001", "53300"}
_FULL_WORDS = ("database or disk is full", "disk i/o error", "no space left")
_RETRY = 5


def suffers(error: BaseException) -> bool:
    """Whether the database is to blame, not what was written into it."""
    return told(error) is not None if isinstance(error, Exception) else False


@contextmanager
def translated() -> Iterator[None]:
    """What the database refuses in here is said as an error of the API."""
    try:
        yield
    except (DBAPIError, TimeoutError) as error:
        said = told(error)
        if said is None:
            raise
        raise said from error


def told(error: Exception) -> AppError | None:
    """The error of the API that says it; None where the database is not to blame."""
    if isinstance(error, TimeoutError):
        return DatabaseSlow("every connection to the database is in use", {"retry_after": _RETRY})
    if not isinstance(error, DBAPIError):
        return None
    words, state = str(error.orig).lower(), getattr(error.orig, "sqlstate", None)
    if state in _FULL or any(full in words for full in _FULL_WORDS):
        return DatabaseFull(details={"retry_after": 6 * _RETRY})
    if state in _SLOW or ("locked" in words and state is None):
        return DatabaseSlow(details={"retry_after": _RETRY})
    away = isinstance(error, OperationalError) and (state is None or state[:2] in ("08", "57"))
    if error.connection_invalidated or away:
        return DatabaseUnreachable(details={"retry_after": _RETRY})
    return None
