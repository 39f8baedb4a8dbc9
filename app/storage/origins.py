"""Where a message or delivery comes from that a person made: what was edited, and what a replay may send."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, String, Table, select

from app.storage.database import Json, UtcTime, insert_rows, metadata
from app.storage.identity import partition_of

limits_table = Table(
    "replay_limits",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("message_id", String(40), primary_key=True),
    Column("endpoints", Json, nullable=False),
)
edits_table = Table(
    "edits",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("id", String(40), primary_key=True),
    Column("edited_from", String(40), nullable=False),
    Column("before_hash", String(64), nullable=False),
    Column("after_hash", String(64), nullable=False),
    Column("by", String(160), nullable=False),
    Column("at", UtcTime, nullable=False),
)
Index("ix_edits_from", edits_table.c.edited_from)


def limit_to(tx: Connection, message_ids: Collection[str], endpoints: Sequence[str]) -> None:
    """Say that these messages send to these endpoints only."""
    rows = [
        {"partition": partition_of(id), "message_id": id, "endpoints": list(endpoints)} for id in message_ids
    ]
    insert_rows(tx, limits_table, rows)


def limit_of(tx: Connection, message_id: str) -> list[str] | None:
    """The only endpoints that a message may send to; None where it sends what its flow says."""
    c = limits_table.c
    query = select(c.endpoints).where(c.partition == partition_of(message_id), c.message_id == message_id)
    found: list[str] | None = tx.execute(query).scalar()
    return found


def add_edit(
    tx: Connection, id: str, edited_from: str, hashes: tuple[str, str], by: str, at: datetime
) -> None:
    """Link a message or delivery to the one that it was edited from."""
    before, after = hashes
    row = {"edited_from": edited_from, "before_hash": before, "after_hash": after, "by": by, "at": at}
    insert_rows(tx, edits_table, [{"partition": partition_of(id), "id": id, **row}])


def edited_from(tx: Connection, id: str) -> str:
    """The message or delivery that this one was edited from; empty where it was not edited."""
    c = edits_table.c
    query = select(c.edited_from).where(c.partition == partition_of(id), c.id == id)
    return str(tx.execute(query).scalar() or "")


def edited_to(tx: Connection, id: str) -> list[dict[str, Any]]:
    """What was made of a message or delivery by editing it, in order."""
    c = edits_table.c
    query = select(c.id, c.by, c.at, c.before_hash, c.after_hash).where(c.edited_from == id).order_by(c.at)
    return [dict(row) for row in tx.execute(query).mappings()]
