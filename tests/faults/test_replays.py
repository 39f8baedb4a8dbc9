"""Replays beside live traffic and beside retention."""

import time
from collections import Counter

import pytest

from app.runtime import batches, retention
from app.runtime.intake import accept_lines
from app.storage.identity import MILLISECONDS_A_DAY, milliseconds
from app.storage.selecting import Filter
from tests.faults.checker import check
from tests.faults.plant import Plant, delivered, ended, figures, send, states, wait_for
from tests.faults.sizes import size
from tests.faults.violations import CheckFailed
from tests.journey import ENVIRONMENT, deliver_all, drain_all, order

pytestmark = [pytest.mark.faults, pytest.mark.slow]
MANY, A_BULK, LIVE, LIVE_SECONDS = size(10_000, 2_500), 2_500, 10, 20
OLD = 60


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_live_messages_get_through_beside_thousands_of_replays(plant: Plant) -> None:
    for first in range(0, MANY, A_BULK):
        body = b"\n".join(order(n, f"R{n % 50}", mode="ignore") for n in range(first, first + A_BULK))
        accept_lines(plant.installation, ENVIRONMENT, "shop.order", body)
    drain_all(plant.installation)
    chosen = Filter(flow="orders")
    made = batches.create(
        plant.installation, ENVIRONMENT, chosen, by="olga", reason="once more", rate=10_000, dry_run=False
    )
    plant.start("clock")
    plant.start()
    waits = [how_long_one_takes(plant, n) for n in range(LIVE)]
    assert max(waits) < LIVE_SECONDS, waits
    wait_for(lambda: batches.batch(plant.installation, made.id).state == "done", 240)
    ended(plant, 2 * MANY + LIVE, 120)
    wait_for(lambda: states(plant.database) == {"delivered"}, 20)
    assert figures(plant.database)["messages"] == {"ignored": 2 * MANY, "done": LIVE}
    check(plant.database, 2 * MANY + LIVE)


def how_long_one_takes(plant: Plant, number: int) -> float:
    """Seconds from the intake of a live message to its effect."""
    begun = time.monotonic()
    send(plant, 1, first=MANY + number)
    delivered(plant, number + 1, 60)
    return time.monotonic() - begun


def test_retention_takes_nothing_away_that_is_replayed(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is old enough to go, all the time; only what is over and no longer needed goes."""
    send(plant, OLD, lanes=10)
    drain_all(plant.installation)
    deliver_all(plant.installation)
    day = milliseconds() // MILLISECONDS_A_DAY + 40
    monkeypatch.setattr(retention, "_today", lambda tx: day)
    chosen = Filter(flow="orders")
    made = batches.create(
        plant.installation, ENVIRONMENT, chosen, by="olga", reason="once more", rate=1_000, dry_run=False
    )
    plant.start("clock")
    plant.start()
    end = time.monotonic() + 90
    while batches.batch(plant.installation, made.id).state != "done" or len(plant.target.effects) < 2 * OLD:
        assert time.monotonic() < end, (len(plant.target.effects), figures(plant.database))
        retention.run_retention(plant.installation, by="tests", pause=0)
        time.sleep(0.1)
    found = batches.batch(plant.installation, made.id)
    assert found.done == OLD and Counter(a.body["n"] for a in plant.target.effects) == dict.fromkeys(
        range(OLD), 2
    )
    wait_for(lambda: states(plant.database) <= {"delivered"}, 20)
    check_what_is_left(plant)
    wait_for(lambda: _nothing_left(plant), 30)


def _nothing_left(plant: Plant) -> bool:
    """A day that somebody looks at while it is to go is left for the next run."""
    retention.run_retention(plant.installation, by="tests", pause=0)
    return sum(figures(plant.database)["messages"].values()) == 0


def check_what_is_left(plant: Plant) -> None:
    """Duplicate keys and ledger keys outlive what they stand for, so that nothing old happens again: all else holds."""
    try:
        check(plant.database)
    except CheckFailed as failed:
        said = {v.what.partition(" key ")[0] for v in failed.violations if v.invariant == "lost"}
        assert failed.names <= {"lost", "effect lost"} and said <= {"duplicate"}, failed
