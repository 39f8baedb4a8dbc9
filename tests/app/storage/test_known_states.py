"""The database itself holds what has states to those that docs/reference/states.md names."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Connection,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    insert,
    inspect,
    text,
)
from sqlalchemy.exc import IntegrityError

from app.errors import StepRefused
from app.runtime.states import BY_TABLE
from app.storage.batches import change_batch
from app.storage.database import Database, metadata, open_database
from app.storage.days import make_ahead
from app.storage.identity import new_id, placed
from app.storage.migrate import upgrade
from app.storage.schema import state_of, steps
from tests.servers import Postgres

TABLES = tuple(BY_TABLE)
_NOW = datetime.now(UTC)


def row(table: Table, state: str) -> dict[str, Any]:
    """A row that fits the columns."""
    made: dict[str, Any] = {}
    for column in table.c:
        kind = getattr(column.type, "impl", column.type)
        if isinstance(kind, Boolean):
            made[column.name] = False
        elif isinstance(kind, Integer | Float):
            made[column.name] = 0
        elif isinstance(kind, DateTime):
            made[column.name] = _NOW
        elif isinstance(kind, LargeBinary):
            made[column.name] = b""
        elif not column.nullable:
            made[column.name] = "x"
    made |= {"state": state}
    return made | ({**placed(id), "id": id} if "day" in made and (id := new_id(3)) else {})


def put(tx: Connection, name: str, state: str) -> None:
    table = metadata.tables[name]
    tx.execute(insert(table).values(row(table, state)))


@pytest.mark.parametrize("name", TABLES)
def test_every_known_state_can_be_stored(database: Database, name: str) -> None:
    for state in BY_TABLE[name]:
        with database.engine.connect() as tx:
            put(tx, name, state)
            tx.rollback()


@pytest.mark.parametrize("name", TABLES)
def test_an_unknown_state_is_refused_also_by_hand(database: Database, name: str) -> None:
    state = sorted(BY_TABLE[name])[0]
    with database.begin() as tx:
        put(tx, name, state)
    with pytest.raises(IntegrityError, match=f"ck_{name}_state"), database.begin() as tx:
        tx.execute(text(f"UPDATE {name} SET state = 'gone'"))
    with pytest.raises(IntegrityError, match=f"ck_{name}_state"), database.begin() as tx:
        put(tx, name, "gone")
    with database.read() as tx:
        assert tx.execute(text(f"SELECT state FROM {name}")).scalars().all() == [state]


@pytest.mark.parametrize("name", TABLES)
def test_the_database_knows_no_state_that_the_product_has_not(database: Database, name: str) -> None:
    found = re.findall(r"'(\w+)'", " ".join(rules_of(database, name)))
    assert set(found) == set(BY_TABLE[name])


def rules_of(database: Database, name: str) -> list[str]:
    """What the database says of its own rule."""
    query = (
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :rule AND convalidated"
        " AND conrelid = to_regclass(:name)"
        if database.dialect.partitions
        else "SELECT substr(sql, instr(sql, :rule)) FROM sqlite_master WHERE type = 'table' AND name = :name"
    )
    with database.read() as tx:
        return list(tx.execute(text(query), {"rule": f"ck_{name}_state", "name": name}).scalars())


@pytest.mark.postgres
def test_a_day_that_is_made_later_refuses_unknown_states_too(
    postgres: Postgres, postgres_template: str
) -> None:
    database = open_database(postgres.create("mw_states_of_days", postgres_template))
    with database.begin() as tx:
        today = int(_NOW.timestamp()) // 86_400
        made = make_ahead(tx, today + 9, 1)
        put(tx, "messages", "done")
    day = made[-1]
    for partition in (f"messages_{day.suffix}", f"deliveries_{day.suffix}", "messages_rest"):
        with database.read() as tx:
            query = "SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass(:name) AND contype = 'c' AND convalidated"
            assert tx.execute(text(query), {"name": partition}).scalar_one() >= 1
    database.close()
    postgres.drop("mw_states_of_days")


def _upgrade_with(url: str, state: str) -> None:
    """A row of an older schema is there when the rule comes."""
    place = next(number for number, step in enumerate(steps()) if step.title == "states")
    upgrade(url, steps()[place - 1].revision)
    database = open_database(url)
    with database.begin() as tx:
        table = Table("timers", MetaData(), autoload_with=tx)
        tx.execute(insert(table).values(row(table, state)))
    try:
        upgrade(url)
        with database.read() as tx:
            assert state_of(tx).standing == "current"
            assert tx.execute(text("SELECT state FROM timers")).scalar_one() == state
    finally:
        database.close()


def test_what_is_made_anew_keeps_its_indexes_rows_and_rule(database: Database) -> None:
    with database.begin() as tx:
        put(tx, "timers", "open")
    before = _indexes(database)
    with database.engine.connect() as tx, database.dialect.migrating(tx), tx.begin():
        for states in (["open", "new"], ["open"], [], ["open", "met"]):
            database.dialect.restrict(tx, "timers", "state", states)
        database.dialect.examine(tx, "timers", "state")
    assert _indexes(database) == before
    assert set(re.findall(r"'(\w+)'", " ".join(rules_of(database, "timers")))) == {"open", "met"}
    with database.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM timers")).scalar_one() == 1


def _indexes(database: Database) -> list[tuple[Any, ...]]:
    found = inspect(database.engine).get_indexes("timers")
    return sorted(
        (one["name"], tuple(one["column_names"]), *map(str, one["dialect_options"].values())) for one in found
    )


def test_rows_that_are_there_are_looked_at(tmp_path: Path, postgres: Postgres) -> None:
    for url in (f"sqlite:///{tmp_path}/known.db", postgres.create("mw_known_states")):
        _upgrade_with(url, "fired")
    postgres.drop("mw_known_states")


def test_a_row_in_no_state_stops_the_upgrade_with_words(tmp_path: Path, postgres: Postgres) -> None:
    for url in (f"sqlite:///{tmp_path}/odd.db", postgres.create("mw_odd_states")):
        with pytest.raises(StepRefused, match="rows of timers .* 1 in 'gone'.* open, full"):
            _upgrade_with(url, "gone")
    postgres.drop("mw_odd_states")


def test_a_batch_is_moved_in_one_place_alone(database: Database) -> None:
    with database.begin() as tx, pytest.raises(ValueError, match="state"):
        change_batch(tx, new_id(0), state="done")
