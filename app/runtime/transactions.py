"""Repeat a transaction that the database broke off for reasons of its own."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, OperationalError

Result = TypeVar("Result")
_ATTEMPTS = 4
_UNDONE = {"40001", "40P01", "55P03"}
_LOST = {"57P01", "57P02", "57P03", "08006", "08003", "08001", "08000"}


def undone(error: DBAPIError) -> bool:
    """Whether the transaction certainly was undone: deadlock, lock time-out, busy file."""
    busy = isinstance(error, OperationalError) and "locked" in str(error.orig)
    return getattr(error.orig, "sqlstate", None) in _UNDONE or busy


def transient(error: DBAPIError) -> bool:
    """Whether the same may work a moment later; it may have been committed all the same."""
    return undone(error) or error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _LOST


def insist(work: Callable[[], Result], when: Callable[[DBAPIError], bool] = transient) -> Result:
    """Do a whole transaction again after a fault of the database that passes, three times at the most.

    With `transient`, `work` must be safe to repeat after a commit whose answer was lost: everything it
    writes stands under a fence and a state that is checked. With `undone` it need not.
    """
    for attempt in range(1, _ATTEMPTS):
        try:
            return work()
        except DBAPIError as error:
            if not when(error):
                raise
        time.sleep(random.uniform(0.01, 0.05) * 2**attempt)
    return work()
