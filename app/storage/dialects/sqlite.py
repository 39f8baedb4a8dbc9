"""SQLite, the embedded default: WAL, each commit on the disk, one writer at a time."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import (
    URL,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Table,
    bindparam,
    create_engine,
    event,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects import sqlite

from app.storage.dialects.contract import Guards, Health, Reading, Write

_SETTINGS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY")
_SYNCHRONOUS = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}
_READ = "mapwright_read"


class Sqlite:
    """The dialect of SQLite."""

    name: Literal["sqlite"] = "sqlite"
    many_writers = False
    comes_back = False
    partitions = None

    def open(self, url: URL, guards: Guards) -> Engine:
        """A pool of connections to one file."""
        engine = create_engine(
            url,
            connect_args={"timeout": guards.busy, "isolation_level": None},
            pool_size=12,
            max_overflow=12,
            pool_timeout=5,
        )
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
        return engine

    def reading(self) -> Mapping[str, Any]:
        """A transaction that sees one state and takes no lock of writers."""
        return {_READ: True}

    @contextmanager
    def unhurried(self, connection: Connection) -> Iterator[None]:
        """Statements have no limit of time here."""
        yield

    @contextmanager
    def migrating(self, connection: Connection) -> Iterator[None]:
        """Foreign keys off: a table that is made anew would take what refers to it along."""
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("PRAGMA foreign_keys=OFF")
        try:
            yield
        finally:
            raw.execute("PRAGMA foreign_keys=ON")

    def restrict(self, tx: Connection, table: str, column: str, values: Collection[str]) -> None:
        """A constraint comes with its table alone: it is made anew, with its indexes, and takes the rows over."""
        found = text(
            "SELECT sql FROM sqlite_master WHERE tbl_name = :name AND sql IS NOT NULL ORDER BY type = 'table' DESC"
        )
        was, *others = tx.execute(found, {"name": table}).scalars().all()
        # a chain of comparisons: for a list SQLite makes a table at every row
        said = " OR ".join(f"\"{column}\" = '{value}'" for value in values)
        check = f', CONSTRAINT "ck_{table}_{column}" CHECK ({said})' if values else ""
        bare = re.sub(f', CONSTRAINT "ck_{table}_{column}" CHECK \\([^)]*\\)', "", was).rstrip()
        columns = bare[bare.index("(") : -1]
        tx.exec_driver_sql(f'CREATE TABLE "{table}_anew" {columns}{check})')
        tx.exec_driver_sql(f'INSERT INTO "{table}_anew" SELECT * FROM "{table}"')
        tx.exec_driver_sql(f'DROP TABLE "{table}"')
        tx.exec_driver_sql(f'ALTER TABLE "{table}_anew" RENAME TO "{table}"')
        for index in others:
            tx.exec_driver_sql(index)

    def examine(self, tx: Connection, table: str, column: str) -> None:
        """Done when the rows were taken over."""

    def end_silent(self, tx: Connection, seconds: float) -> int:
        """There are no sessions: a transaction ends with its process."""
        return 0

    def stored_time(self, moment: datetime) -> datetime:
        """There is no type with an offset."""
        return moment.replace(tzinfo=None)

    def writes_itself(self, type_: Any) -> bool:
        """Times and others are converted."""
        return False

    def now(self, tx: Connection) -> datetime:
        """The database is in this process."""
        return datetime.now(UTC)

    def clock(self, seconds: float) -> ColumnElement[Any]:
        """A value of the moment of each execution."""
        later = timedelta(seconds=seconds)
        return bindparam(None, callable_=lambda: datetime.now(UTC) + later, unique=True)

    def hasten(self, tx: Connection, lock_seconds: float, seconds: float) -> datetime:
        """Once a transaction has begun there is nothing left to wait for."""
        return self.now(tx)

    def insert(self, table: Table) -> Any:
        """With ON CONFLICT."""
        return sqlite.insert(table)

    def insert_many(self, table: Table, names: Sequence[str]) -> Any:
        """Executed once a row."""
        return sqlite.insert(table)

    def execute_many(
        self, tx: Connection, statement: Any, table: Table, rows: Sequence[Mapping[str, Any]]
    ) -> Sequence[Sequence[Any]]:
        """One set of parameters a row."""
        found = tx.execute(statement, list(rows))
        return found.all() if found.returns_rows else []

    def update_many(self, table: Table, keys: Sequence[str], values: Sequence[str]) -> Any:
        """Executed once a row."""
        here = [table.c[name] == bindparam(f"old_{name}") for name in keys]
        return update(table).where(*here).values({name: bindparam(f"new_{name}") for name in values})

    def renewed(
        self, table: Table, keys: Sequence[str], values: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> Any:
        """One set of parameters a row."""
        names = [*(f"old_{name}" for name in keys), *(f"new_{name}" for name in values)]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def write(self, tx: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Any]) -> None:
        """Executed once a row, without SQLAlchemy's ways."""
        tx.exec_driver_sql(_insert(table.name, columns), rows[0] if len(rows) == 1 else list(rows))

    def write_together(self, tx: Connection, writes: Sequence[Write]) -> None:
        """One after the other: the database is in this process."""
        for table, columns, rows in writes:
            self.write(tx, table, columns, rows)

    def among(self, columns: Sequence[Column[Any]], values: Sequence[Sequence[Any]]) -> ColumnElement[bool]:
        """A list of tuples."""
        return tuple_(*columns).in_(list(zip(*values, strict=True)))

    def listed(self, columns: Sequence[Column[Any]]) -> ColumnElement[bool]:
        """A list of tuples."""
        return tuple_(*columns).in_(bindparam("listed", expanding=True))

    def listing(self, columns: Sequence[Column[Any]], values: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """A list of tuples."""
        return {"listed": list(zip(*values, strict=True))}

    def for_each(
        self,
        tx: Connection,
        query: Any,
        columns: Sequence[Column[Any]],
        values: Sequence[Sequence[Any]],
        given: Mapping[str, Any],
    ) -> Iterator[Any]:
        """One statement a row: the database is in this process."""
        one = _of_one(query, tuple(columns))
        names = [f"one_{column.name}" for column in columns]
        for row in zip(*values, strict=True):
            yield from tx.execute(one, {**given, **dict(zip(names, row, strict=True))})

    def groups(self, query: Any, columns: Sequence[Column[Any]]) -> Any:
        """Read off the index."""
        return query.distinct().cte("flows")

    def folder(self, url: URL, read: Reading) -> Path | None:
        """That of the file."""
        return Path(url.database).resolve().parent if url.database else None

    def health(self, tx: Connection) -> Iterator[Health]:
        """The journal and how a commit reaches the disk."""
        version = tx.execute(text("select sqlite_version()")).scalar_one()
        journal = str(tx.execute(text("PRAGMA journal_mode")).scalar_one())
        level = _SYNCHRONOUS.get(tx.execute(text("PRAGMA synchronous")).scalar_one(), "?")
        said = f"SQLite {version}, journal {journal}, synchronous {level}"
        if journal != "wal" or level not in ("FULL", "EXTRA"):
            yield Health("fail", said, "the data folder must be on a disk of this machine that allows WAL")
        else:
            yield Health("ok", said)

    def mended(self, error: Exception) -> bool:
        """A file is there or it is not."""
        return False

    def damaged(self, error: Exception) -> bool:
        """As SQLite says it."""
        return "malformed" in str(error) or "not a database" in str(error)


@cache
def _of_one(query: Any, columns: tuple[Column[Any], ...]) -> Any:
    return query.where(*[column == bindparam(f"one_{column.name}") for column in columns])


@cache
def _insert(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f'INSERT INTO "{table}" ({names}) VALUES ({", ".join("?" * len(columns))})'


def _configure(connection: Any, _record: Any) -> None:
    for setting in _SETTINGS:
        connection.execute(f"PRAGMA {setting}")


def _begin(connection: Connection) -> None:
    reading = bool(connection.get_execution_options().get(_READ))
    if connection.info.get(_READ, False) != reading:
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
        connection.info[_READ] = reading
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
