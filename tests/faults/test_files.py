"""Files that are half written, dropped again, or read by a clock that dies before it moves them away."""

import os
import time
from pathlib import Path

import pytest

from app.storage.environments import put_binding
from tests.faults.checker import check
from tests.faults.plant import Plant, delivered, figures, settled, states, wait_for
from tests.faults.wounds import Wound, wounded
from tests.journey import ENVIRONMENT, order

pytestmark = pytest.mark.faults


@pytest.fixture
def inbox(plant: Plant, tmp_path: Path) -> Path:
    """A folder whose files are orders; the clock reads it."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    settings = {"folder": str(folder), "pattern": "*.json", "min_age": 1}
    with plant.database.begin() as tx:
        put_binding(tx, ENVIRONMENT, "shop.order", "file", settings)
    return folder


def drop(inbox: Path, name: str, content: bytes) -> None:
    """As a careful sender does: under another name first."""
    (inbox / f".{name}").write_bytes(content)
    os.rename(inbox / f".{name}", inbox / name)


def test_a_file_is_read_when_it_is_whole_and_once_however_often_it_is_dropped(
    plant: Plant, inbox: Path
) -> None:
    plant.start()
    plant.start("clock")
    whole = order(0, "L0")
    with open(inbox / "partial.json", "wb") as file:
        for position in range(len(whole)):  # written slowly, in place
            file.write(whole[position : position + 1])
            file.flush()
            time.sleep(0.1)
    drop(inbox, "other.json", order(1, "L0"))
    delivered(plant, 2)
    assert not list((inbox / "failed").iterdir())
    drop(inbox, "partial.json", whole)
    drop(inbox, "other-name.json", whole)
    wait_for(lambda: not [p for p in inbox.iterdir() if p.is_file()], 40)
    time.sleep(0.5)
    wait_for(lambda: states(plant.database) == {"delivered"}, 20)
    assert check(plant.database, 2).messages == {"done": 2}
    assert sorted(a.body["n"] for a in plant.target.arrivals) == [0, 1]


def test_a_clock_that_dies_before_it_moves_a_file_away_stores_it_once(plant: Plant, inbox: Path) -> None:
    drop(inbox, "one.json", order(0, "L0"))
    clock = plant.start("clock", **wounded(Wound("connectors.transports.file.source:FileSource.acknowledge")))
    assert clock.wait(40) == -9
    assert (inbox / "one.json").exists() and figures(plant.database)["messages"] == {"received": 1}
    plant.start("clock")
    wait_for(lambda: not (inbox / "one.json").exists(), 60)
    plant.start()
    settled(plant, 1)
