"""Raw bodies as they came in: immutable, one row a body however many messages it holds."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Integer, LargeBinary, String, Table, select

from app.storage.database import Json, UtcTime, among, insert_rows, metadata
from app.storage.identity import partition_of

bodies_table = Table(
    "bodies",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("id", String(40), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("media_type", String(200), nullable=False),
    Column("headers", Json, nullable=False),
    Column("at", UtcTime, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Body:
    """What a source or a caller sent, byte for byte."""

    id: str
    content: bytes
    hash: str
    media_type: str
    headers: Mapping[str, str]
    at: datetime


def add_bodies(tx: Connection, bodies: Sequence[Body]) -> None:
    """Store bodies; they are never changed."""
    insert_rows(tx, bodies_table, [{"partition": partition_of(b.id), **_columns(b)} for b in bodies])


def body(tx: Connection, id: str) -> Body:
    """One body; LookupError where there is none."""
    found = contents(tx, [id]).get(id)
    if found is None:
        raise LookupError(f"no body {id}")
    return found


def contents(tx: Connection, ids: Collection[str]) -> dict[str, Body]:
    """Some bodies by id."""
    if not ids:
        return {}
    c = bodies_table.c
    query = select(bodies_table).where(among(tx, c.partition, c.id, ids))
    return {row["id"]: Body(**_without_partition(row)) for row in tx.execute(query).mappings()}


def _columns(b: Body) -> dict[str, Any]:
    return {name: getattr(b, name) for name in Body.__slots__} | {"headers": dict(b.headers)}


def _without_partition(row: Any) -> dict[str, Any]:
    return {**{name: row[name] for name in Body.__slots__}, "content": bytes(row["content"])}
