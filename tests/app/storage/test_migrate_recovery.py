"""What failed before failures were grouped stands in a group after the upgrade."""

import re
from pathlib import Path

from sqlalchemy import inspect

from app.storage.database import open_database
from app.storage.migrate import upgrade
from app.storage.problems import groups, subjects
from app.storage.schema import scripts
from tests.servers import Postgres


def _revisions() -> tuple[str, str]:
    """The revision that makes the groups, and the one before it."""
    for path in sorted((scripts() / "versions").glob("*_recovery.py")):
        found = dict(
            re.findall(r'^(revision|down_revision) = "(\d+)"', path.read_text("utf-8"), re.MULTILINE)
        )
        return found["down_revision"], found["revision"]
    raise AssertionError("the migration is missing")


def _fail_before(url: str) -> None:
    before, after = _revisions()
    upgrade(url, before)
    database = open_database(url)
    with database.begin() as tx:
        for number, state in enumerate(("dead", "dead", "held", "done")):
            columns = {column["name"]: column for column in inspect(tx).get_columns("messages")}
            row = {name: 0 if "INT" in str(c["type"]).upper() else f"'{name}'" for name, c in columns.items()}
            moment = "'2026-01-01 00:00:00'"
            row |= {"id": f"'00{number}'", "state": f"'{state}'", "received_at": moment, "updated_at": moment}
            names = ", ".join(f'"{name}"' for name in row)
            tx.exec_driver_sql(f"INSERT INTO messages ({names}) VALUES ({', '.join(map(str, row.values()))})")
    database.close()
    upgrade(url, after)


def _check(url: str) -> None:
    _fail_before(url)
    database = open_database(url)
    with database.read() as tx:
        found = {one.kind.state: one for one in groups(tx, "environment")}
        assert {state: one.count for state, one in found.items()} == {"dead": 2, "held": 1}
        dead = subjects(tx, "environment", found["dead"].fingerprint)
        assert {id for id, _ in dead} == {"000", "001"}
    database.close()


def test_earlier_failures_are_grouped_on_sqlite(tmp_path: Path) -> None:
    _check(f"sqlite:///{tmp_path}/before.db")


def test_earlier_failures_are_grouped_on_postgresql(postgres: Postgres) -> None:
    url = postgres.create("mw_before_recovery")
    try:
        _check(url)
    finally:
        postgres.drop("mw_before_recovery")


def test_an_index_that_was_broken_off_is_made_whole(postgres: Postgres) -> None:
    url = postgres.create("mw_index_broken_off")
    upgrade(url, "0016")
    database = open_database(url)
    with database.begin() as tx:
        day = tx.exec_driver_sql(
            "SELECT min(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'messages'::regclass"
        ).scalar_one()
        tx.exec_driver_sql(
            "CREATE INDEX ix_messages_reason ON ONLY messages (environment, day, received_at, id) WHERE reason <> ''"
        )
        tx.exec_driver_sql(f'CREATE INDEX "{day}_reason" ON {day} (day)')
    upgrade(url)
    with database.read() as tx:
        valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_messages_reason'::regclass"
        assert tx.exec_driver_sql(valid).scalar_one() is True
    database.close()
    postgres.drop("mw_index_broken_off")
