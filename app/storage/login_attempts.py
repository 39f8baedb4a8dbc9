"""Attempts to log in within the last minutes, counted for all processes together."""

from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, Integer, String, Table, delete, func, insert, select

from app.storage.database import UtcTime, metadata, now

login_attempts_table = Table(
    "login_attempts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", String(200), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
)


def count_attempt(tx: Connection, key: str, window: timedelta) -> tuple[int, datetime]:
    """Note an attempt, forget the old ones; how many there are now and when the first was."""
    moment = now(tx)
    tx.execute(delete(login_attempts_table).where(login_attempts_table.c.at < moment - window))
    tx.execute(insert(login_attempts_table).values(key=key[:200], at=moment))
    columns = func.count(), func.min(login_attempts_table.c.at)
    count, first = tx.execute(select(*columns).where(login_attempts_table.c.key == key[:200])).one()
    return count, first


def forget_attempts(tx: Connection, key: str) -> None:
    """Start from zero again, after a log-in that succeeded."""
    tx.execute(delete(login_attempts_table).where(login_attempts_table.c.key == key[:200]))
