"""kill -9 of a process that takes in, works and delivers on SQLite, again and again."""

import sqlite3

import pytest

from tests.faults.checker import check
from tests.faults.plant import Plant, figures
from tests.faults.sizes import size
from tests.journey import drain_all

pytestmark = [pytest.mark.faults, pytest.mark.slow]
KILLS = size(500, 120)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sqlite_killed_hundreds_of_times_is_whole_and_has_everything_that_was_acknowledged(
    plant: Plant,
) -> None:
    nursery = plant.start("nursery", MAPWRIGHT_TEST_KILLS=str(KILLS))
    assert nursery.wait(300) == 0
    acknowledged = plant.log_of("nursery").read_text().split()
    with sqlite3.connect(plant.installation.settings.database.removeprefix("sqlite:///")) as file:
        assert file.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert file.execute("pragma foreign_key_check").fetchall() == []
        stored = {row[0] for row in file.execute("select id from messages")}
    assert len(acknowledged) > KILLS and set(acknowledged) <= stored
    drain_all(plant.installation)
    assert figures(plant.database)["messages"] == {"done": len(stored)}
    check(plant.database, len(stored))
