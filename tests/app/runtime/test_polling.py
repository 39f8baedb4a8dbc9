"""Sources: what the clock fetches is stored before it is acknowledged, and stored once."""

import time
from pathlib import Path

import pytest

from app.clock import Clock
from app.runtime.installation import Installation
from app.runtime.polling import Polling
from app.storage.environments import put_binding, set_paused
from app.storage.polls import polls
from app.storage.queries import search_messages
from tests.journey import ENVIRONMENT, order


@pytest.fixture
def inbox(installation: Installation, tmp_path: Path) -> Path:
    """A folder bound to shop.order."""
    folder = tmp_path / "in"
    folder.mkdir()
    with installation.database.begin() as tx:
        put_binding(tx, ENVIRONMENT, "shop.order", "file", {"folder": str(folder), "min_age": 0})
    return folder


def drop(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    time.sleep(0.01)


def poll(installation: Installation) -> int:
    with installation.database.begin() as tx:
        tx.exec_driver_sql("delete from polls")
    polling = Polling(installation)
    taken = polling.poll(lambda: False)
    polling.close()
    return taken


def count(installation: Installation) -> int:
    with installation.database.read() as tx:
        return len(search_messages(tx, ENVIRONMENT).items)


def test_a_file_becomes_a_message_and_is_moved_away(installation: Installation, inbox: Path) -> None:
    drop(inbox, "a.json", order(1))
    drop(inbox, "b.json", order(2))
    assert poll(installation) == 2 and count(installation) == 2
    assert [path.name for path in inbox.iterdir() if path.is_file()] == []


def test_a_file_that_is_refused_is_set_aside_with_the_reason(installation: Installation, inbox: Path) -> None:
    drop(inbox, "bad.json", b"{")
    assert poll(installation) == 1 and count(installation) == 0
    assert len(list((inbox / "failed").glob("*reason.txt"))) == 1


def test_a_body_that_was_stored_but_not_acknowledged_is_not_stored_again(
    installation: Installation, inbox: Path
) -> None:
    with installation.database.begin() as tx:
        put_binding(
            tx, ENVIRONMENT, "shop.kept", "file", {"folder": str(inbox), "min_age": 0, "pattern": "k*"}
        )
        put_binding(tx, ENVIRONMENT, "shop.order", "file", {"folder": str(inbox), "pattern": "none"})
    drop(inbox, "k.json", order(1))
    polling = Polling(installation)
    (binding,) = [b for b in polling._due() if b.endpoint == "shop.kept"]
    source = polling._source(binding)
    source.acknowledge = lambda incoming: None  # type: ignore[method-assign]  # as if we died right before it
    assert polling.poll(lambda: False) == 1
    polling.close()
    assert (inbox / "k.json").exists() and poll(installation) == 1
    assert count(installation) == 1 and not (inbox / "k.json").exists()


def test_a_paused_source_is_left_alone(installation: Installation, inbox: Path) -> None:
    with installation.database.begin() as tx:
        set_paused(tx, ENVIRONMENT, "shop.order", True)
    drop(inbox, "a.json", order(1))
    assert poll(installation) == 0 and (inbox / "a.json").exists()


def test_a_source_that_cannot_be_read_is_on_record_and_tried_again(
    installation: Installation, inbox: Path
) -> None:
    inbox.rename(inbox.with_name("gone"))
    assert poll(installation) == 0
    with installation.database.read() as tx:
        known = polls(tx)[ENVIRONMENT, "shop.order"]
    assert known["problem"] and known["next_at"] > known["last_at"]


def test_a_source_waits_for_its_time(installation: Installation, inbox: Path) -> None:
    polling = Polling(installation)
    assert polling.poll(lambda: False) == 0
    drop(inbox, "a.json", order(1))
    assert polling.poll(lambda: False) == 0
    polling.close()


def test_one_clock_ticks_and_another_stands_by(installation: Installation) -> None:
    first, second = Clock(installation), Clock(installation)
    assert [first.tick(), second.tick(), first.tick()] == [True, False, True]
    first._leave()
    assert second.tick()
