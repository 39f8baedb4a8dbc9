"""People and tokens: accounts with their roles, tokens of machines."""

from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user

from app.security import accounts, permissions, tokens
from app.security.errors import SecurityError
from app.storage import environments, users
from app.storage import tokens as stored_tokens
from app.web.access import installation, requires
from app.web.errors import page_blueprint

blueprint = page_blueprint("accounts", __name__)


@blueprint.get("/people")
@requires("administer")
def show() -> Any:
    """Everybody who may log in, and every token."""
    return _page()


@blueprint.post("/people")
@requires("administer")
def add() -> Any:
    """A new account."""
    form = request.form

    def deed(tx: Any) -> str:
        login = form.get("login", "").strip()
        accounts.create_user(
            tx,
            login,
            form.get("name", "").strip(),
            form.get("password", ""),
            form.getlist("roles"),
            current_user.login,
        )
        return f"{login} may log in now."

    return _do(deed)


@blueprint.post("/people/<login>/roles")
@requires("administer")
def roles(login: str) -> Any:
    """Give an account other roles."""
    chosen, reason = request.form.getlist("roles"), request.form.get("reason", "").strip()

    def deed(tx: Any) -> str:
        accounts.set_roles(tx, login, chosen, current_user.login, reason)
        return f"{login} is {', '.join(chosen)} now and has to log in again."

    return _do(deed)


@blueprint.post("/people/<login>/active")
@requires("administer")
def active(login: str) -> Any:
    """Lock an account out or let it in again."""
    wanted = request.form.get("active") == "yes"

    def deed(tx: Any) -> str:
        accounts.set_active(tx, login, wanted, current_user.login)
        return f"{login} {'may log in again' if wanted else 'is locked out'}."

    return _do(deed)


@blueprint.post("/tokens")
@requires("administer")
def issue() -> Any:
    """A new token; its text is shown once."""
    form = request.form
    endpoints = [part.strip() for part in form.get("endpoints", "").replace(",", " ").split()]
    try:
        days = max(1, min(3650, int(form.get("days") or 365)))
        with installation().database.begin() as tx:
            made = tokens.issue(
                tx,
                form.get("name", "").strip() or "token",
                form.get("environment", ""),
                endpoints,
                current_user.login,
                valid_for=timedelta(days=days),
            )
    except (SecurityError, ValueError) as error:
        flash(str(error), "error")
        return redirect(url_for("accounts.show"))
    return _page(made)


@blueprint.post("/tokens/<token_id>/revoke")
@requires("administer")
def revoke(token_id: str) -> Any:
    """End a token at once."""

    def deed(tx: Any) -> str:
        tokens.revoke(tx, token_id, current_user.login, request.form.get("reason", "").strip())
        return f"Token {token_id} is worthless now."

    return _do(deed)


def _do(deed: Any) -> Any:
    try:
        with installation().database.begin() as tx:
            flash(deed(tx), "ok")
    except SecurityError as error:
        flash(error.message, "error")
    return redirect(url_for("accounts.show"))


def _page(made: Any = None) -> str:
    with installation().database.read() as connection:
        return render_template(
            "accounts.html",
            people=users.users(connection),
            tokens=stored_tokens.tokens(connection),
            environments=environments.environments(connection),
            roles=permissions.ROLES,
            made=made,
        )
