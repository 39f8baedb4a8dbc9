"""Releases: immutable bytes under their sha256, numbered for each rule set."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
)

from app.storage.database import UtcTime, metadata, now

releases_table = Table(
    "releases",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("ruleset", String(120), nullable=False),
    Column("number", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("note", Text, nullable=False),
    Column("authors", Text, nullable=False),
    Column("report", Text, nullable=False),
    Column("last_change", Integer, nullable=False),
    UniqueConstraint("ruleset", "number", name="release_number"),
)
_RECORD_COLUMNS = [column for column in releases_table.c if column.name != "content"]


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """What is known of a release without its bytes.

    `authors` changed files since the release before; `report` is the test report it was cut with;
    `last_change` is the number of the last file change it includes.
    """

    id: str
    ruleset: str
    number: int
    created_by: str
    created_at: datetime
    note: str
    authors: tuple[str, ...]
    report: Mapping[str, Any]
    last_change: int = 0


def add_release(
    tx: Connection,
    release_id: str,
    ruleset: str,
    content: bytes,
    by: str,
    note: str = "",
    authors: Sequence[str] = (),
    report: Mapping[str, Any] | None = None,
    last_change: int = 0,
) -> ReleaseRecord:
    """Store a release under the next number of its rule set."""
    row = {
        "id": release_id,
        "ruleset": ruleset,
        "number": _last_number(tx, ruleset) + 1,
        "created_by": by,
        "created_at": now(tx),
        "note": note,
        "authors": json.dumps(sorted(set(authors)), ensure_ascii=False),
        "report": json.dumps(dict(report or {}), sort_keys=True, ensure_ascii=False),
        "last_change": last_change,
    }
    tx.execute(insert(releases_table).values(**row, content=content))
    return _record(row)


def release_record(tx: Connection, release_id: str) -> ReleaseRecord | None:
    """One release without its bytes."""
    query = select(*_RECORD_COLUMNS).where(releases_table.c.id == release_id)
    row = tx.execute(query).mappings().first()
    return _record(row) if row else None


def release_by_prefix(connection: Connection, prefix: str) -> ReleaseRecord | None:
    """The only release whose id begins like this, for people who type; None where there are several."""
    if len(prefix) < 8 or not prefix.isalnum():
        return None
    query = select(*_RECORD_COLUMNS).where(releases_table.c.id.startswith(prefix)).limit(2)
    rows = connection.execute(query).mappings().all()
    return _record(rows[0]) if len(rows) == 1 else None


def releases_between(connection: Connection, ruleset: str, low: int, high: int) -> list[ReleaseRecord]:
    """The releases of a rule set with a number above `low` and up to `high`."""
    number = releases_table.c.number
    query = select(*_RECORD_COLUMNS).where(releases_table.c.ruleset == ruleset, number > low, number <= high)
    return [_record(row) for row in connection.execute(query.order_by(number)).mappings()]


def release_records(tx: Connection, ruleset: str | None = None, limit: int = 200) -> list[ReleaseRecord]:
    """Releases, latest first, of one rule set or of all."""
    query = select(*_RECORD_COLUMNS).limit(limit)
    order = [releases_table.c.created_at.desc(), releases_table.c.number.desc()]
    if ruleset is not None:
        query = query.where(releases_table.c.ruleset == ruleset)
        order = [releases_table.c.number.desc()]
    return [_record(row) for row in tx.execute(query.order_by(*order)).mappings()]


def latest_release(tx: Connection, ruleset: str) -> ReleaseRecord | None:
    """The release with the highest number of a rule set."""
    return next(iter(release_records(tx, ruleset, 1)), None)


def release_content(tx: Connection, release_id: str) -> bytes:
    """The bytes of a release; LookupError where there is none."""
    found = tx.execute(select(releases_table.c.content).where(releases_table.c.id == release_id)).scalar()
    if found is None:
        raise LookupError(f"no release {release_id}")
    return bytes(found)


def _last_number(tx: Connection, ruleset: str) -> int:
    query = select(func.max(releases_table.c.number)).where(releases_table.c.ruleset == ruleset)
    return tx.execute(query).scalar() or 0


def _record(row: Any) -> ReleaseRecord:
    return ReleaseRecord(
        **{**row, "authors": tuple(json.loads(row["authors"])), "report": json.loads(row["report"])}
    )
