"""Sources that the clock polls: when next, and what went wrong last."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Integer, String, Table, Text, select

from app.storage.database import UtcTime, insert, metadata

polls_table = Table(
    "polls",
    metadata,
    Column("environment", String(60), primary_key=True),
    Column("endpoint", String(120), primary_key=True),
    Column("next_at", UtcTime, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    Column("taken", Integer, nullable=False),
    Column("problem", Text, nullable=False),
)


def polls(tx: Connection) -> dict[tuple[str, str], dict[str, Any]]:
    """What is known of each polled source, by environment and endpoint."""
    return {
        (row["environment"], row["endpoint"]): dict(row) for row in tx.execute(select(polls_table)).mappings()
    }


def put_poll(
    tx: Connection,
    environment: str,
    endpoint: str,
    last_at: datetime,
    next_at: datetime,
    taken: int,
    problem: str,
) -> None:
    """Remember a poll."""
    row = {"environment": environment, "endpoint": endpoint, "last_at": last_at, "next_at": next_at}
    statement = insert(tx, polls_table).values(**row, taken=taken, problem=problem[:2000])
    new = statement.excluded
    update = {"last_at": new.last_at, "next_at": new.next_at, "taken": polls_table.c.taken + new.taken}
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["environment", "endpoint"], set_={**update, "problem": new.problem}
        )
    )
