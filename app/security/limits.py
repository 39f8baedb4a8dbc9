"""How often one caller may guess tokens or ask for costly trials: counted in Redis for all processes.

Without Redis each process counts for itself, which still bounds every one of them. Log-ins are
counted in SQL instead (`throttle`), where nothing forgets.
"""

import logging
from collections.abc import Callable
from typing import Any

import redis
from flask import Flask, current_app
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

GUESSES = "60/minute"
TRIALS = "300/minute"


def register(app: Flask, connection: redis.Redis | None) -> None:
    """Count in this Redis, or in this process where there is none."""
    shared: dict[str, Any] = {"connection_pool": connection.connection_pool} if connection is not None else {}
    logging.getLogger("flask-limiter").setLevel(logging.CRITICAL)  # a Redis that is away is no news here
    app.extensions["mapwright-limiter"] = Limiter(
        get_remote_address,
        app=app,
        storage_uri="redis://" if shared else "memory://",
        storage_options=shared,
        strategy="moving-window",
        in_memory_fallback_enabled=True,
        headers_enabled=True,
        key_prefix="mapwright-limits",
    )


def limited(limit: str, key: Callable[[], str] = get_remote_address) -> Any:
    """A block that counts once; 429 with Retry-After over the limit."""
    limiter: Limiter = current_app.extensions["mapwright-limiter"]
    return limiter.limit(limit, key_func=key, scope=limit)
