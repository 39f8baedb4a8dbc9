"""Keys that were seen before, in a narrow table: one partitioned by day can't hold a unique key."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Any

from sqlalchemy import Column, Connection, Integer, String, Table, select, update

from app.storage.database import Json, UtcTime, among, metadata
from app.storage.dialects import Dialect, dialect_of
from app.storage.identity import digest, partition_of

duplicate_keys_table = Table(
    "duplicate_keys",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("key", String(40), primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("message_ids", Json, nullable=False),
    Column("at", UtcTime, nullable=False),
)


@dataclass(frozen=True)
class SeenKey:
    """A duplicate key in its scope (no flow: the caller's own key) and the content that came first."""

    environment: str
    endpoint: str
    flow: str
    text: str
    hash: str
    message_ids: tuple[str, ...]

    @cached_property
    def id(self) -> str:
        """The same key in the same scope."""
        return digest(self.environment, self.endpoint, self.flow, self.text)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the first one with a key was."""

    hash: str
    message_ids: tuple[str, ...]


def remember(tx: Connection, keys: Iterable[SeenKey], at: datetime) -> dict[str, Seen]:
    """Store keys in the order of their ids; those that were there before, by id."""
    rows = [_row(key, at) for key in sorted(keys, key=lambda k: k.id)]
    if not rows:
        return {}
    dialect = dialect_of(tx)
    found = dialect.execute_many(tx, _remembering(dialect), duplicate_keys_table, rows)
    new = {key for (key,) in found}
    return _seen(tx, [str(row["key"]) for row in rows if row["key"] not in new])


@cache
def _remembering(dialect: Dialect) -> Any:
    statement = dialect.insert_many(duplicate_keys_table, [c.name for c in duplicate_keys_table.c])
    statement = statement.on_conflict_do_nothing(index_elements=["partition", "key"])
    return statement.returning(duplicate_keys_table.c.key)


def _row(key: SeenKey, at: datetime) -> dict[str, object]:
    ids = {"partition": partition_of(key.id), "key": key.id}
    return {**ids, "hash": key.hash, "message_ids": list(key.message_ids), "at": at}


def _seen(tx: Connection, ids: Sequence[str]) -> dict[str, Seen]:
    c = duplicate_keys_table.c
    found: dict[str, Seen] = {}
    if ids:
        here = among(tx, c.partition, c.key, ids)
        for row in tx.execute(select(c.key, c.hash, c.message_ids).where(here)):
            found[row.key] = Seen(row.hash, tuple(row.message_ids))
    return found


def correct(tx: Connection, key: SeenKey, message_ids: Sequence[str]) -> None:
    """Say which messages a key stands for, once that is known."""
    c = duplicate_keys_table.c
    here = (c.partition == partition_of(key.id)) & (c.key == key.id)
    tx.execute(update(duplicate_keys_table).where(here).values(message_ids=list(message_ids)))
