"""Forged requests: everything a cookie could authorise must also carry the session's token.

Forms send it as `csrf_token`, scripts as the header `X-CSRF-Token`. A call with a Bearer token
needs none, because no browser adds that header by itself; nor does a call of the API without a
session, which has nothing to be misused and is answered 401.
"""

from flask import Flask, request, session
from flask_wtf.csrf import CSRFProtect

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def register(app: Flask, api_path: str) -> None:
    """Check every changing request; `csrf_token()` is there in every template."""
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None)
    protection = CSRFProtect(app)

    @app.before_request
    def check() -> None:
        harmless = request.path.startswith(api_path) and "_user_id" not in session
        if request.method not in _SAFE and not carries_token() and not harmless:
            protection.protect()


def carries_token() -> bool:
    """Whether the call authorises itself by a Bearer token instead of a cookie."""
    return request.headers.get("Authorization", "").lower().startswith("bearer ")
