"""A database that is slow, locked or full, a disk without room: intake says so, loses nothing, goes on by itself."""

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from app.clock import Clock
from app.errors import DatabaseFull, DatabaseSlow, DatabaseUnreachable, DiskNearlyFull
from app.runtime import intake
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.runtime.pressure.disk import Disks
from app.runtime.pressure.pulse import Pulse
from app.storage.alerts import alerts
from app.storage.database import open_database
from app.storage.queries import search_messages
from tests.journey import ENVIRONMENT, drain_all, order


def send(installation: Installation, number: int) -> Any:
    return accept(installation, ENVIRONMENT, "shop.order", order(number))


def stored(installation: Installation) -> int:
    with installation.database.read() as tx:
        return len(search_messages(tx, ENVIRONMENT, limit=100).items)


def until(condition: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def test_behind_a_call_that_waits_too_long_nobody_else_waits() -> None:
    hands = Hands()
    pulse = Pulse(10, 2.0, hands)
    with pulse.writing():
        pulse.check()
        hands.at += 2.5
        with pytest.raises(DatabaseSlow) as refused:
            pulse.check()
    assert refused.value.details["retry_after"] == 3


def test_while_others_are_written_one_that_waits_is_no_trouble() -> None:
    hands = Hands()
    pulse = Pulse(10, 2.0, hands)
    with pulse.writing():
        for _ in range(5):
            hands.at += 1.0
            with pulse.writing():
                pass
        pulse.check()


def test_after_trouble_one_call_at_a_time_tries_and_the_first_success_ends_it() -> None:
    hands = Hands()
    pulse = Pulse(10, 2.0, hands)
    with pytest.raises(OperationalError), pulse.writing():
        raise OperationalError("insert", {}, Exception("server closed the connection"))
    with pulse.writing(), pytest.raises(DatabaseSlow):
        pulse.check()
    with pulse.writing():
        pulse.check()


def test_what_was_wrong_with_a_body_is_no_trouble_of_the_database() -> None:
    pulse = Pulse(10, 2.0, Hands())
    with pytest.raises(ValueError), pulse.writing():
        raise ValueError
    with pulse.writing():
        pulse.check()


def test_only_so_many_calls_wait() -> None:
    pulse = Pulse(1, 2.0, Hands())
    with pulse.writing(), pytest.raises(DatabaseSlow):
        pulse.check()


def locking(installation: Installation) -> Any:
    """A connection that lets nobody write messages."""
    connection = installation.database.engine.connect()
    if installation.database.kind == "postgresql":
        connection.execute(text("lock table lanes in access exclusive mode"))
    else:
        connection.execute(text("update lanes set ready = ready"))
    return connection


def test_a_locked_database_sheds_load_and_intake_recovers_by_itself(installation: Installation) -> None:
    installation.settings = replace(installation.settings, intake_patience=0.5)
    send(installation, 0)
    pool = ThreadPoolExecutor(8)
    with locking(installation):
        first: Future[Any] = pool.submit(send, installation, 1)
        assert until(lambda: bool(installation.gate.pulse._begun))
        time.sleep(0.8)
        answers = [pool.submit(send, installation, number) for number in range(2, 8)]
        refused = [answer.exception(20) for answer in answers]
    assert all(isinstance(error, DatabaseSlow) for error in refused), refused
    assert all(error.retryable and error.details["retry_after"] >= 1 for error in refused)  # type: ignore[union-attr]
    at_once = ["answers too slowly" in str(error) for error in refused]
    assert at_once.count(True) >= 5, refused  # one may have been let through to try
    pool.shutdown()
    assert until(lambda: _goes_in(installation, 100))
    heard = [1] if first.exception() is None else []
    assert stored(installation) == 2 + len(heard)


def _goes_in(installation: Installation, number: int) -> bool:
    try:
        send(installation, number)
    except DatabaseSlow:
        return False
    return True


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_statement_that_takes_too_long_is_ended_and_said_so(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "STATEMENT_SECONDS", 1.0)
    with installation.database.begin() as tx:
        tx.execute(
            text(
                "create function slow() returns trigger language plpgsql as"
                " $$ begin perform pg_sleep(30); return new; end $$"
            )
        )
        tx.execute(text("create trigger slow before insert on bodies for each row execute function slow()"))
    begun = time.monotonic()
    with pytest.raises(DatabaseSlow):
        send(installation, 1)
    assert time.monotonic() - begun < 25 and stored(installation) == 0


def test_a_database_without_a_free_connection_is_busy_for_a_while(installation: Installation) -> None:
    engine = installation.database.engine
    engine.pool._timeout = 0.2  # type: ignore[attr-defined]
    held = [engine.connect() for _ in range(24)]
    with pytest.raises(DatabaseSlow) as refused:
        send(installation, 1)
    assert refused.value.details["retry_after"] >= 1
    for connection in held:
        connection.close()
    assert until(lambda: _goes_in(installation, 1))


def test_a_database_that_is_away_is_unreachable(installation: Installation) -> None:
    send(installation, 1)
    installation.database.close()
    away = "postgresql://nobody@127.0.0.1:1/none" if installation.database.kind == "postgresql" else ""
    if not away:
        away = f"sqlite:///{installation.settings.home}/no/such/folder/x.db"
    installation.database = open_database(away)
    with pytest.raises(DatabaseUnreachable):
        send(installation, 2)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_full_disk_at_the_commit_is_said_so_and_nothing_is_stored(installation: Installation) -> None:
    with installation.database.begin() as tx:
        tx.execute(
            text(
                "create function full_disk() returns trigger language plpgsql as"
                " $$ begin raise exception 'could not extend file: No space left on device'"
                " using errcode = '53100'; end $$"
            )
        )
        tx.execute(
            text(
                "create constraint trigger full_disk after insert on bodies deferrable initially deferred"
                " for each row execute function full_disk()"
            )
        )
    with pytest.raises(DatabaseFull) as refused:
        send(installation, 1)
    assert (refused.value.status, refused.value.code, refused.value.retryable) == (503, "disk_full", True)
    assert stored(installation) == 0
    with installation.database.begin() as tx:
        tx.execute(text("drop trigger full_disk on bodies"))
    send(installation, 1)
    assert stored(installation) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_sqlite_file_that_cannot_grow_is_said_so_and_nothing_is_stored(installation: Installation) -> None:
    send(installation, 0)
    with installation.database.read() as tx:
        pages = tx.exec_driver_sql("pragma page_count").scalar_one()
    installation.database.close()
    room = [pages + 1]
    event.listen(
        installation.database.engine,
        "connect",
        lambda connection, record: connection.execute(f"pragma max_page_count = {room[0]}"),
    )
    large = b'{"id": "large", "lot": "L1", "n": 1, "note": "' + b"x" * 500_000 + b'"}'
    with pytest.raises(DatabaseFull):
        accept(installation, ENVIRONMENT, "shop.order", large)
    assert stored(installation) == 1
    room[0] = 1_000_000
    installation.database.close()
    accept(installation, ENVIRONMENT, "shop.order", large)
    assert stored(installation) == 2


# One after the other: what one frees again would be room for the next.
fills_the_disk = pytest.mark.xdist_group("disk")


@pytest.fixture
def tight(installation: Installation) -> Installation:
    """A least room that one large file more takes; a tenth is left to others who fill the disk meanwhile."""
    free = free_bytes(installation.settings.home)
    installation.settings = replace(
        installation.settings, disk_free_bytes=free - free // 10, disk_free_percent=0.0
    )
    return installation


def free_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def fill(folder: Path, installation: Installation) -> Path:
    """Takes what is free now down to a twentieth below the least, whatever others have freed meanwhile."""
    path = folder / "large"
    least = installation.settings.disk_free_bytes
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free_bytes(folder) - least + least // 20)
    return path


@fills_the_disk
def test_a_disk_nearly_full_stops_intake_and_workers_go_on(tight: Installation) -> None:
    send(tight, 1)
    tight.gate.look()
    send(tight, 2)
    large = fill(tight.settings.home, tight)
    tight.gate.look()
    with pytest.raises(DiskNearlyFull) as refused:
        send(tight, 3)
    assert (refused.value.status, refused.value.code) == (503, "disk_nearly_full")
    assert refused.value.details["retry_after"] > 0 and "MB are free" in refused.value.message
    assert drain_all(tight) == 2
    large.unlink()
    tight.gate.look()
    send(tight, 3)
    assert stored(tight) == 3


@fills_the_disk
def test_room_has_to_be_more_than_enough_before_intake_goes_on(tight: Installation) -> None:
    disks = Disks(tight.settings, tight.database)
    large = fill(tight.settings.home, tight)
    assert disks.look() is not None
    large.unlink()
    tight.settings = replace(tight.settings, disk_free_bytes=free_bytes(tight.settings.home) - 50_000_000)
    disks._settings = tight.settings
    assert disks.look() is not None
    assert Disks(tight.settings, tight.database).look() is None


@fills_the_disk
def test_people_are_alerted_of_a_full_disk_once(tight: Installation) -> None:
    clock = Clock(tight)
    large = fill(tight.settings.home, tight)
    for _ in range(3):
        clock._watch()
    with tight.database.read() as tx:
        told = alerts(tx, ENVIRONMENT)
    large.unlink()
    assert [one["channel"] for one in told] == ["operations"]
    assert "Intake has stopped" in told[0]["text"]


def test_a_call_that_is_refused_is_not_half_stored_while_others_write(installation: Installation) -> None:
    """Sixteen senders through a database that is locked now and then: what was acknowledged is there, no more."""
    installation.settings = replace(installation.settings, intake_patience=0.3)
    stop, heard, unsure = threading.Event(), set(), set()

    def sender(first: int) -> None:
        number = first
        while not stop.is_set():
            try:
                (one,) = send(installation, number)
                heard.add(one.message_id)
            except DatabaseSlow:
                unsure.add(number)
                time.sleep(0.05)
            number += 1

    threads = [threading.Thread(target=sender, args=(n * 100_000,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        time.sleep(0.5)
        with locking(installation):
            time.sleep(0.8)
    time.sleep(0.5)
    stop.set()
    for thread in threads:
        thread.join(60)
    with installation.database.read() as tx:
        found = set(tx.execute(text("select id from messages")).scalars())
    assert heard <= found and len(found - heard) <= len(unsure)
