"""A database with data comes from an early schema to the last one and loses nothing; steps are refused where they would hurt."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import (
    Boolean,
    Connection,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    inspect,
    select,
    text,
)

from app.errors import OlderProcesses, SchemaOutdated, StepRefused
from app.storage.database import Database, open_database
from app.storage.deliveries import delivery, delivery_body
from app.storage.identity import new_id, partition_of
from app.storage.messages import message
from app.storage.migrate import migrate, upgrade
from app.storage.schema import needed_table, require_schema, scripts, state_of, steps, works_with
from app.storage.workers import Vitals, beat
from tests.servers import Postgres

_OWN = {"alembic_version"}
_COUNT = 7
_STATES = {
    "messages": "done",
    "deliveries": "delivered",
    "timers": "met",
    "batches": "done",
    "breakers": "closed",
}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database in which nothing is yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/early.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = f"mw_{uuid4().hex[:16]}"
    yield server.create(name)
    server.drop(name)


def _ids() -> list[str]:
    return [new_id(n) for n in range(_COUNT)]


def _value(column: Any, number: int, id: str) -> Any:
    if column.name == "id" or column.name.endswith("_id") or column.name in ("lane", "key"):
        return id if not isinstance(column.type, Integer) else number
    if column.name == "partition":
        return partition_of(id)
    if column.name == "state":
        return _STATES.get(column.table.name, "")
    if column.name == "approvals_required":
        return number % 2
    if isinstance(column.type, Boolean):
        return False
    if isinstance(column.type, DateTime):
        return datetime(2026, 1, 2, 3, 4, 5 + number, tzinfo=UTC if column.type.timezone else None)
    if isinstance(column.type, LargeBinary):
        return b'{"n": %d}' % number
    if "INT" in str(column.type).upper():
        return number
    if str(column.type).upper().startswith(("FLOAT", "DOUBLE", "REAL", "NUMERIC")):
        return float(number)
    length = getattr(column.type, "length", None)
    return f"{number}{column.name}"[: length or 40]


def _fill(tx: Connection, ids: list[str]) -> None:
    """Some rows in every table that has none and refers to no other."""
    for name in inspect(tx).get_table_names():
        table = Table(name, MetaData(), autoload_with=tx)
        if name in _OWN or table.foreign_keys or tx.execute(select(table)).first() is not None:
            continue
        tx.execute(
            table.insert(),
            [{column.name: _value(column, n, id) for column in table.c} for n, id in enumerate(ids)],
        )


def _content(tx: Connection) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    """The columns and rows of every table, partitions seen through their table."""
    names = [n for n in inspect(tx).get_table_names() if not re.search("_([0-9]{8}|before|rest)$", n)]
    found = {}
    for name in set(names) - _OWN:
        table = Table(name, MetaData(), autoload_with=tx)
        columns = sorted(column.name for column in table.c)
        rows = [tuple(row) for row in tx.execute(select(*[table.c[c] for c in columns]))]
        found[name] = (columns, sorted(rows, key=repr))
    return found


@pytest.mark.parametrize("early", ["0001", "0006", "0010"])
def test_data_of_an_early_schema_is_all_there_after_the_upgrade(empty_url: str, early: str) -> None:
    ids = _ids()
    upgrade(empty_url, early)
    database = open_database(empty_url)
    with database.begin() as tx:
        _fill(tx, ids)
        before = _content(tx)
    migrate(empty_url)
    with database.read() as tx:
        after = _content(tx)
        assert state_of(tx).standing == "current"
        for name, (columns, rows) in before.items():
            now_columns, now_rows = after[name]
            assert set(columns) <= set(now_columns), name
            places = [now_columns.index(column) for column in columns]
            assert sorted((tuple(row[p] for p in places) for row in now_rows), key=repr) == rows, name
        assert message(tx, ids[3]).id == ids[3]
        assert delivery(tx, ids[3]).id == ids[3] and delivery_body(tx, ids[3]) == b'{"n": 3}'
    database.close()


# --- which steps are taken


def _at(url: str, revision: str) -> Database:
    upgrade(url, revision)
    return open_database(url)


def test_a_new_database_gets_every_step_however_it_is_asked_for(empty_url: str) -> None:
    done = migrate(empty_url, "pre")
    assert done.revision == steps()[-1].revision and done.left == ()


def test_to_stops_at_a_revision_and_refuses_one_that_is_not_there(empty_url: str) -> None:
    assert migrate(empty_url, to="0004").revision == "0004"
    with pytest.raises(StepRefused, match="no revision 0815"):
        migrate(empty_url, to="0815")


def test_pre_stops_before_a_step_that_older_processes_do_not_survive(empty_url: str) -> None:
    _at(empty_url, "0009").close()
    done = migrate(empty_url, "pre")
    assert done.revision == "0010" and done.left[0].name == "0011_post_days"
    with pytest.raises(StepRefused, match="0011_post_days comes first.*migrate --post"):
        migrate(empty_url, "pre")
    assert migrate(empty_url, "post").revision == "0011"
    assert migrate(empty_url, "pre").revision == works_with().newest


def test_nothing_is_left_to_do_twice(database_url: str) -> None:
    for which in ("all", "pre", "post"):
        assert migrate(database_url, which).done == ()  # type: ignore[arg-type]


# --- who is at work


def _beat_of_then(database: Database, seconds_ago: float) -> None:
    """A worker of a release that says nothing of schemas."""
    with database.begin() as tx:
        table = Table("workers", MetaData(), autoload_with=tx)
        moment = database.now(tx) - timedelta(seconds=seconds_ago)
        moment = moment if database.dialect.many_writers else moment.replace(tzinfo=None)
        row = {c.name: 0 if isinstance(c.type, Integer) else "" for c in table.c}
        row |= {"name": "press-7", "kind": "worker", "started_at": moment, "seen_at": moment}
        tx.execute(table.insert().values(row))


@pytest.mark.parametrize("revision", ["0001", "0010"])
def test_messages_by_day_wait_until_no_older_process_runs(empty_url: str, revision: str) -> None:
    database = _at(empty_url, revision)
    _beat_of_then(database, 3)
    with pytest.raises(
        OlderProcesses, match="0011_post_days needs every older process stopped.*worker on press-7"
    ):
        migrate(empty_url)
    with database.begin() as tx:
        assert state_of(tx).found == revision
        tx.execute(text("DELETE FROM workers"))
    assert migrate(empty_url).left == ()
    database.close()


def test_who_was_killed_is_waited_for_no_longer_than_a_moment(empty_url: str) -> None:
    database = _at(empty_url, "0010")
    _beat_of_then(database, 60)
    assert migrate(empty_url).left == ()
    database.close()


def test_a_process_says_which_schema_it_knows(database: Database) -> None:
    from app.storage.workers import vitals, workers

    with database.begin() as tx:
        beat(tx, "w1", "worker", 0, vitals("1"))
        beat(tx, "w2", "worker", 0, Vitals(version="0"))
    with database.read() as tx:
        assert {one["name"]: one["schema"] for one in workers(tx)} == {"w1": works_with().newest, "w2": ""}


# --- who may start


@pytest.mark.parametrize(
    ("revision", "needed", "standing"),
    [
        ("0002", "0011", "behind"),
        (None, "0011", "current"),
        ("9001", "0011", "ahead"),
        ("9002", "9002", "outgrown"),
    ],
)
def test_a_process_knows_where_the_schema_stands(
    database: Database, revision: str | None, needed: str, standing: str
) -> None:
    with database.begin() as tx:
        if revision:
            tx.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
        tx.execute(needed_table.update().values(revision=needed))
        found = state_of(tx)
    assert found.standing == standing and bool(found.do) is (standing != "current")
    if not found.usable:
        with pytest.raises(SchemaOutdated if standing == "behind" else Exception, match=found.words[:20]):
            require_schema(database)


def test_an_old_schema_says_what_to_run(empty_url: str) -> None:
    database = _at(empty_url, "0012")
    with pytest.raises(SchemaOutdated, match=r"needs 0013_pre_versions.*mapwright migrate --pre"):
        require_schema(database)
    database.close()


def test_the_database_remembers_what_must_be_known(database: Database) -> None:
    with database.read() as tx:
        least = tx.execute(select(needed_table.c.revision)).scalars().all()
    assert least == [max(step.revision for step in steps() if step.phase == "post")]


# --- the files


def test_files_of_migrations_say_their_revision_and_stand_in_one_line() -> None:
    def said(name: str, body: str) -> list[str]:
        return re.findall(rf'^{name} = "?(\w+)"?', body, re.M)

    before = "None"
    for step in steps():
        body = (scripts() / "versions" / f"{step.name}.py").read_text("utf-8")
        assert said("revision", body) == [step.revision] and said("down_revision", body) == [before]
        before = step.revision
    files = {path.stem for path in (scripts() / "versions").glob("[0-9]*.py")}
    assert files == {step.name for step in steps()}
