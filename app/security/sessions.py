"""Log-in sessions of people: a signed cookie that the server can end at any time."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import Flask, session
from flask_login import LoginManager, login_user, logout_user

from app.security.permissions import capabilities
from app.storage import users
from app.storage.users import UserRecord

LIFETIME = timedelta(hours=12)


@dataclass(frozen=True)
class Person:
    """Somebody logged in: what pages and API ask of `current_user`."""

    login: str
    name: str
    roles: tuple[str, ...]
    session_counter: int = 0
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False
    granted: frozenset[str] = field(default=frozenset())

    def can(self, capability: str) -> bool:
        """Whether one of the roles gives the capability."""
        return capability in self.granted

    def get_id(self) -> str:
        """What the cookie carries; a new session counter makes it worthless."""
        return f"{self.session_counter}|{self.login}"


NOBODY = Person("", "", (), is_authenticated=False, is_active=False, is_anonymous=True)


def person(record: UserRecord) -> Person:
    """The session's view of an account."""
    return Person(
        record.login, record.name, record.roles, record.session_counter, granted=capabilities(record.roles)
    )


def start_session(record: UserRecord) -> None:
    """Begin a fresh session: nothing of the one before the log-in survives."""
    session.clear()
    session.permanent = True
    login_user(person(record))


def end_session(database: Any) -> None:
    """Log out here and make every copy of the cookie worthless."""
    login = str(session.get("_user_id", "|")).partition("|")[2]
    if login:
        with database.begin() as tx:
            users.end_sessions(tx, login)
    logout_user()
    session.clear()


def signing_keys(secret_keys: Sequence[str]) -> list[str]:
    """Cookie keys derived from the installation's secret keys; the first signs, the rest still verify."""
    derived = (
        hmac.new(key.encode(), b"mapwright session cookie", hashlib.sha256).digest() for key in secret_keys
    )
    return [base64.b64encode(key).decode() for key in derived]


def register(app: Flask, database: Any, secret_keys: Sequence[str], public_url: str) -> None:
    """Cookie flags, keys and the loader that asks the database at every request."""
    keys = signing_keys(secret_keys)
    secure = public_url.startswith("https://")
    app.config.update(
        SECRET_KEY=keys[0],
        SECRET_KEY_FALLBACKS=keys[1:],
        SESSION_COOKIE_NAME="__Host-mapwright" if secure else "mapwright",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure,
        PERMANENT_SESSION_LIFETIME=LIFETIME,
    )
    manager = LoginManager(app)
    manager.anonymous_user = lambda: NOBODY
    manager.session_protection = None
    manager.login_view = "/login"

    @manager.user_loader
    def load(identity: str) -> Person | None:
        counter, _, login = identity.partition("|")
        with database.read() as connection:
            record = users.user(connection, login)
        current = record and record.active and str(record.session_counter) == counter
        return person(record) if record and current else None
