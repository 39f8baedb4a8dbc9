"""Open the database and its transactions; the types and statements that every table goes by.

What SQLite and PostgreSQL do not say alike is asked of `app.storage.dialects`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    false,
    literal_column,
    type_coerce,
)
from sqlalchemy.engine import make_url
from sqlalchemy.types import TypeDecorator

from app.storage.dialects import Dialect as OwnDialect
from app.storage.dialects import Guards, by_day, dialect_named, dialect_of
from app.storage.identity import day_of, partition_of
from app.storage.rows import write_rows

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ROWS_A_STATEMENT = 500
_TEXT = msgspec.json.Encoder(order="sorted", decimal_format="string", enc_hook=str)
_EXACT = msgspec.json.Decoder(float_hook=Decimal)
_NUMBERS = msgspec.json.Encoder(order="sorted", decimal_format="number", enc_hook=str)


class UtcTime(TypeDecorator[datetime]):
    """A timezone-aware moment, UTC going in and coming out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC; without an offset where the database has no such type."""
        if value is None:
            return None
        return dialect_named(dialect.name).stored_time(value.astimezone(UTC))

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """With its offset again."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """Canonical JSON as text: equal values are equal bytes on both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Sorted keys, no white space, no NaN."""
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Plain data again."""
        return None if value is None else msgspec.json.decode(value)


class ExactJson(TypeDecorator[Any]):
    """Canonical JSON as text in which numbers stay numbers, whatever their length: documents and records."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Sorted keys, no white space; a decimal is written as a number."""
        return None if value is None else exact_bytes(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Plain data again, decimals as Decimal."""
        return None if value is None else read_exact(value.encode())


def canonical_json(value: Any) -> str:
    """Sorted keys, no white space, UTF-8, no NaN; what JSON lacks becomes text."""
    return _TEXT.encode(value).decode()


def exact_bytes(document: Any) -> bytes:
    """A document as bytes that differ wherever the document does: numbers stay apart from texts."""
    return _NUMBERS.encode(document)


def read_exact(content: bytes) -> Any:
    """What `exact_bytes` wrote."""
    return _EXACT.decode(content)


class Database:
    """One database, shared by the threads of a process; open it anew after a fork."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.dialect = dialect = dialect_of(engine)
        self.kind = dialect.name

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that writes; it commits at the end of the block or is undone by an exception."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """It waits for no writer, stops none and can't write. On PostgreSQL every statement sees what is there then."""
        with self.engine.connect().execution_options(**self.dialect.reading()) as connection:
            yield connection

    def now(self, tx: Connection) -> datetime:
        """The database's clock: the only one that leases, retries and timers go by."""
        return now(tx)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def open_database(url: str, guards: Guards | None = None) -> Database:
    """Connect lazily to a SQLite file or a PostgreSQL server, with the guards each needs."""
    return Database(dialect_named(url).open(make_url(url), guards or Guards()))


def now(tx: Connection) -> datetime:
    """The database's clock, inside a transaction."""
    return dialect_of(tx).now(tx)


def hasten(tx: Connection, lock_seconds: float, seconds: float) -> datetime:
    """Have this transaction wait for locks and statements no longer than so; the database's clock."""
    return dialect_of(tx).hasten(tx, lock_seconds, seconds)


def clock(dialect: OwnDialect, seconds: float = 0.0) -> ColumnElement[Any]:
    """The database's clock, so many seconds later, within a statement: it saves the question before it."""
    return type_coerce(dialect.clock(seconds), UtcTime)


def insert(tx: Connection, table: Table) -> Any:
    """An INSERT with on_conflict_do_nothing and on_conflict_do_update on both databases."""
    return dialect_of(tx).insert(table)


def kept_by_day(name: str, id: str, *columns: Any) -> Table:
    """A table that grows with every message: on PostgreSQL each day of `id` has a partition of its own."""
    return Table(
        name,
        metadata,
        Column("partition", Integer, primary_key=True, autoincrement=False),
        Column("day", Integer, primary_key=True, autoincrement=False),
        *columns,
        info={"day_of": id},
        **by_day(),
    )


def at_id(id: Column[str], value: str) -> ColumnElement[bool]:
    """The rows of one id, in its partition and, where the table is kept by day, on its day."""
    c = id.table.c
    here = and_(c.partition == partition_of(value), id == value)
    return and_(here, c.day == day_of(value)) if "day" in c else here


def among(
    tx: Connection, partition: Column[int], id: Column[str], ids: Collection[str]
) -> ColumnElement[bool]:
    """Rows with one of these ids, found by partition, id and, where the table is kept by day, day together."""
    known = sorted(set(ids))
    return dialect_of(tx).among(_found_by(partition, id), _places(id, known)) if known else false()


def listed(dialect: OwnDialect, partition: Column[int], id: Column[str]) -> ColumnElement[bool]:
    """As `among`, for a statement that is made once; execute it with `listing`, for one id at least."""
    return dialect.listed(_found_by(partition, id))


def listing(tx: Connection, partition: Column[int], id: Column[str], ids: Collection[str]) -> dict[str, Any]:
    """The values of a `listed`."""
    return dialect_of(tx).listing(_found_by(partition, id), _places(id, sorted(set(ids))))


def _found_by(partition: Column[int], id: Column[str]) -> list[Column[Any]]:
    day = id.table.c.get("day")
    return [partition, id] if day is None else [partition, day, id]


def _places(id: Column[str], known: Sequence[str]) -> list[Sequence[Any]]:
    partitions = [partition_of(one) for one in known]
    by_day = "day" in id.table.c
    return [partitions, [day_of(one) for one in known], known] if by_day else [partitions, known]


def insert_rows(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write many rows of equal columns at once, as dictionaries."""
    if not rows:
        return
    columns = list(rows[0])
    write_rows(tx, table, columns, [[row[name] for name in columns] for row in rows])


def one_of(column: Column[str], *words: str) -> ColumnElement[bool]:
    """Rows with one of these words of ours, written into the statement.

    A statement that is planned once for all parameters finds the index of such rows only by its words.
    """
    said: list[Any] = [literal_column(f"'{word}'") for word in words]
    return column == said[0] if len(said) == 1 else column.in_(said)


def chunks(rows: Sequence[Any], size: int = _ROWS_A_STATEMENT) -> Iterator[Sequence[Any]]:
    """Slices small enough for the parameters of one statement."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
