"""Rule sets being worked on: their files, and who changed which file when."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from app.storage.database import UtcTime, metadata, now

rulesets_table = Table(
    "rulesets",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("title", Text, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("created_at", UtcTime, nullable=False),
)
files_table = Table(
    "ruleset_files",
    metadata,
    Column("ruleset", String(120), ForeignKey(rulesets_table.c.name), primary_key=True),
    Column("path", String(240), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("etag", String(32), nullable=False),
    Column("updated_by", String(120), nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)
changes_table = Table(
    "ruleset_changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("ruleset", String(120), ForeignKey(rulesets_table.c.name), nullable=False, index=True),
    Column("path", String(240), nullable=False),
    Column("etag", String(32), nullable=False),
    Column("by", String(120), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("restores", Integer),
    Index("ix_ruleset_changes_path", "ruleset", "path", "id"),
)
contents_table = Table(
    "ruleset_contents",
    metadata,
    Column("etag", String(32), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One rule set that analysts work on."""

    name: str
    title: str
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a rule set; `etag` changes with every change of the content."""

    path: str
    content: bytes
    etag: str
    updated_by: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody wrote a file, or deleted it (then `etag` is empty).

    `restores` is the earlier change whose text was put back, where it was no new text.
    """

    id: int
    ruleset: str
    path: str
    etag: str
    by: str
    at: datetime
    restores: int | None = None

    @property
    def shows(self) -> int:
        """The change whose text the file has since this one."""
        return self.restores or self.id


def etag_of(content: bytes) -> str:
    """The etag of some content."""
    return hashlib.sha256(content).hexdigest()[:32]


def add_ruleset(tx: Connection, name: str, title: str, by: str) -> RuleSet:
    """Store a new, empty rule set."""
    row: dict[str, Any] = {"name": name, "title": title, "created_by": by, "created_at": now(tx)}
    tx.execute(insert(rulesets_table).values(row))
    return RuleSet(**row)


def set_title(tx: Connection, name: str, title: str) -> None:
    """Keep the title as ruleset.toml says it."""
    tx.execute(update(rulesets_table).where(rulesets_table.c.name == name).values(title=title))


def ruleset(connection: Connection, name: str) -> RuleSet | None:
    """One rule set by name."""
    row = connection.execute(select(rulesets_table).where(rulesets_table.c.name == name)).mappings().first()
    return RuleSet(**row) if row else None


def rulesets(connection: Connection) -> list[RuleSet]:
    """All rule sets by name."""
    rows = connection.execute(select(rulesets_table).order_by(rulesets_table.c.name)).mappings()
    return [RuleSet(**row) for row in rows]


def file(connection: Connection, ruleset: str, path: str) -> StoredFile | None:
    """One file."""
    row = connection.execute(_file_query(ruleset).where(files_table.c.path == path)).mappings().first()
    return _stored(row) if row else None


def files(connection: Connection, ruleset: str) -> list[StoredFile]:
    """All files by path."""
    rows = connection.execute(_file_query(ruleset).order_by(files_table.c.path)).mappings()
    return [_stored(row) for row in rows]


def add_file(tx: Connection, ruleset: str, path: str, content: bytes, by: str) -> bool:
    """Store a file that is not there yet; False where somebody was faster."""
    row = {"ruleset": ruleset, "path": path, **_written(tx, content, by)}
    try:
        with tx.begin_nested():
            tx.execute(insert(files_table).values(row))
    except IntegrityError:
        return False
    _record_change(tx, ruleset, path, content, by)
    return True


def replace_file(
    tx: Connection, ruleset: str, path: str, content: bytes, by: str, etag: str, restores: int | None = None
) -> bool:
    """Write a file that still has the etag; False where it has another by now."""
    here = _is(ruleset, path) & (files_table.c.etag == etag)
    if tx.execute(update(files_table).where(here).values(_written(tx, content, by))).rowcount != 1:
        return False
    _record_change(tx, ruleset, path, content, by, restores)
    return True


def remove_file(tx: Connection, ruleset: str, path: str, by: str, etag: str) -> bool:
    """Delete a file that still has the etag; False where it has another by now."""
    if tx.execute(delete(files_table).where(_is(ruleset, path), files_table.c.etag == etag)).rowcount != 1:
        return False
    _record_change(tx, ruleset, path, None, by)
    return True


def changes(connection: Connection, ruleset: str, after: int = 0) -> list[Change]:
    """Changes in order, from the one after a number."""
    newer = (changes_table.c.ruleset == ruleset) & (changes_table.c.id > after)
    rows = connection.execute(select(changes_table).where(newer).order_by(changes_table.c.id)).mappings()
    return [Change(**row) for row in rows]


def path_changes(connection: Connection, ruleset: str, path: str, limit: int = 200) -> list[Change]:
    """The latest changes of one file, newest first."""
    of = (changes_table.c.ruleset == ruleset) & (changes_table.c.path == path)
    query = select(changes_table).where(of).order_by(changes_table.c.id.desc()).limit(limit)
    return [Change(**row) for row in connection.execute(query).mappings()]


def content_of(connection: Connection, etag: str) -> bytes | None:
    """The text that had an etag; None for one written before texts were kept."""
    query = select(contents_table.c.content).where(contents_table.c.etag == etag)
    found = connection.execute(query).scalar()
    return None if found is None else bytes(found)


def last_change(connection: Connection, ruleset: str) -> int:
    """The number of the latest change, 0 before the first."""
    query = select(func.max(changes_table.c.id)).where(changes_table.c.ruleset == ruleset)
    return connection.execute(query).scalar() or 0


def _is(ruleset: str, path: str) -> Any:
    return (files_table.c.ruleset == ruleset) & (files_table.c.path == path)


def _file_query(ruleset: str) -> Any:
    columns = [column for column in files_table.c if column.name != "ruleset"]
    return select(*columns).where(files_table.c.ruleset == ruleset)


def _written(tx: Connection, content: bytes, by: str) -> dict[str, Any]:
    return {"content": content, "etag": etag_of(content), "updated_by": by, "updated_at": now(tx)}


def _record_change(
    tx: Connection, ruleset: str, path: str, content: bytes | None, by: str, restores: int | None = None
) -> None:
    etag = "" if content is None else etag_of(content)
    row = {"ruleset": ruleset, "path": path, "etag": etag, "by": by, "at": now(tx), "restores": restores}
    tx.execute(insert(changes_table).values(row))
    if content is not None:
        _keep_content(tx, etag, content)


def _keep_content(tx: Connection, etag: str, content: bytes) -> None:
    """Each text is kept once, whichever files have it."""
    if tx.execute(select(contents_table.c.etag).where(contents_table.c.etag == etag)).first():
        return
    try:
        with tx.begin_nested():
            tx.execute(insert(contents_table).values(etag=etag, content=content))
    except IntegrityError:
        pass  # somebody kept the same text at the same moment


def _stored(row: Any) -> StoredFile:
    return StoredFile(**{**row, "content": bytes(row["content"])})
