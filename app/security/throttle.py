"""Guessing passwords is slow: attempts are counted in SQL, so every process sees all of them.

Redis would be faster but may forget; a log-in is rare enough for a row.
"""

import math
from datetime import timedelta

from sqlalchemy import Connection

from app.security.errors import TooManyAttempts
from app.storage import login_attempts
from app.storage.database import now

WINDOW = timedelta(minutes=15)
EACH_LOGIN = 10
EACH_ADDRESS = 100


def check(tx: Connection, login: str, address: str) -> None:
    """Count this attempt before the password is looked at; TooManyAttempts over the limit.

    Counting first means that a burst of parallel attempts cannot slip through together. The caller
    must let the transaction commit even where this raises.
    """
    for key, limit in ((f"login/{login}", EACH_LOGIN), (f"address/{address}", EACH_ADDRESS)):
        count, first = login_attempts.count_attempt(tx, key, WINDOW)
        if count > limit:
            wait = (first + WINDOW - now(tx)).total_seconds()
            raise TooManyAttempts(details={"retry_after": max(1, math.ceil(wait))})


def reset(tx: Connection, login: str) -> None:
    """Forget the attempts of a login that got in."""
    login_attempts.forget_attempts(tx, f"login/{login}", WINDOW)
