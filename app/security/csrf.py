"""Forged requests: everything a cookie could authorise must also carry the session's token.

Forms send it as `csrf_token`, scripts as the header `X-CSRF-Token`. A call with a Bearer token
needs none, because no browser adds that header by itself.
"""

from flask import Flask, request
from flask_wtf.csrf import CSRFProtect

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def register(app: Flask) -> None:
    """Check every changing request; `csrf_token()` is there in every template."""
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None)
    protection = CSRFProtect(app)

    @app.before_request
    def check() -> None:
        if request.method not in _SAFE and not carries_token():
            protection.protect()


def carries_token() -> bool:
    """Whether the call authorises itself by a Bearer token instead of a cookie."""
    return request.headers.get("Authorization", "").lower().startswith("bearer ")
