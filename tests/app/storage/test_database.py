"""What a Database promises on both kinds."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, select, update
from sqlalchemy.exc import DatabaseError

from app.storage.database import Database, Json, UtcTime, among, insert_rows
from app.storage.messages import messages_table

counters = Table(
    "test_counters",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String(20)),
    Column("value", Integer),
    Column("at", UtcTime),
    Column("data", Json),
)


@pytest.fixture
def counting(database: Database) -> Database:
    counters.metadata.create_all(database.engine)
    return database


def test_times_come_back_in_utc(counting: Database) -> None:
    at = datetime.fromisoformat("2026-01-31T08:00:00.123456+05:00")
    with counting.begin() as tx:
        tx.execute(counters.insert().values(id=1, at=at))
    with counting.read() as tx:
        found = tx.execute(select(counters.c.at)).scalar_one()
    assert found == at and found.tzinfo is UTC


def test_the_database_gives_the_time(database: Database) -> None:
    with database.begin() as tx:
        assert abs(database.now(tx) - datetime.now(UTC)) < timedelta(seconds=30)


def test_json_is_canonical_and_comes_back(counting: Database) -> None:
    with counting.begin() as tx:
        tx.execute(counters.insert().values(id=1, data={"b": [1, None], "a": "ü"}))
        assert tx.exec_driver_sql("select data from test_counters").scalar_one() == '{"a":"ü","b":[1,null]}'
        assert tx.execute(select(counters.c.data)).scalar_one() == {"a": "ü", "b": [1, None]}


def test_many_rows_are_written_at_once(counting: Database) -> None:
    now = datetime.now(UTC)
    rows = [
        {"id": i, "name": None if i % 2 else "x\t\\", "value": i, "at": now, "data": {"n": i}}
        for i in range(50)
    ]
    with counting.begin() as tx:
        insert_rows(tx, counters, rows)
        found = tx.execute(select(counters).order_by(counters.c.id)).mappings().all()
    assert [dict(row) for row in found] == rows


def test_read_then_write_of_two_threads_loses_nothing(counting: Database) -> None:
    with counting.begin() as tx:
        tx.execute(counters.insert().values(id=1, value=0))

    def work() -> None:
        for _ in range(25):
            with counting.begin() as tx:
                value = tx.execute(select(counters.c.value).with_for_update()).scalar_one()
                tx.execute(update(counters).values(value=value + 1))

    threads = [threading.Thread(target=work) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    with counting.read() as tx:
        assert tx.execute(select(counters.c.value)).scalar_one() == 100


def test_a_reader_does_not_wait_for_a_writer(counting: Database) -> None:
    with counting.begin() as tx:
        tx.execute(counters.insert().values(id=1, value=1))
        with counting.read() as reader:
            assert reader.execute(select(counters.c.value)).first() is None


def test_an_exception_undoes_the_transaction(counting: Database) -> None:
    with pytest.raises(DatabaseError), counting.begin() as tx:
        tx.execute(counters.insert().values(id=1, value=1))
        tx.execute(counters.insert().values(id=1, value=1))
    with counting.read() as tx:
        assert tx.execute(select(counters)).first() is None


def test_no_id_names_no_row(database: Database) -> None:
    c = messages_table.c
    with database.read() as tx:
        assert tx.execute(select(c.id).where(among(tx, c.partition, c.id, []))).all() == []
