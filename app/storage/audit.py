"""The audit log's rows: appended once, each chained to the one before by its hash."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Integer, String, Table, Text, insert, select, update

from app.storage.database import UtcTime, metadata

audit_table = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("who", String(160), nullable=False),
    Column("what", String(80), nullable=False, index=True),
    Column("target", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
audit_head_table = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One deed. `before` and `after` are JSON text; `hash` covers every other column."""

    seq: int
    at: datetime
    who: str
    what: str
    target: str
    before: str
    after: str
    reason: str
    previous: str
    hash: str

    def as_json(self) -> dict[str, Any]:
        """The row with before and after as data."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return {
            **plain,
            "at": self.at.isoformat(),
            "before": json.loads(self.before),
            "after": json.loads(self.after),
        }


def locked_head(tx: Connection) -> tuple[int, str]:
    """The last row's number and hash; nobody else appends until the transaction ends."""
    query = select(audit_head_table.c.seq, audit_head_table.c.hash).with_for_update()
    found = tx.execute(query).first()
    if found is None:
        tx.execute(insert(audit_head_table).values(id=1, seq=0, hash=""))
        return 0, ""
    return found.seq, found.hash


def head(connection: Connection) -> tuple[int, str]:
    """The last row's number and hash, to be noted outside as an anchor."""
    found = connection.execute(select(audit_head_table.c.seq, audit_head_table.c.hash)).first()
    return (found.seq, found.hash) if found else (0, "")


def add_row(tx: Connection, row: Mapping[str, Any]) -> None:
    """Append a row and move the head onto it."""
    tx.execute(insert(audit_table).values(dict(row)))
    tx.execute(update(audit_head_table).values(seq=row["seq"], hash=row["hash"]))


def rows(connection: Connection, after: int = 0, limit: int | None = None) -> Iterator[AuditRow]:
    """Rows in order, from the one after a number."""
    query = select(audit_table).where(audit_table.c.seq > after).order_by(audit_table.c.seq).limit(limit)
    for row in connection.execute(query).mappings():
        yield AuditRow(**row)


def latest_rows(connection: Connection, before: int | None = None, limit: int = 100) -> list[AuditRow]:
    """Rows, latest first."""
    query = select(audit_table).order_by(audit_table.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(audit_table.c.seq < before)
    return [AuditRow(**row) for row in connection.execute(query).mappings()]
