"""Clocks that are an hour off, and two sweepers at work at once."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.runtime.intake import accept
from app.storage.attempts import attempts_table
from app.storage.database import now
from app.storage.messages import messages_table
from app.storage.timers import timers_table
from tests.app.runtime.test_later import ENDPOINTS, MODULES
from tests.faults.checker import check
from tests.faults.kinds import CLOCK
from tests.faults.plant import Plant, figures, insist_on_sending, send, settled, wait_for
from tests.faults.violations import CheckFailed
from tests.journey import ENVIRONMENT, Answer, deploy, journey_files, order

pytestmark = pytest.mark.faults
AHEAD, BEHIND = {CLOCK: "3600"}, {CLOCK: "-3600"}
on_postgresql = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_postgresql
def test_processes_an_hour_ahead_and_behind_go_by_the_time_of_the_database(plant: Plant) -> None:
    plant.target.script = lambda number: Answer(503 if number == 2 else 200, seconds=0.1)
    web = plant.serve(**AHEAD)
    for n in range(20):
        assert web.send(order(n, f"L{n % 5}")).status == 202
    plant.start("clock", **BEHIND)
    plant.start(**AHEAD)
    plant.start(**BEHIND)
    settled(plant, 20)
    with plant.database.read() as tx:
        moment = now(tx)
        stamps = tx.execute(select(messages_table.c.received_at, messages_table.c.updated_at)).all()
        taken = set(tx.execute(select(attempts_table.c.result)).scalars())
    assert all(abs(moment - at) < timedelta(minutes=10) for row in stamps for at in row)
    assert "interrupted" not in taken  # nobody took a lease that had not ended


@on_sqlite
def test_a_machine_whose_clock_was_an_hour_ahead_goes_on_when_it_is_right_again(plant: Plant) -> None:
    plant.target.script = lambda number: Answer(503 if number < 4 else 200)
    web = plant.serve(**AHEAD)
    assert all(web.send(order(n, f"L{n % 5}")).status == 202 for n in range(20))
    early = [plant.start("clock", **AHEAD), plant.start(**AHEAD)]
    wait_for(lambda: len(plant.target.effects) >= 3, 60)
    assert all(web.send(order(n, f"L{n % 5}")).status == 202 for n in range(20, 25))
    for process in (*early, web.process):
        process.kill()
    plant.start("clock")
    plant.start()
    insist_on_sending(plant, range(25, 30))
    try:
        settled(plant, 30)
    except CheckFailed as found:  # what stands in the rows about time is an hour off; all else must hold
        assert found.names <= {"inbox order", "sending order", "fence"}
    for lot in range(5):
        assert plant.target.numbers(f"L{lot}") == list(range(lot, 30, 5))


@on_sqlite
def test_a_machine_whose_clock_is_put_an_hour_forward_goes_on(plant: Plant) -> None:
    plant.target.script = lambda number: Answer(503 if number < 4 else 200)
    send(plant, 20)
    slow = [plant.start("clock"), plant.start()]
    wait_for(lambda: len(plant.target.effects) >= 3, 60)
    for process in slow:
        process.kill()
    plant.start("clock", **AHEAD)
    plant.start(**AHEAD)
    settled(plant, 20)


def test_two_sweepers_at_once_fire_each_timer_once(plant: Plant) -> None:
    files = journey_files() | MODULES
    files["ruleset.toml"] += ENDPOINTS.encode()
    deploy(plant.installation, files)
    for n in range(30):
        accept(plant.installation, ENVIRONMENT, "shop.later", order(n, f"L{n}", mode="chase"))
    plant.start()
    wait_for(lambda: figures(plant.database)["messages"] == {"done": 30}, 60)
    with plant.database.begin() as tx:
        tx.execute(update(timers_table).values(due_at=now(tx) - timedelta(seconds=1)))
    plant.start("sweeper")
    plant.start("sweeper")
    wait_for(lambda: len(plant.target.effects) >= 30, 60)
    time.sleep(1.5)
    check(plant.database, 60)
    assert len(plant.target.effects) == 30 == len({arrival.body["n"] for arrival in plant.target.effects})
