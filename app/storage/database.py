"""Open the database and its transactions; the few lines in which SQLite and PostgreSQL differ."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    Interval,
    MetaData,
    String,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    create_engine,
    event,
    false,
    func,
    literal,
    select,
    text,
    tuple_,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.types import TypeDecorator

from app.storage.identity import day_of, partition_of
from app.storage.pooling import look_before_use
from app.storage.rows import write_rows

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# A host that is cut off inside a transaction keeps its locks until the server ends its session: sooner than
# those who wait for them give up.
_GUARDS = (
    "-c timezone=UTC -c jit=off -c statement_timeout=60s -c lock_timeout=20s"
    " -c idle_in_transaction_session_timeout=10s"
)
_HASTEN = text(
    "select clock_timestamp() from (select set_config('lock_timeout', :locks, true),"
    " set_config('statement_timeout', :whole, true)) as limits"
)
# And who is cut off does not wait for an answer that will never come.
_SILENCE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
_TRANSACTION_SECONDS = 300
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
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

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
        self.kind: Literal["sqlite", "postgresql"] = (
            "sqlite" if engine.dialect.name == "sqlite" else "postgresql"
        )

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that writes; it commits at the end of the block or is undone by an exception."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Read only: it waits for no writer and stops none. On PostgreSQL every statement sees what is there then."""
        with self.engine.connect().execution_options(**self._read_options()) as connection:
            yield connection

    def _read_options(self) -> dict[str, Any]:
        """Read committed sees no more as a transaction than as statements; those cost a third of the round trips."""
        return {"mapwright_read": True} if self.kind == "sqlite" else {"isolation_level": "AUTOCOMMIT"}

    def now(self, tx: Connection) -> datetime:
        """The database's clock: the only one that leases, retries and timers go by."""
        return now(tx)

    def insert(self, table: Table) -> Any:
        """An INSERT that knows ON CONFLICT in this database's words."""
        return insert(table, self.kind)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Connect lazily to a SQLite file or a PostgreSQL server, with the guards each needs."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return Database(_open_sqlite(url))
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(
        parsed,
        pool_size=12,
        max_overflow=12,
        pool_timeout=5,
        connect_args={"options": _GUARDS, "connect_timeout": 5, **_SILENCE},
    )
    look_before_use(engine)
    event.listen(engine, "connect", _limit_transactions)
    return Database(engine)


def _limit_transactions(connection: Any, _record: Any) -> None:
    """From PostgreSQL 17 on: the time limit of an idle session does not run after a pipeline of statements."""
    if connection.info.server_version >= 170000:
        connection.execute(f"SET transaction_timeout = '{_TRANSACTION_SECONDS}s'")
        connection.commit()


def _open_sqlite(url: str) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": 30, "isolation_level": None},
        pool_size=12,
        max_overflow=12,
        pool_timeout=5,
    )
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("mapwright_read")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def now(tx: Connection) -> datetime:
    """The database's clock, inside a transaction."""
    if tx.dialect.name == "sqlite":
        return datetime.now(UTC)
    moment: datetime = tx.execute(text("select clock_timestamp()")).scalar_one()
    return moment.astimezone(UTC)


def hasten(tx: Connection, lock_seconds: float, seconds: float) -> datetime:
    """Have this transaction wait for locks and statements no longer than so; the database's clock."""
    if tx.dialect.name == "sqlite":
        return now(tx)
    limits = {"locks": f"{lock_seconds * 1000:.0f}ms", "whole": f"{seconds * 1000:.0f}ms"}
    moment: datetime = tx.execute(_HASTEN, limits).scalar_one()
    return moment.astimezone(UTC)


def clock(tx: Connection, seconds: float = 0.0) -> ColumnElement[Any]:
    """The database's clock, so many seconds later, within a statement: it saves the question before it."""
    if tx.dialect.name == "sqlite":
        return literal(now(tx) + timedelta(seconds=seconds), UtcTime)
    later = literal(timedelta(seconds=seconds), Interval())
    return type_coerce(func.clock_timestamp() + later, UtcTime)


def insert(table: Table, kind: str) -> Any:
    """An INSERT with on_conflict_do_nothing and on_conflict_do_update on both databases."""
    return sqlite.insert(table) if kind == "sqlite" else postgresql.insert(table)


def insert_many(table: Table, kind: str, names: Sequence[str]) -> Any:
    """The same INSERT for any number of rows at once, in the order given; execute it with `many`.

    On PostgreSQL the rows travel as one array a column, so that the text is the same for every number of rows.
    """
    if kind == "sqlite":
        return sqlite.insert(table)
    arrays = [
        bindparam(name, type_=postgresql.ARRAY(_unbounded(table.c[name].type), dimensions=1))
        for name in names
    ]
    rows = func.unnest(*arrays).table_valued(*names).render_derived()
    return postgresql.insert(table).from_select(list(names), select(*[rows.c[name] for name in names]))


def _unbounded(type_: Any) -> Any:
    """A cast to a text of limited length would cut it without a word."""
    return Text() if isinstance(type_, String) else type_


def many(kind: str, rows: Sequence[Mapping[str, Any]]) -> Any:
    """Rows as the parameters of an `insert_many`."""
    return list(rows) if kind == "sqlite" else {name: [row[name] for row in rows] for name in rows[0]}


def kept_by_day(name: str, id: str, *columns: Any) -> Table:
    """A table that grows with every message: on PostgreSQL each day of `id` has a partition of its own."""
    return Table(
        name,
        metadata,
        Column("partition", Integer, primary_key=True, autoincrement=False),
        Column("day", Integer, primary_key=True, autoincrement=False),
        *columns,
        info={"day_of": id},
        postgresql_partition_by="RANGE (day)",
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
    if not known:
        return false()
    columns: list[Any] = [partition, id]
    values: list[list[Any]] = [[partition_of(one) for one in known], known]
    day = id.table.c.get("day")
    if day is not None:
        columns.insert(1, day)
        values.insert(1, [day_of(one) for one in known])
    if tx.dialect.name == "sqlite":
        return tuple_(*columns).in_(list(zip(*values, strict=True)))
    types = [postgresql.ARRAY(Text if isinstance(found[0], str) else Integer) for found in values]
    rows = func.unnest(*[literal(found, type_) for found, type_ in zip(values, types, strict=True)])
    named = rows.table_valued(*[f"c{n}" for n in range(len(columns))]).render_derived()
    here = tuple_(*columns).in_(select(*named.c))
    return here if day is None else and_(day == any_(literal(sorted(set(values[1])), types[1])), here)


def insert_rows(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write many rows of equal columns at once, as dictionaries."""
    if not rows:
        return
    columns = list(rows[0])
    write_rows(tx, table, columns, [[row[name] for name in columns] for row in rows])


def chunks(rows: Sequence[Any], size: int = _ROWS_A_STATEMENT) -> Iterator[Sequence[Any]]:
    """Slices small enough for the parameters of one statement."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
