"""Raw bodies as they came in: immutable, one row a body however many messages it holds."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, LargeBinary, String, select

from app.storage.database import Json, UtcTime, among, kept_by_day
from app.storage.dialects import Write
from app.storage.identity import place_of

bodies_table = kept_by_day(
    "bodies",
    "id",
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


_COLUMNS = ("id", "content", "hash", "media_type", "headers", "at")


def new_bodies(bodies: Sequence[Body]) -> Write:
    """What is to be written of bodies; they are never changed."""
    rows = [(*place_of(b.id), b.id, b.content, b.hash, b.media_type, dict(b.headers), b.at) for b in bodies]
    return Write(bodies_table, ("partition", "day", *_COLUMNS), rows)


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
    query = select(*[c[name] for name in _COLUMNS]).where(among(tx, c.partition, c.id, ids))
    rows = tx.execute(query)
    return {id: Body(id, bytes(content), *rest) for id, content, *rest in rows}
