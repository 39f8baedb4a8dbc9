"""What somebody tried that nobody may: refused jobs and the like."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Connection, Index, String, Table, select

from app.storage.database import Json, UtcTime, metadata, now
from app.storage.identity import new_id

security_events_table = Table(
    "security_events",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("kind", String(60), nullable=False),
    Column("source", String(200), nullable=False),
    Column("details", Json, nullable=False),
)
Index("ix_security_events_at", security_events_table.c.at)


def record(tx: Connection, kind: str, source: str, details: Mapping[str, Any]) -> str:
    """Store one event; its id."""
    id = new_id(0)
    row = {"id": id, "at": now(tx), "kind": kind[:60], "source": source[:200], "details": dict(details)}
    tx.execute(security_events_table.insert().values(row))
    return id


def security_events(tx: Connection, limit: int = 100) -> list[dict[str, Any]]:
    """Events, latest first."""
    query = select(security_events_table).order_by(security_events_table.c.at.desc()).limit(limit)
    return [dict(row) for row in tx.execute(query).mappings()]
