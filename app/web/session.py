"""Log in, log out, and what a person keeps in a cookie: theme, environment."""

from typing import Any

from flask import make_response, redirect, render_template, request
from flask_login import current_user

from app.security import accounts, sessions
from app.security.errors import SecurityError, TooManyAttempts
from app.web.access import installation, local_target, requires
from app.web.errors import page_blueprint

blueprint = page_blueprint("session", __name__)

THEMES = ("system", "light", "dark")
_YEAR = 365 * 24 * 3600


@blueprint.get("/login")
def login() -> Any:
    """The log-in page."""
    target = local_target(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target)
    return render_template("login.html", next=target, login="", refused="")


@blueprint.post("/login")
def enter() -> Any:
    """Check login and password and begin a session."""
    login_name, target = request.form.get("login", "").strip(), local_target(request.form.get("next"))
    try:
        record = accounts.authenticate(
            installation().database, login_name, request.form.get("password", ""), request.remote_addr or ""
        )
    except SecurityError as error:
        page = render_template("login.html", next=target, login=login_name, refused=error.message)
        late = {"Retry-After": str(error.retry_after)} if isinstance(error, TooManyAttempts) else {}
        return page, error.status, late
    sessions.start_session(record)
    return redirect(target)


@blueprint.post("/logout")
@requires("view")
def logout() -> Any:
    """End the session everywhere."""
    sessions.end_session(installation().database)
    return redirect("/login")


@blueprint.post("/theme")
@requires("view")
def theme() -> Any:
    """Keep the chosen theme."""
    chosen = request.form.get("theme", "")
    return _remember("mapwright_theme", chosen if chosen in THEMES else "system")


@blueprint.post("/environment")
@requires("view")
def environment() -> Any:
    """Keep the environment whose messages are shown."""
    return _remember("mapwright_environment", request.form.get("environment", "")[:60])


def _remember(cookie: str, value: str) -> Any:
    response = make_response(redirect(local_target(request.form.get("next"))))
    secure = installation().settings.url.startswith("https://")
    response.set_cookie(cookie, value, max_age=_YEAR, samesite="Lax", httponly=True, secure=secure)
    return response
