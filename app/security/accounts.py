"""Accounts of people: made and changed by an administrator, proved by a password."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from app.errors import NotFound
from app.security import audit, passwords, throttle
from app.security.errors import AccountInvalid, LoginRefused, TooManyAttempts
from app.security.permissions import ROLES
from app.storage import users
from app.storage.database import Database
from app.storage.users import UserRecord

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,79}", re.ASCII)


def create_user(
    tx: Connection, login: str, name: str, password: str, roles: Sequence[str], by: str = "system"
) -> UserRecord:
    """A new account; AccountInvalid for a taken or odd login, an unknown role or a poor password."""
    if not _LOGIN.fullmatch(login):
        raise AccountInvalid("a login is 1 to 80 of a-z, 0-9, dot, underscore, hyphen and @")
    if users.user(tx, login):
        raise AccountInvalid(f"the login {login} is taken")
    _check_roles(roles)
    record = users.add_user(tx, login, name or login, passwords.hash_password(password), roles)
    audit.append(tx, by, "user.create", f"user/{login}", after=public(record))
    return record


def set_roles(tx: Connection, login: str, roles: Sequence[str], by: str, reason: str = "") -> None:
    """Give an account other roles; its sessions end, so that nothing old lingers."""
    _check_roles(roles)
    before = _existing(tx, login)
    users.change_user(tx, login, roles=list(roles))
    users.end_sessions(tx, login)
    audit.append(tx, by, "user.roles", f"user/{login}", list(before.roles), sorted(set(roles)), reason)


def set_password(tx: Connection, login: str, password: str, by: str) -> None:
    """Set another password; every session of the account ends."""
    _existing(tx, login)
    users.change_user(tx, login, password_hash=passwords.hash_password(password))
    users.end_sessions(tx, login)
    audit.append(tx, by, "user.password", f"user/{login}")


def set_active(tx: Connection, login: str, active: bool, by: str, reason: str = "") -> None:
    """Lock an account out or let it in again."""
    before = _existing(tx, login)
    users.change_user(tx, login, active=active)
    users.end_sessions(tx, login)
    audit.append(tx, by, "user.active", f"user/{login}", before.active, active, reason)


def authenticate(database: Database, login: str, password: str, address: str = "") -> UserRecord:
    """The account behind login and password.

    Errors: LoginRefused (the same for an unknown login), TooManyAttempts (retry_after).
    """
    refused: TooManyAttempts | None = None
    with database.begin() as tx:
        try:
            throttle.check(tx, login, address)
        except TooManyAttempts as error:
            refused = error
        record = users.user(tx, login)
    if refused:
        raise refused
    right = passwords.matches(record.password_hash if record else None, password)
    with database.begin() as tx:
        if record is None or not right or not record.active:
            audit.append(tx, "anonymous", "login.refused", f"user/{login[:120]}", after={"address": address})
        else:
            throttle.reset(tx, login)
            audit.append(tx, login, "login", f"user/{login}", after={"address": address})
    if record is None or not right or not record.active:
        raise LoginRefused()
    return record


def public(record: UserRecord) -> dict[str, Any]:
    """What may be shown of an account."""
    return {"login": record.login, "name": record.name, "roles": list(record.roles), "active": record.active}


def _existing(tx: Connection, login: str) -> UserRecord:
    record = users.user(tx, login)
    if record is None:
        raise NotFound(f"there is no account {login}")
    return record


def _check_roles(roles: Sequence[str]) -> None:
    unknown = sorted(set(roles) - set(ROLES))
    if unknown or not roles:
        raise AccountInvalid(
            f"unknown roles: {', '.join(unknown) or '(none given)'}; known are {', '.join(ROLES)}"
        )
