"""PostgreSQL: many writers on many hosts, sessions with limits, partitions of days."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import (
    URL,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    Integer,
    Interval,
    LargeBinary,
    String,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    create_engine,
    event,
    func,
    literal,
    literal_column,
    select,
    text,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.storage.dialects.contract import Guards, Health, Reading
from app.storage.dialects.partitions import DayPartitions
from app.storage.dialects.pooling import look_before_use

_HASTEN = text(
    "select clock_timestamp() from (select set_config('lock_timeout', :locks, true),"
    " set_config('statement_timeout', :whole, true)) as limits"
)
# Who is cut off does not wait for an answer that will never come; the server asks likewise whether we are there.
_SILENCE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
_ONE_AT_A_TIME = (
    "select set_config('lock_timeout', '10min', true), pg_advisory_lock(hashtext('mapwright migrate'))"
)
# Of this role, database and name, so that it is one of ours; whoever waits for anything but its client is at work.
_END_SILENT = text(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
    " and usename = current_user and application_name = current_setting('application_name')"
    " and pid <> pg_backend_pid() and state = 'active' and wait_event = 'ClientRead'"
    " and query_start < clock_timestamp() - make_interval(secs => :seconds)"
)
_FEW = 8
_NATIVE = (Boolean, DateTime, LargeBinary)
_ONE: Any = literal_column("1")  # said in the text, so that the planner knows how little is asked
_OLDEST = 14
_BUSY = 0.8
_SHOWN = (
    "server_version", "server_version_num", "fsync", "full_page_writes", "synchronous_commit", "max_connections",
)  # fmt: skip
_NOT_MENDED = ("authentication failed", "does not exist", "no pg_hba.conf entry")
_HERE = ("", "localhost", "127.0.0.1", "::1")


class Postgresql:
    """The dialect of PostgreSQL."""

    name: Literal["postgresql"] = "postgresql"
    many_writers = True
    comes_back = True
    partitions = DayPartitions()

    def open(self, url: URL, guards: Guards) -> Engine:
        """A pool of sessions that can't write by themselves: a transaction says that it does when it begins.

        So what only reads needs no transaction, hence no further round trip, and can't write all the same.
        """
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        limits = {
            "statement_timeout": guards.statement,
            "lock_timeout": guards.lock,
            "idle_in_transaction_session_timeout": guards.idle,
        }
        options = (
            "-c application_name=mapwright -c timezone=UTC -c jit=off -c default_transaction_read_only=on"
        )
        options += "".join(f" -c tcp_{name}={_SILENCE[name]}" for name in _SILENCE if name.startswith("keep"))
        options += "".join(f" -c {name}={_milliseconds(value)}" for name, value in limits.items())
        engine = create_engine(
            url,
            pool_size=12,
            max_overflow=12,
            pool_timeout=5,
            connect_args={"options": options, "connect_timeout": 5, **_SILENCE},
        )
        look_before_use(engine)
        event.listen(engine, "connect", lambda connection, _record: _configure(connection, guards))
        return engine

    def reading(self) -> Mapping[str, Any]:
        """Read committed sees no more as a transaction than as statements; those cost a third of the round trips."""
        return {"isolation_level": "AUTOCOMMIT"}

    @contextmanager
    def migrating(self, connection: Connection) -> Iterator[None]:
        """Without limits of time; locks are still given up. One at a time: the next one finds nothing left to do."""
        with self.unhurried(connection):
            connection.exec_driver_sql(_ONE_AT_A_TIME)
            connection.commit()
            yield

    @contextmanager
    def unhurried(self, connection: Connection) -> Iterator[None]:
        """Without limits of time; nobody else gets the session afterwards."""
        _without_limits(connection)
        try:
            yield
        finally:
            connection.invalidate()

    def restrict(self, tx: Connection, table: str, column: str, values: Collection[str]) -> None:
        """A constraint of the table and all its partitions, without a look at what is there: nobody has to wait."""
        listed = ", ".join(f"'{value}'" for value in values)
        tx.exec_driver_sql(f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "ck_{table}_{column}"')
        if values:
            check = f'CHECK ("{column}" IN ({listed})) NOT VALID'
            tx.exec_driver_sql(f'ALTER TABLE "{table}" ADD CONSTRAINT "ck_{table}_{column}" {check}')

    def examine(self, tx: Connection, table: str, column: str) -> None:
        """Under a lock that stops nobody who reads or writes."""
        tx.exec_driver_sql(f'ALTER TABLE "{table}" VALIDATE CONSTRAINT "ck_{table}_{column}"')

    def end_silent(self, tx: Connection, seconds: float) -> int:
        """The server waits for the rows of a COPY without looking at its own limits; ended it can be."""
        return len(tx.execute(_END_SILENT, {"seconds": seconds}).all())

    def stored_time(self, moment: datetime) -> datetime:
        """As it is."""
        return moment

    def writes_itself(self, type_: Any) -> bool:
        """What psycopg knows."""
        return isinstance(type_, _NATIVE)

    def now(self, tx: Connection) -> datetime:
        """The server's clock."""
        moment: datetime = tx.execute(text("select clock_timestamp()")).scalar_one()
        return moment.astimezone(UTC)

    def clock(self, tx: Connection, seconds: float) -> ColumnElement[Any]:
        """Asked by the statement itself: it saves the question before it."""
        return func.clock_timestamp() + literal(timedelta(seconds=seconds), Interval())

    def hasten(self, tx: Connection, lock_seconds: float, seconds: float) -> datetime:
        """Limits of this transaction and the clock in one round trip."""
        limits = {"locks": _milliseconds(lock_seconds), "whole": _milliseconds(seconds)}
        moment: datetime = tx.execute(_HASTEN, limits).scalar_one()
        return moment.astimezone(UTC)

    def insert(self, table: Table) -> Any:
        """With ON CONFLICT."""
        return postgresql.insert(table)

    def insert_many(self, table: Table, names: Sequence[str]) -> Any:
        """The rows travel as one array a column, so that the text is the same for every number of rows."""
        arrays = [
            bindparam(name, type_=postgresql.ARRAY(_unbounded(table.c[name].type), dimensions=1))
            for name in names
        ]
        rows = func.unnest(*arrays).table_valued(*names).render_derived()
        return postgresql.insert(table).from_select(list(names), select(*[rows.c[name] for name in names]))

    def many(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        """One array a column."""
        return {name: [row[name] for row in rows] for name in rows[0]}

    def update_many(self, table: Table, keys: Sequence[str], values: Sequence[str]) -> Any:
        """The rows travel as one array a column; the days once more by themselves, to leave partitions out."""
        names = {f"old_{name}": table.c[name] for name in keys} | {
            f"new_{name}": table.c[name] for name in values
        }
        arrays = [
            bindparam(name, type_=postgresql.ARRAY(_unbounded(column.type), dimensions=1))
            for name, column in names.items()
        ]
        rows = func.unnest(*arrays).table_valued(*names).render_derived().c
        here = [table.c[name] == rows[f"old_{name}"] for name in keys]
        if "day" in keys:
            here.append(
                table.c.day == any_(bindparam("old_day", type_=postgresql.ARRAY(Integer, dimensions=1)))
            )
        return update(table).where(*here).values({name: rows[f"new_{name}"] for name in values})

    def renewed(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        """One array a column."""
        return self.many(rows)

    def write(self, tx: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Any]) -> None:
        """Few rows by INSERT, many by COPY."""
        insert, copy = _writing(table.name, columns)
        if len(rows) >= _FEW:
            _copy(tx, copy, rows)
        else:
            tx.exec_driver_sql(insert, rows[0] if len(rows) == 1 else list(rows))

    def among(self, columns: Sequence[Column[Any]], values: Sequence[Sequence[Any]]) -> ColumnElement[bool]:
        """One array a column; the days once more by themselves, for it is by them that partitions are left out."""
        types = [postgresql.ARRAY(Text if isinstance(found[0], str) else Integer) for found in values]
        rows = func.unnest(*[literal(list(found), type_) for found, type_ in zip(values, types, strict=True)])
        named = rows.table_valued(*[f"c{n}" for n in range(len(columns))]).render_derived()
        here: ColumnElement[bool] = tuple_(*columns).in_(select(*named.c))
        for column, found, type_ in zip(columns, values, types, strict=True):
            if column.name == "day":
                here = and_(column == any_(literal(sorted(set(found)), type_)), here)
        return here

    def for_each(
        self, tx: Connection, query: Any, columns: Sequence[Column[Any]], values: Sequence[Sequence[Any]]
    ) -> Iterator[Any]:
        """One statement: the query stands beside the table."""
        of_one = query.lateral()
        every = select(of_one).join_from(columns[0].table, of_one, true())
        yield from tx.execute(every.where(self.among(columns, values)))

    def groups(self, query: Any, columns: Sequence[Column[Any]]) -> Any:
        """From one group to the next along an index that stands in their order."""
        some = query.order_by(*columns).limit(_ONE)
        flows = select(some.subquery()).cte("flows", recursive=True)
        after = tuple_(*columns) > tuple_(*[flows.c[column.name] for column in columns])
        following = some.where(after).correlate(flows).lateral("following")
        return flows.union_all(select(following).select_from(flows.join(following, literal_column("true"))))

    def folder(self, url: URL, read: Reading) -> Path | None:
        """That of a server on this machine which says where it is."""
        host = str(url.host or url.query.get("host", ""))
        if not (host.startswith("/") or host in _HERE):
            return None
        query = text("select setting from pg_settings where name = 'data_directory'")
        try:
            with read() as tx:
                name = tx.execute(query).scalar()
        except SQLAlchemyError:
            return None
        return Path(name) if name and Path(name).exists() else None

    def health(self, tx: Connection) -> Iterator[Health]:
        """Its version, what it does with a commit, how many connections are in use."""
        shown = {name: str(tx.execute(text(f"show {name}")).scalar_one()) for name in _SHOWN}
        said = f"PostgreSQL {shown['server_version']}"
        if int(shown["server_version_num"]) < _OLDEST * 10_000:
            yield Health("fail", said, f"upgrade the server to {_OLDEST} or newer")
        else:
            yield Health("ok", said)
        yield _durability(shown)
        yield _connections(tx, int(shown["max_connections"]))

    def mended(self, error: Exception) -> bool:
        """Not what is wrong by itself: a password, a name."""
        return not any(words in str(error) for words in _NOT_MENDED)

    def damaged(self, error: Exception) -> bool:
        """There is no file to be looked at."""
        return False


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f}ms"


def _without_limits(connection: Connection) -> None:
    names = ["statement_timeout", "idle_in_transaction_session_timeout"]
    if _knows_transaction_timeout(connection.connection.driver_connection):
        names.append("transaction_timeout")
    for name in names:
        connection.exec_driver_sql(f"SET {name} = 0")


def _knows_transaction_timeout(connection: Any) -> bool:
    """From PostgreSQL 17 on."""
    return bool(connection.info.server_version >= 170000)


def _configure(connection: Any, guards: Guards) -> None:
    """A time limit of transactions, for that of an idle session does not run after a pipeline of statements."""
    connection.read_only = False  # every BEGIN says READ WRITE
    if _knows_transaction_timeout(connection):
        connection.execute(f"SET transaction_timeout = '{_milliseconds(guards.transaction)}'")
        connection.commit()


def _unbounded(type_: Any) -> Any:
    """A cast to a text of limited length would cut it without a word."""
    return Text() if isinstance(type_, String) else type_


@cache
def _writing(table: str, columns: tuple[str, ...]) -> tuple[str, str]:
    names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join(["%s"] * len(columns))
    return f'INSERT INTO "{table}" ({names}) VALUES ({marks})', f'COPY "{table}" ({names}) FROM STDIN'


def _copy(tx: Connection, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    import psycopg  # not where SQLite is used: it takes a tenth of the start of a process

    driver: Any = tx.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:  # as SQLAlchemy says it, so that whoever repeats transactions knows it
        lost = driver.closed
        if lost:
            tx.invalidate(error)  # no rollback is tried then, which would fail and hide why
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, connection_invalidated=lost, dialect=tx.dialect
        ) from error


def _durability(shown: Mapping[str, str]) -> Health:
    loose = [name for name in ("fsync", "full_page_writes", "synchronous_commit") if shown[name] == "off"]
    if not loose:
        return Health("ok", f"commits are durable (synchronous_commit {shown['synchronous_commit']})")
    words = ", ".join(f"{name} is off" for name in loose)
    said = f"{words}: a crash of the server loses what was acknowledged"
    return Health("fail", said, "turn it on in postgresql.conf")


def _connections(tx: Connection, most: int) -> Health:
    query = text("select count(*) from pg_stat_activity where backend_type = 'client backend'")
    used = tx.execute(query).scalar_one()
    said = f"{used} of {most} connections in use; a process of Mapwright takes up to 24"
    if used > _BUSY * most:
        return Health("warn", said, "raise max_connections, or put a pooler between")
    return Health("ok", said)
