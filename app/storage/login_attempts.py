"""Attempts to log in within a window of time, counted for all processes together."""

from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, Integer, String, Table, case, delete

from app.storage.database import UtcTime, insert, metadata, now

login_attempts_table = Table(
    "login_attempts",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("since", UtcTime, nullable=False),
)


def count_attempt(tx: Connection, key: str, window: timedelta) -> tuple[int, datetime]:
    """Count an attempt; how many there are now and since when. Parallel attempts wait for each other."""
    moment, table = now(tx), login_attempts_table
    over = table.c.since < moment - window
    counted = insert(tx, table).values(key=key[:200], count=1, since=moment)
    counted = counted.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "count": case((over, 1), else_=table.c["count"] + 1),
            "since": case((over, moment), else_=table.c.since),
        },
    )
    count, since = tx.execute(counted.returning(table.c["count"], table.c.since)).one()
    return count, since


def forget_attempts(tx: Connection, key: str, window: timedelta) -> None:
    """Start from zero again after a log-in that succeeded; what is over goes too."""
    table = login_attempts_table
    tx.execute(delete(table).where((table.c.key == key[:200]) | (table.c.since < now(tx) - window)))
