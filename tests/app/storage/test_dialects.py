"""The contract of app/storage/dialects: the same questions to SQLite and PostgreSQL, the same answers."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    bindparam,
    event,
    insert,
    literal,
    select,
    text,
    type_coerce,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError, OperationalError

from app.storage.database import Database, UtcTime, open_database
from app.storage.dialects import Dialect, Write, dialect_named, dialect_of
from app.storage.dialects.contract import Doomed
from app.storage.rows import change_rows, write_rows, write_together
from tests.app.storage.things import fill, ids, parts, things, things_metadata

# --- who it is


def test_a_connection_knows_its_dialect(database: Database, database_url: str) -> None:
    with database.read() as tx:
        found = dialect_of(tx)
    assert found is database.dialect is dialect_of(database.engine) is dialect_named(database_url)
    assert found.name == database.kind == make_url(database_url).get_backend_name()
    assert hash(found) == hash(dialect_named(found.name))


def test_another_database_is_no_dialect() -> None:
    with pytest.raises(KeyError):
        dialect_named("mysql://localhost/x")


def test_what_it_says_of_writers_is_so(stocked: Database) -> None:
    """Two transactions write at once, or the second one waits for the first."""
    second = threading.Event()

    def write() -> None:
        with stocked.begin() as tx:
            fill(tx, 2)
            second.set()

    with stocked.begin() as tx:
        fill(tx, 1)
        other = threading.Thread(target=write)
        other.start()
        assert second.wait(10 if stocked.dialect.many_writers else 0.3) is stocked.dialect.many_writers
    other.join(30)
    assert second.is_set()


# --- reading


def test_what_only_reads_cannot_write(stocked: Database) -> None:
    with stocked.read() as tx, pytest.raises(DatabaseError, match="read-?only"):
        fill(tx, 1)
    with stocked.read() as tx:
        assert ids(tx) == []


def test_what_only_reads_cannot_change_a_table(stocked: Database) -> None:
    with stocked.read() as tx, pytest.raises(DatabaseError, match="read-?only"):
        tx.execute(text("ALTER TABLE contract_things ADD COLUMN more INTEGER"))


def test_a_connection_that_read_writes_again_and_the_other_way_round(stocked: Database) -> None:
    for id in range(5):
        with stocked.begin() as tx:
            fill(tx, id)
        with stocked.read() as tx:
            assert len(ids(tx)) == id + 1
        with stocked.read() as tx, pytest.raises(DatabaseError, match="read-?only"):
            tx.execute(update(things).values(name="x"))


def test_a_failed_write_leaves_a_connection_that_still_reads_only(stocked: Database) -> None:
    for _ in range(3):
        with stocked.read() as tx, pytest.raises(DatabaseError):
            tx.execute(text("select nothing from nowhere"))
        with stocked.read() as tx, pytest.raises(DatabaseError, match="read-?only"):
            fill(tx, 1)


@pytest.mark.postgres
def test_a_read_costs_one_round_trip_a_statement(
    fresh_database: Callable[[str], Any], tmp_path: Path
) -> None:
    """Counted in what goes over the wire: the server says ReadyForQuery once a round trip."""
    with fresh_database("postgresql") as url:
        database = open_database(url)
        with database.read() as tx:
            tx.execute(text("select 1"))
        reading = _round_trips(database, database.read, tmp_path / "read")
        writing = _round_trips(database, database.begin, tmp_path / "write")
        database.close()
    assert reading == 2  # the statements alone
    assert writing == 4  # BEGIN and COMMIT besides


def _round_trips(database: Database, opened: Callable[[], Any], path: Path) -> int:
    with open(path, "w") as file:
        found: list[Any] = []

        def trace(raw: Any, *_: Any) -> None:
            found.append(raw.pgconn)
            raw.pgconn.trace(file.fileno())

        event.listen(database.engine, "checkout", trace)
        with opened() as tx:
            tx.execute(text("select 1"))
            tx.execute(text("select 2"))
        event.remove(database.engine, "checkout", trace)
        found[0].untrace()
    return path.read_text().count("ReadyForQuery")


# --- time


def test_the_clock_within_a_statement_is_the_clock(stocked: Database) -> None:
    with stocked.begin() as tx:
        minute_later = insert(things).values(at=type_coerce(stocked.dialect.clock(60), UtcTime))
        for id in (1, 2):  # also where a statement is made once
            before = stocked.dialect.now(tx)
            tx.execute(minute_later, {"id": id})
            at = tx.execute(select(things.c.at).where(things.c.id == id)).scalar_one()
            after = stocked.dialect.now(tx)
            assert before <= at - timedelta(seconds=60) <= after and before.tzinfo is UTC


def test_a_moment_is_stored_as_the_driver_takes_it(stocked: Database) -> None:
    moment = datetime(2026, 3, 1, 12, 30, 0, 123456, UTC)
    stored = stocked.dialect.stored_time(moment)
    assert stored.replace(tzinfo=UTC) == moment


# --- statements


def test_an_insert_knows_conflicts(stocked: Database) -> None:
    statement = stocked.dialect.insert(things).values(id=1, name="a")
    with stocked.begin() as tx:
        for _ in range(2):
            tx.execute(statement.on_conflict_do_nothing(index_elements=["id"]))
        changed = statement.on_conflict_do_update(index_elements=["id"], set_={"name": "b"})
        assert tx.execute(changed.returning(things.c.name)).scalars().all() == ["b"]


def test_a_partial_index_holds_its_rows_alone(stocked: Database) -> None:
    with stocked.begin() as tx:
        tx.execute(insert(things), [{"id": id, "name": "a", "flag": False} for id in (1, 2)])
        tx.execute(insert(things).values(id=3, name="a", flag=True))
    with pytest.raises(IntegrityError), stocked.begin() as tx:
        tx.execute(insert(things).values(id=4, name="a", flag=True))


@pytest.mark.parametrize("count", [1, 2, 30])
def test_many_are_inserted_in_one_statement_in_order(stocked: Database, count: int) -> None:
    dialect = stocked.dialect
    rows = [{"id": id, "name": f"n{id}", "long": "x" * 300, "flag": id % 2 == 0} for id in range(count)]
    statement = dialect.insert_many(things, ["id", "name", "long", "flag"])
    statement = statement.on_conflict_do_nothing(index_elements=["id"]).returning(things.c.id)
    with stocked.begin() as tx:
        fill(tx, 0)
        new = [id for (id,) in dialect.execute_many(tx, statement, things, rows)]
        assert new == list(range(1, count))
        assert ids(tx) == list(range(count))


@pytest.mark.postgres
def test_a_text_that_is_too_long_is_refused_not_cut(fresh_database: Callable[[str], Any]) -> None:
    with fresh_database("postgresql") as url:
        database = open_database(url)
        things_metadata.create_all(database.engine)
        statement = database.dialect.insert_many(things, ["id", "name"])
        with pytest.raises(DatabaseError, match="too long"), database.begin() as tx:
            database.dialect.execute_many(tx, statement, things, [{"id": 1, "name": "longer than five"}])
        database.close()


@pytest.mark.parametrize("count", [1, 3, 40])
def test_rows_are_written_as_they_are(stocked: Database, count: int) -> None:
    moment = datetime(2026, 3, 1, 12, 30, 0, 123456, UTC)
    rows = [
        (id, None if id % 2 else "ü\t\\", "a\nb", id == 0, moment, bytes([0, 255, id]), None)
        for id in range(count)
    ]
    with stocked.begin() as tx:
        write_rows(tx, things, [column.name for column in things.c], rows)
        assert [tuple(row) for row in tx.execute(select(things).order_by(things.c.id))] == rows


@pytest.mark.parametrize("count", [1, 3, 40])
@pytest.mark.parametrize("size", [3, 90_000])
def test_rows_of_several_tables_are_written_together(stocked: Database, count: int, size: int) -> None:
    first = [(id, bytes([0, 255, id]) * (size // 3), "\x01 \" {'\u2028" * id) for id in range(count)]
    second = [(id, -id) for id in range(2 * count)]
    with stocked.begin() as tx:
        written = select(things.c.id, things.c.body, things.c.long).order_by(things.c.id)
        writes = [Write(things, ("id", "body", "long"), first), Write(parts, ("id", "thing"), second)]
        write_together(tx, [*writes, Write(parts, ("id", "thing"), [])])
        assert [tuple(row) for row in tx.execute(written)] == first
        found = tx.execute(select(parts.c.id, parts.c.thing).order_by(parts.c.id))
        assert [tuple(row) for row in found] == second


@pytest.mark.parametrize("count", [1, 3, 40])
def test_rows_of_which_one_is_there_are_refused_in_all_tables(stocked: Database, count: int) -> None:
    with pytest.raises(IntegrityError), stocked.begin() as tx:
        tx.execute(insert(parts), [{"id": 0, "thing": 0}])
        rows = [(id, 0) for id in range(count)]
        write_together(tx, [Write(things, ("id", "day"), rows), Write(parts, ("id", "thing"), rows)])
    with stocked.read() as tx:
        assert ids(tx) == []


def test_what_json_cannot_say_plainly_is_stored_as_it_is(stocked: Database) -> None:
    """Rows that meet those that are there travel in a way of their own."""
    moment = datetime(2026, 3, 1, 12, 30, 0, 123456, UTC)
    rows = [
        {
            "id": 2**31 - 1,
            "long": "'\"\\u0041 \t\r\n ü € 😀 {}",
            "at": moment,
            "flag": None,
            "body": b"\x00'\xff",
        },
        {"id": -1, "long": "", "at": None, "flag": False, "body": b""},
    ]
    columns = [things.c[name] for name in rows[0]]
    with stocked.begin() as tx:
        statement = stocked.dialect.insert_many(things, list(rows[0])).returning(things.c.id)
        assert len(stocked.dialect.execute_many(tx, statement, things, rows)) == 2
        found = tx.execute(select(*columns).order_by(things.c.id.desc())).mappings()
        assert [dict(row) for row in found] == rows


@pytest.mark.parametrize("count", [1, 100])
def test_rows_that_are_the_first_of_a_connection_are_committed(stocked: Database, count: int) -> None:
    """Also where it is no part of the pool any more, as those that need temporary tables."""
    with stocked.engine.connect() as tx:
        tx.detach()
        write_rows(tx, things, ["id"], [(id,) for id in range(count)])
        tx.commit()
    with stocked.read() as tx:
        assert ids(tx) == list(range(count))


@pytest.mark.parametrize("count", [1, 3, 40])
def test_a_text_with_a_nul_is_stored_and_found_in_whatever_way_it_comes(
    stocked: Database, count: int
) -> None:
    """PostgreSQL has no such character: there it is the sign for what can't be shown."""
    stored = "a\\u0000\0b" if stocked.dialect.name == "sqlite" else "a\\u0000\ufffdb"
    texts = [(id, "a\\u0000\0b") for id in range(count)]
    with stocked.begin() as tx:
        write_rows(tx, things, ["id", "long"], texts)
        write_together(tx, [Write(things, ("id", "long"), [(id + 100, text) for id, text in texts])])
        several = [
            Write(things, ("id", "long"), [(200, texts[0][1])]),
            Write(parts, ("id", "thing"), [(1, 1)]),
        ]
        write_together(tx, several)
        tx.execute(insert(things), [{"id": 300, "long": texts[0][1]}])
        fill(tx, 400)
        change_rows(tx, things, ["id"], ["long"], [(400, texts[0][1])])
    with stocked.read() as tx:
        assert set(tx.execute(select(things.c.long)).scalars()) == {stored}
        found = tx.execute(select(things.c.id).where(things.c.long == texts[0][1])).scalars().all()
        assert len(found) == 2 * count + 3


def test_a_row_that_is_there_is_refused_however_many_come(stocked: Database) -> None:
    for count in (1, 40):
        with pytest.raises(DBAPIError), stocked.begin() as tx:
            fill(tx, 0)
            write_rows(tx, things, ["id"], [(id,) for id in range(count)])


def test_rows_are_found_by_several_columns_together(stocked: Database) -> None:
    with stocked.begin() as tx:
        fill(tx, *range(9))
        given = [[1, 2, 1], ["n1", "n2", "nowhere"], [1, 2, 1]]
        here = stocked.dialect.among([things.c.id, things.c.name, things.c.day], given)
        assert set(tx.execute(select(things.c.id).where(here)).scalars()) == {1, 2}


def test_a_statement_that_is_made_once_finds_other_rows_each_time(stocked: Database) -> None:
    columns = [things.c.id, things.c.name, things.c.day]
    query = select(things.c.id).where(stocked.dialect.listed(columns))
    with stocked.begin() as tx:
        fill(tx, *range(9))
        for given, wanted in (
            ([[1, 2, 1], ["n1", "n2", "nowhere"], [1, 2, 1]], {1, 2}),
            ([[4], ["n2"], [1]], set()),
            ([[5], ["n2"], [2]], {5}),
        ):
            found = tx.execute(query, stocked.dialect.listing(columns, given)).scalars()
            assert set(found) == wanted


def test_rows_are_changed_where_all_their_keys_are_found(stocked: Database) -> None:
    moment = datetime(2026, 3, 1, 12, 30, 0, 123456, UTC)
    rows = [
        (1, 1, "longer than five", moment, True),
        (2, 9, "elsewhere", moment, True),
        (5, 2, None, None, False),
    ]
    with stocked.begin() as tx:
        fill(tx, *range(9))
        assert change_rows(tx, things, ["id", "day"], ["long", "at", "flag"], rows) == 2
        found = select(things.c.id, things.c.long, things.c.at, things.c.flag).where(
            things.c.flag.is_not(None)
        )
        assert [tuple(row) for row in tx.execute(found.order_by(things.c.id))] == [
            (1, "longer than five", moment, True),
            (5, None, None, False),
        ]
        assert change_rows(tx, things, ["id"], ["long"], []) == 0


def test_a_query_about_one_row_is_asked_for_each(stocked: Database) -> None:
    with stocked.begin() as tx:
        fill(tx, *range(3))
        tx.execute(insert(parts), [{"id": id, "thing": id % 3} for id in range(12)])
        here = (parts.c.thing == things.c.id) & (parts.c.id >= bindparam("least"))
        first = select(parts.c.id).where(here).order_by(parts.c.id).limit(2)
        keys = [things.c.id, things.c.name], [[0, 2], ["n0", "n2"]]
        for least, wanted in ((0, [0, 2, 3, 5]), (4, [5, 6, 8, 9])):
            found = stocked.dialect.for_each(tx, first, *keys, {"least": least})
            assert sorted(row.id for row in found) == wanted


def test_each_group_is_found_once(stocked: Database) -> None:
    columns = [things.c.name, things.c.day]
    with stocked.begin() as tx:
        assert tx.execute(select(stocked.dialect.groups(select(*columns), columns))).all() == []
        fill(tx, *range(20))
        query = select(*columns).where(things.c.day > 0)
        found = tx.execute(select(stocked.dialect.groups(query, columns))).all()
    assert sorted(tuple(row) for row in found) == [("n1", 1), ("n2", 2)]


# --- partitions


def test_days_stand_apart_where_there_are_partitions(stocked: Database) -> None:
    partitions = stocked.dialect.partitions
    with stocked.begin() as tx:
        if partitions is None:
            return
        tx.execute(text("CREATE TABLE parted (id varchar(9), day int) PARTITION BY RANGE (day)"))
        tx.execute(text("CREATE TABLE parted_rest PARTITION OF parted DEFAULT"))
        tx.execute(text("INSERT INTO parted VALUES ('a', 5), ('b', 6), ('c', 9)"))
        partitions.be_quick(tx)
        assert partitions.strays(tx, "parted", 5, 7) == 2
        partitions.make(tx, "parted", "parted_5", 5, 7)
        partitions.make(tx, "parted", "parted_7", 7, 8)
        assert partitions.found(tx, "parted") == [("parted_5", 5, 7), ("parted_7", 7, 8)]
        assert partitions.strays(tx, "parted", 5, 7) == 0
        assert partitions.size(tx, ["parted_5", "parted_7"]) > 0
        partitions.hold(tx, ["parted_5"])
        assert partitions.temporary(tx, "kept", select(literal("b"))) == 1
        partitions.drop(tx, [Doomed("parted", "parted_5", "id", "SELECT id FROM kept")])
        assert partitions.found(tx, "parted") == [("parted_7", 7, 8)]
        assert tx.execute(text("SELECT id FROM parted ORDER BY id")).scalars().all() == ["b", "c"]


# --- where it stands, what went wrong


def test_a_folder_of_this_machine_is_known(database: Database, database_url: str) -> None:
    found = database.dialect.folder(make_url(database_url), database.read)
    assert found is not None and found.is_dir()
    elsewhere = make_url("postgresql://db.example/x" if database.dialect.comes_back else "sqlite://")
    assert database.dialect.folder(elsewhere, database.read) is None


def _failure(database: Database) -> Exception:
    with pytest.raises(DatabaseError) as caught, database.read() as tx:
        tx.execute(text("select 1 from nowhere"))
    return caught.value


def test_waiting_mends_only_what_comes_back(database: Database, database_url: str) -> None:
    away: dict[bool, str] = {True: "postgresql://postgres@127.0.0.1:1/x", False: "sqlite:////nowhere/x.db"}
    other = open_database(away[database.dialect.comes_back])
    with pytest.raises(OperationalError) as caught, other.read() as tx:
        tx.execute(text("select 1"))
    assert other.dialect.mended(caught.value) is other.dialect.comes_back
    assert not database.dialect.mended(_failure(database))
    other.close()


def test_a_damaged_file_is_told_from_a_wrong_statement(database: Database, tmp_path: Path) -> None:
    assert not database.dialect.damaged(_failure(database))
    path = tmp_path / "damaged.db"
    path.write_bytes(b"no database at all" * 100)
    damaged = open_database(f"sqlite:///{path}")
    with pytest.raises(DatabaseError) as caught, damaged.read() as tx:
        tx.execute(text("select 1"))
    assert damaged.dialect.damaged(caught.value)
    damaged.close()


def test_every_answer_of_the_contract_is_given() -> None:
    wanted = {name for name in vars(Dialect) if not name.startswith("_")}
    for name in ("sqlite", "postgresql"):
        assert wanted <= set(dir(dialect_named(name)))
