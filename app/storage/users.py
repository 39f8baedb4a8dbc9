"""People who may log in: login, name, password hash, roles and the counter that ends their sessions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Integer, String, Table, Text, insert, select, update

from app.storage.database import UtcTime, metadata, now

users_table = Table(
    "users",
    metadata,
    Column("login", String(120), primary_key=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("session_counter", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)


@dataclass(frozen=True, slots=True)
class UserRecord:
    """One account. A session is valid only while it carries the present `session_counter`."""

    login: str
    name: str
    password_hash: str
    roles: tuple[str, ...]
    active: bool
    session_counter: int
    created_at: datetime


def add_user(tx: Connection, login: str, name: str, password_hash: str, roles: Sequence[str]) -> UserRecord:
    """Store a new account."""
    row = {
        "login": login,
        "name": name,
        "password_hash": password_hash,
        "roles": json.dumps(sorted(set(roles))),
        "active": True,
        "session_counter": 1,
        "created_at": now(tx),
    }
    tx.execute(insert(users_table).values(row))
    return _record(row)


def user(tx: Connection, login: str) -> UserRecord | None:
    """One account by login."""
    row = tx.execute(select(users_table).where(users_table.c.login == login)).mappings().first()
    return _record(row) if row else None


def users(tx: Connection) -> list[UserRecord]:
    """All accounts by login."""
    return [_record(row) for row in tx.execute(select(users_table).order_by(users_table.c.login)).mappings()]


def change_user(tx: Connection, login: str, **values: Any) -> bool:
    """Write some columns of an account (name, password_hash, roles, active); False where unknown."""
    if "roles" in values:
        values["roles"] = json.dumps(sorted(set(values["roles"])))
    return tx.execute(update(users_table).where(users_table.c.login == login).values(values)).rowcount == 1


def end_sessions(tx: Connection, login: str) -> None:
    """Make every session of the account invalid, on every server."""
    counter = users_table.c.session_counter
    tx.execute(update(users_table).where(users_table.c.login == login).values(session_counter=counter + 1))


def _record(row: Any) -> UserRecord:
    return UserRecord(**{**row, "roles": tuple(json.loads(row["roles"]))})
