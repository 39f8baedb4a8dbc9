"""PostgreSQL: many writers on many hosts, sessions with limits, partitions of days."""

import time
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
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.exc import SQLAlchemyError

from app.storage.dialects.contract import Guards, Health, Reading, Write
from app.storage.dialects.driving import copy, run
from app.storage.dialects.nul import mend_texts
from app.storage.dialects.partitions import DayPartitions
from app.storage.dialects.pooling import look_before_use
from app.storage.dialects.recordsets import as_json, native, recordset, text_of

_HASTEN = (
    "select clock_timestamp() from (select set_config('lock_timeout', %(locks)s, true),"
    " set_config('statement_timeout', %(whole)s, true)) as limits"
)
_CLOCK = text("select clock_timestamp()")
# Who is cut off does not wait for an answer that will never come; the server asks likewise whether we are there.
_SILENCE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
_MY_TURN = "select pg_try_advisory_lock(hashtext('mapwright migrate'))"
_LAST_CALL = "select set_config('lock_timeout', '1s', true), pg_advisory_lock(hashtext('mapwright migrate'))"
_TURN_SECONDS, _A_MOMENT = 600, 0.2
# Of this role, database and name, so that it is one of ours; whoever waits for anything but its client is at work.
_END_SILENT = text(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
    " and usename = current_user and application_name = current_setting('application_name')"
    " and pid <> pg_backend_pid() and state = 'active' and wait_event = 'ClientRead'"
    " and query_start < clock_timestamp() - make_interval(secs => :seconds)"
)
_FEW, _FEW_LONG, _TOGETHER, _SHORT = 16, 8, 64, 2_048
_DRIVER = psycopg.dialect()
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
            _wait_for_turn(connection)
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
        return native(type_)

    def now(self, tx: Connection) -> datetime:
        """The server's clock."""
        moment: datetime = tx.execute(_CLOCK).scalar_one()
        return moment.astimezone(UTC)

    def clock(self, seconds: float) -> ColumnElement[Any]:
        """Asked by the statement itself: it saves the question before it."""
        return func.clock_timestamp() + literal(timedelta(seconds=seconds), Interval())

    def hasten(self, tx: Connection, lock_seconds: float, seconds: float) -> datetime:
        """Limits of this transaction and the clock in one round trip."""
        limits = {"locks": _milliseconds(lock_seconds), "whole": _milliseconds(seconds)}
        ((moment,),) = run(tx, _HASTEN, limits)
        return moment.astimezone(UTC)

    def insert(self, table: Table) -> Any:
        """With ON CONFLICT."""
        return postgresql.insert(table)

    def insert_many(self, table: Table, names: Sequence[str]) -> Any:
        """The rows travel as one JSON text, so that the statement is the same for every number of rows."""
        given = recordset({name: table.c[name].type for name in names})
        return postgresql.insert(table).from_select(list(names), select(*given))

    def execute_many(
        self, tx: Connection, statement: Any, table: Table, rows: Sequence[Mapping[str, Any]]
    ) -> Sequence[Sequence[Any]]:
        """By the driver: SQLAlchemy costs as much as the statement."""
        names = list(rows[0])
        text = as_json(table, names, [[row[name] for name in names] for row in rows], names)
        return run(tx, _sql_of(statement), {"given_rows": text})

    def update_many(self, table: Table, keys: Sequence[str], values: Sequence[str]) -> Any:
        """The rows travel as one JSON text; the days once more by themselves, to leave partitions out."""
        given = recordset({name: table.c[column].type for name, column in _renewed(keys, values).items()})
        # without their number the planner would expect a hundred and read whole tables for them
        rows = select(*given).limit(bindparam("given_number", type_=Integer())).subquery("given").c
        here = [table.c[name] == rows[f"old_{name}"] for name in keys]
        if "day" in keys:
            here.append(
                table.c.day == any_(bindparam("given_days", type_=postgresql.ARRAY(Integer, dimensions=1)))
            )
        return update(table).where(*here).values({name: rows[f"new_{name}"] for name in values})

    def renewed(
        self, table: Table, keys: Sequence[str], values: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> Any:
        """One text for all, their number and their days."""
        named = _renewed(keys, values)
        text = as_json(table, list(named.values()), rows, list(named))
        given: dict[str, Any] = {"given_rows": text, "given_number": len(rows)}
        if "day" in keys:
            place = list(keys).index("day")
            given["given_days"] = sorted({row[place] for row in rows})
        return given

    def write(self, tx: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Any]) -> None:
        """Few rows as one text, many by COPY; few long ones as they are."""
        light = len(rows) < _FEW and _light(table, columns, rows)
        if not light and len(rows) >= _FEW_LONG:
            copy(tx, _copying(table.name, columns), rows)
        elif light:
            run(tx, _writing(table, columns), {"given_rows": text_of(columns, rows)})
        else:
            tx.exec_driver_sql(_inserting(table.name, columns), rows[0] if len(rows) == 1 else list(rows))

    def write_together(self, tx: Connection, writes: Sequence[Write]) -> None:
        """Few rows in one statement."""
        one = len(writes) > 1 and sum(len(w.rows) for w in writes) <= _TOGETHER
        if one and all(_light(*w) for w in writes):
            names = tuple((w.table, w.columns) for w in writes)
            given = {f"given_{n}": text_of(w.columns, w.rows) for n, w in enumerate(writes)}
            run(tx, _writing_together(names), given)
            return
        for table, columns, rows in writes:
            self.write(tx, table, columns, rows)

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

    def listed(self, columns: Sequence[Column[Any]]) -> ColumnElement[bool]:
        """One array a column, and the days once more. A cast to a text of limited length would cut it without a word."""
        types = [Text() if isinstance(c.type, String) else c.type for c in columns]
        arrays = [
            bindparam(f"listed_{c.name}", type_=postgresql.ARRAY(type_, dimensions=1))
            for c, type_ in zip(columns, types, strict=True)
        ]
        rows = func.unnest(*arrays).table_valued(*[c.name for c in columns]).render_derived()
        here: ColumnElement[bool] = tuple_(*columns).in_(select(*rows.c))
        days = bindparam("listed_days", type_=postgresql.ARRAY(Integer, dimensions=1))
        return and_(here, *[c == any_(days) for c in columns if c.name == "day"])

    def listing(self, columns: Sequence[Column[Any]], values: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """One array a column, and the days once more."""
        given = {f"listed_{c.name}": list(found) for c, found in zip(columns, values, strict=True)}
        return given | ({"listed_days": sorted(set(given["listed_day"]))} if "listed_day" in given else {})

    def for_each(
        self,
        tx: Connection,
        query: Any,
        columns: Sequence[Column[Any]],
        values: Sequence[Sequence[Any]],
        given: Mapping[str, Any],
    ) -> Iterator[Any]:
        """One statement: the query stands beside the table."""
        yield from tx.execute(_beside(query, tuple(columns)), {**given, **self.listing(columns, values)})

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


def _wait_for_turn(connection: Connection) -> None:
    """Asks again and again: who makes an index beside others' work waits for every statement that has begun before."""
    until = time.monotonic() + _TURN_SECONDS
    while not connection.exec_driver_sql(_MY_TURN).scalar_one():
        connection.rollback()
        if time.monotonic() > until:
            connection.exec_driver_sql(_LAST_CALL)  # so that the server says what is wrong
            break
        time.sleep(_A_MOMENT)
    connection.commit()


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
    mend_texts(connection)
    connection.read_only = False  # every BEGIN says READ WRITE
    if _knows_transaction_timeout(connection):
        connection.execute(f"SET transaction_timeout = '{_milliseconds(guards.transaction)}'")
        connection.commit()


def _renewed(keys: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    """The columns by what they are called in the rows of an `update_many`."""
    return {f"old_{name}": name for name in keys} | {f"new_{name}": name for name in values}


def _light(table: Table, columns: tuple[str, ...], rows: Sequence[Any]) -> bool:
    """Whether these values are short: the server reads a JSON text twice, which long ones are not worth."""
    places = _places_of_contents(table, columns)
    return sum(len(row[place] or "") for row in rows for place in places) <= _SHORT * len(rows)


@cache
def _places_of_contents(table: Table, columns: tuple[str, ...]) -> tuple[int, ...]:
    types = [table.c[name].type for name in columns]
    return tuple(
        n for n, one in enumerate(types) if isinstance(getattr(one, "impl", one), (LargeBinary, Text))
    )


@cache
def _writing(table: Table, columns: tuple[str, ...]) -> str:
    return _sql_of(Postgresql().insert_many(table, columns))


@cache
def _writing_together(writes: tuple[tuple[Table, tuple[str, ...]], ...]) -> str:
    """The statements of all, the first ones within the last."""
    *first, last = [
        _writing(table, columns).replace("given_rows", f"given_{n}")
        for n, (table, columns) in enumerate(writes)
    ]
    return "WITH " + ", ".join(f"w{n} AS ({one})" for n, one in enumerate(first)) + f" {last}"


@cache
def _sql_of(statement: Any) -> str:
    """As the driver takes it."""
    return str(statement.compile(dialect=_DRIVER))


@cache
def _inserting(table: str, columns: tuple[str, ...]) -> str:
    names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join(["%s"] * len(columns))
    return f'INSERT INTO "{table}" ({names}) VALUES ({marks})'


@cache
def _copying(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f'COPY "{table}" ({names}) FROM STDIN'


@cache
def _beside(query: Any, columns: tuple[Column[Any], ...]) -> Any:
    of_one = query.lateral()
    every = select(of_one).join_from(columns[0].table, of_one, true())
    return every.where(Postgresql().listed(columns))


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
