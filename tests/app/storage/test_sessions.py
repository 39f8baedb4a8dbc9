"""Sessions of a database: what they may take, what ends them, what holds in each of them."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import (
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from app.storage.database import Database, open_database
from app.storage.dialects import Guards
from tests.app.storage.things import fill, ids, things

SHORT = Guards(statement=0.3, lock=0.3, idle=0.3, transaction=0.6)


@pytest.fixture
def hurried(stocked: Database, database_url: str) -> Iterator[Database]:
    """The same database with guards so short that a test can wait for them."""
    opened = open_database(database_url, Guards(lock=0.3, busy=0.3))
    yield opened
    opened.close()


def test_a_lock_is_waited_for_only_so_long(stocked: Database, hurried: Database) -> None:
    with stocked.begin() as tx:
        fill(tx, 1)
    with stocked.begin() as tx:
        tx.execute(update(things).where(things.c.id == 1).values(name="a"))
        started = time.monotonic()
        with pytest.raises(OperationalError, match="lock"), hurried.begin() as other:
            other.execute(update(things).where(things.c.id == 1).values(name="b"))
        assert 0.2 < time.monotonic() - started < 10


def test_hasten_shortens_the_wait_of_one_transaction(stocked: Database) -> None:
    with stocked.begin() as tx:
        fill(tx, 1)
        moment = stocked.dialect.hasten(tx, 5, 5)
    assert abs(moment - datetime.now(UTC)) < timedelta(seconds=30)
    if not stocked.dialect.many_writers:
        return
    with stocked.begin() as tx:
        tx.execute(update(things).where(things.c.id == 1).values(name="a"))
        with pytest.raises(OperationalError, match="lock timeout"), stocked.begin() as other:
            stocked.dialect.hasten(other, 0.1, 5)
            other.execute(update(things).where(things.c.id == 1).values(name="b"))
        with pytest.raises(OperationalError, match="statement timeout"), stocked.begin() as other:
            stocked.dialect.hasten(other, 5, 0.1)
            other.execute(update(things).where(things.c.id == 1).values(name="b"))


@pytest.fixture
def server(fresh_database: Callable[[str], Any]) -> Iterator[Database]:
    """A PostgreSQL with short guards: what only a server has to guard against."""
    with fresh_database("postgresql") as url:
        opened = open_database(url, SHORT)
        yield opened
        opened.close()


@pytest.mark.postgres
def test_a_statement_that_takes_too_long_is_ended(server: Database) -> None:
    for opened in (server.begin, server.read):
        with pytest.raises(OperationalError, match="statement timeout"), opened() as tx:
            tx.execute(text("select pg_sleep(20)"))


@pytest.mark.postgres
def test_a_session_that_rests_within_a_transaction_is_ended(server: Database) -> None:
    with pytest.raises(DBAPIError) as caught, server.begin() as tx:
        tx.execute(text("select 1"))
        time.sleep(1.5)
        tx.execute(text("select 1"))
    assert caught.value.connection_invalidated


@pytest.mark.postgres
def test_a_transaction_that_takes_too_long_is_ended(server: Database) -> None:
    with server.read() as tx:
        if int(tx.execute(text("show server_version_num")).scalar_one()) < 170000:
            pytest.skip("from PostgreSQL 17 on")
    started = time.monotonic()
    with pytest.raises(DBAPIError) as caught, server.begin() as tx:
        while time.monotonic() - started < 20:  # busy all the time, each statement short
            tx.execute(text("select pg_sleep(0.05)"))
    assert caught.value.connection_invalidated or "transaction timeout" in str(caught.value)


@pytest.mark.postgres
def test_a_migration_takes_as_long_as_it_takes(server: Database) -> None:
    with server.engine.connect() as connection, server.dialect.migrating(connection):
        connection.execute(text("select pg_sleep(1)"))
        time.sleep(0.8)
        connection.execute(text("select pg_sleep(0.4)"))
        connection.rollback()


@pytest.mark.postgres
def test_a_question_about_the_whole_store_takes_as_long_as_it_takes(server: Database) -> None:
    with server.read() as tx, server.dialect.unhurried(tx):
        tx.execute(text("select pg_sleep(1.5)"))
    with pytest.raises(OperationalError, match="statement timeout"), server.read() as tx:
        tx.execute(text("select pg_sleep(20)"))


def test_guards_hold_again_after_a_migration(stocked: Database, database_url: str) -> None:
    own = open_database(database_url)
    with own.engine.connect() as connection, own.dialect.migrating(connection):
        connection.execute(text("select 1"))
        connection.rollback()
    query = "PRAGMA foreign_keys" if own.kind == "sqlite" else "select current_setting('statement_timeout')"
    with own.read() as tx:
        assert str(tx.execute(text(query)).scalar_one()) in ("1", "1min")
    own.close()


def test_foreign_keys_hold(stocked: Database) -> None:
    """No table of the schema says REFERENCES without the database refusing what does not fit."""
    with stocked.begin() as tx:
        tx.execute(text("CREATE TABLE parents (id INTEGER PRIMARY KEY)"))
        tx.execute(text("CREATE TABLE children (parent INTEGER REFERENCES parents (id))"))
    with pytest.raises(IntegrityError), stocked.begin() as tx:
        tx.execute(text("INSERT INTO children VALUES (7)"))


def test_a_file_survives_a_power_cut(stocked: Database) -> None:
    """As doctor says it; servers of tests are not durable, and it says that too."""
    with stocked.read() as tx:
        found = list(stocked.dialect.health(tx))
    durable = [one for one in found if "synchronous" in one.found or "a crash" in one.found]
    assert len(durable) == 1 and all(one.status in ("ok", "warn", "fail") for one in found)
    assert all(one.do for one in found if one.status != "ok")
    if stocked.kind == "sqlite":
        assert "journal wal, synchronous FULL" in durable[0].found and durable[0].status == "ok"


class Cut(list[tuple[int]]):
    """Rows whose reader is ended by another session after the first few."""

    def __init__(self, ids: range, end: Callable[[], object]) -> None:
        super().__init__((id,) for id in ids)
        self._end = end

    def __iter__(self) -> Iterator[tuple[int]]:
        for place, row in enumerate(super().__iter__()):
            if place == 3:
                self._end()
            yield row


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has no sessions to end
def test_a_copy_that_was_cut_off_says_so_and_that_its_connection_is_gone(stocked: Database) -> None:
    def end() -> None:
        with stocked.begin() as other:
            other.execute(text("select pg_terminate_backend(:pid, 10000)"), {"pid": pid})

    with pytest.raises(DBAPIError, match="terminating connection") as caught, stocked.begin() as tx:
        pid = tx.execute(text("select pg_backend_pid()")).scalar_one()
        stocked.dialect.write(tx, things, ("id",), Cut(range(20), end))
    assert caught.value.connection_invalidated and "COPY" in str(caught.value)
    with stocked.begin() as tx:
        assert ids(tx) == []


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_session_that_falls_silent_among_its_rows_is_ended_and_no_other(stocked: Database) -> None:
    ended: list[int] = []

    def fall_silent() -> None:
        time.sleep(0.3)
        with stocked.read() as other:
            assert stocked.dialect.end_silent(other, 60) == 0, "it may yet go on"
            ended.append(stocked.dialect.end_silent(other, 0.2))

    with stocked.begin() as idle:
        idle.execute(text("select 1"))
        with pytest.raises(DBAPIError, match="terminating connection"), stocked.begin() as tx:
            stocked.dialect.write(tx, things, ("id",), Cut(range(20), fall_silent))
        assert idle.execute(text("select 1")).scalar_one() == 1
    assert ended == [1]


def test_without_sessions_none_is_ended(database: Database) -> None:
    with database.read() as tx:
        assert database.dialect.end_silent(tx, 0) == 0
