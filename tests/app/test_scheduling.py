"""Promotions at a set time: once whatever dies, cancelled, checked again at the moment, audited."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import update

from app import scheduling
from app.clock import HANDLERS
from app.design import releases
from app.design.errors import OwnChange
from app.errors import NotFound, ReasonRequired, TimeInvalid, TransitionRefused
from app.runtime.firing import fire_due
from app.runtime.installation import Installation
from app.scheduling import cancel, schedule, scheduled
from app.security import accounts, audit, tokens
from app.settings import Settings
from app.storage import environments
from app.storage.alerts import alerts
from app.storage.audit import latest_rows
from app.storage.database import now
from app.storage.timers import Timer, timer, timers_table
from app.wiring import wire
from tests.website import KEYS, RULESET, furnish

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    made = wire(Settings(home=tmp_path / "home", database_url=database_url, secret_keys=KEYS))
    furnish(made)
    yield made
    made.close()


def planned(installation: Installation, stage: str = "test", by: str = "ivan", **more: object) -> Timer:
    """The first release is to become live in an hour."""
    with installation.database.begin() as tx:
        record = releases.list_releases(tx, RULESET)[0]
        return schedule(tx, record.id, stage, now(tx) + timedelta(hours=1), by, reason="at night", **more)  # type: ignore[arg-type]


def come(installation: Installation) -> int:
    """The moment has come."""
    with installation.database.begin() as tx:
        tx.execute(update(timers_table).where(timers_table.c.kind == "promote").values(due_at=now(tx)))
    return fire_due(installation, handlers=HANDLERS)


def moves(installation: Installation, stage: str = "test") -> list[tuple[str, str]]:
    with installation.database.read() as tx:
        return [(move.by, move.reason) for move in environments.promotions(tx, stage)]


def one(installation: Installation, stage: str = "test") -> dict[str, object]:
    with installation.database.read() as tx:
        (found,) = scheduled(tx, stage)
    return found


def deeds(installation: Installation) -> list[str]:
    with installation.database.read() as tx:
        assert audit.verify(tx).ok
        return [row.what for row in latest_rows(tx, limit=3)]


def test_it_becomes_live_at_its_moment_and_not_before(installation: Installation) -> None:
    planned(installation)
    assert fire_due(installation, handlers=HANDLERS) == 0 and moves(installation) == []
    assert one(installation)["state"] == "waiting"
    assert come(installation) == 1
    assert moves(installation) == [("ivan", "scheduled: at night")]
    assert one(installation)["state"] == "done"
    assert deeds(installation)[:2] == ["promote", "promotion.schedule"]
    assert come(installation) == 0 and len(moves(installation)) == 1


def test_two_clocks_at_once_promote_once(installation: Installation) -> None:
    made = planned(installation)
    with installation.database.begin() as tx:
        tx.execute(update(timers_table).values(due_at=now(tx)))
    fired: list[int] = []
    clocks = [Thread(target=lambda: fired.append(HANDLERS["promote"](installation, made))) for _ in range(2)]
    for clock in clocks:
        clock.start()
    for clock in clocks:
        clock.join()
    assert sorted(fired) == [0, 1] and len(moves(installation)) == 1


def test_a_cancelled_one_never_happens(installation: Installation) -> None:
    made = planned(installation)
    with installation.database.begin() as tx:
        with pytest.raises(ReasonRequired):
            cancel(tx, "test", made.id, "ivan", " ")
        with pytest.raises(NotFound):
            cancel(tx, "prod", made.id, "ivan", "x")
        cancel(tx, "test", made.id, "ivan", "the plant works that night")
    assert come(installation) == 0 and moves(installation) == []
    assert one(installation)["ended"] == "cancelled by ivan: the plant works that night"
    assert deeds(installation)[0] == "promotion.cancel"
    with installation.database.begin() as tx, pytest.raises(TransitionRefused):
        cancel(tx, "test", made.id, "ivan", "twice")


def refused(installation: Installation, words: str, stage: str = "test") -> None:
    assert come(installation) == 0 and moves(installation, stage) == []
    found = one(installation, stage)
    assert found["state"] == "not done" and words in str(found["ended"])
    assert deeds(installation)[0] == "promote.refused"
    with installation.database.read() as tx:
        (alert,) = alerts(tx, stage)
    assert words in alert["text"] and f"did not become live in {stage}" in alert["text"]
    assert come(installation) == 0 and len(deeds(installation)) == 3


def test_who_may_not_promote_any_more_is_refused_at_the_moment(installation: Installation) -> None:
    planned(installation)
    with installation.database.begin() as tx:
        accounts.set_roles(tx, "ivan", ["operator"], "adm")
    refused(installation, "ivan may not promote any more")


def test_who_has_left_is_refused_at_the_moment(installation: Installation) -> None:
    planned(installation)
    with installation.database.begin() as tx:
        accounts.set_active(tx, "ivan", False, "adm", "left")
    refused(installation, "ivan may not promote any more")


def test_a_token_that_was_revoked_is_refused_at_the_moment(installation: Installation) -> None:
    with installation.database.begin() as tx:
        made = tokens.issue(tx, "pipeline", "test", ["*"], "ivan", ["promote"]).record
    planned(installation, by=f"token/{made.id}", on_behalf_of="ivan")
    with installation.database.begin() as tx:
        tokens.revoke(tx, made.id, "adm")
    refused(installation, "token")


def test_a_stage_that_is_not_passed_at_the_moment_is_refused(installation: Installation) -> None:
    planned(installation, "prod")
    refused(installation, "has to be live in test", "prod")


def test_another_live_release_than_the_plan_showed_is_refused(installation: Installation) -> None:
    planned(installation, expected_live="0" * 64)
    refused(installation, "Somebody else moved this environment")


def test_an_author_can_not_schedule_their_own_change(installation: Installation) -> None:
    with pytest.raises(OwnChange):
        planned(installation, by="ana")


@pytest.mark.parametrize("hours", [-1, 0, 24 * 367])
def test_a_moment_that_has_passed_or_is_too_far_is_refused(installation: Installation, hours: int) -> None:
    with installation.database.begin() as tx, pytest.raises(TimeInvalid):
        record = releases.list_releases(tx, RULESET)[0]
        schedule(tx, record.id, "test", now(tx) + timedelta(hours=hours), "ivan")


@pytest.mark.faults
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_happens_once_though_its_clock_was_killed(installation: Installation) -> None:
    environ = {
        **os.environ,
        "MAPWRIGHT_HOME": str(installation.settings.home),
        "MAPWRIGHT_DATABASE_URL": installation.settings.database_url,
        "MAPWRIGHT_SECRET_KEYS": KEYS[0],
    }
    command = [sys.executable, "-m", "app.cli", "clock"]
    made = planned(installation)
    clocks = [subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.DEVNULL)]
    try:
        until(lambda: owner(installation))
        clocks[0].send_signal(signal.SIGSTOP)  # at the worst moment: it holds the lease and fires nothing
        with installation.database.begin() as tx:
            tx.execute(update(timers_table).where(timers_table.c.id == made.id).values(due_at=now(tx)))
        clocks[0].kill()
        clocks += [
            subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.DEVNULL) for _ in range(2)
        ]
        until(lambda: bool(moves(installation)))
        time.sleep(1.5)  # one more tick of either
        assert len(moves(installation)) == 1
        with installation.database.read() as tx:
            assert timer(tx, made.id).state == "fired"
    finally:
        for clock in clocks:
            clock.kill()
            clock.wait()


def owner(installation: Installation) -> bool:
    from app.storage.workers import workers

    with installation.database.read() as tx:
        return any(one["kind"] == "clock" for one in workers(tx))


def until(true: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.1)


def test_what_is_shown_has_no_surprises(installation: Installation) -> None:
    made = planned(installation)
    found = scheduling.shown(made)
    assert (found["number"], found["ruleset"], found["environment"]) == (1, RULESET, "test")
    assert isinstance(found["at"], datetime)
