"""A target that answers errors, late, drop by drop, half, with an error in a 200, or that asks to wait."""

import time

import pytest
from sqlalchemy import select

from app.storage.deliveries import deliveries_table
from tests.faults.checker import check
from tests.faults.plant import Plant, figures, send, settled, wait_for
from tests.journey import Answer, bind

pytestmark = pytest.mark.faults
COUNT = 6
CONTRACT = {"error_body": {"path": "error", "result": "retry"}}
ERRORS = {
    "500": Answer(500),
    "503": Answer(503),
    "timeout": Answer(seconds=1.5),
    "hang_up": Answer(hang_up=True),
    "slow_drip": Answer(drip=0.2),
    "reset_in_the_body": Answer(body=b'{"ok": tr', reset=True),
    "200_with_an_error": Answer(body=b'{"error": "table locked"}'),
}


@pytest.mark.parametrize("fault", ERRORS)
def test_a_target_that_fails_for_a_while_has_each_effect_once_and_in_order(plant: Plant, fault: str) -> None:
    bind(plant.installation, "erp.order", plant.target.url, **CONTRACT)
    plant.target.script = lambda number: ERRORS[fault] if number in (1, 3, 4) else Answer()
    send(plant, COUNT, lanes=2)
    plant.start()
    settled(plant, COUNT)
    # each failure was tried again; a loaded machine may be late once more than the script says
    assert len(plant.target.arrivals) >= COUNT + 3


def test_without_an_answer_a_target_that_remembers_nothing_is_left_to_a_person(plant: Plant) -> None:
    bind(plant.installation, "erp.once", plant.target.url, **CONTRACT)
    silent = dict(enumerate(("timeout", "slow_drip", "reset_in_the_body"), 1))
    plant.target.script = lambda number: ERRORS[silent[number]] if number in silent else Answer()
    send(plant, 9, lanes=3, mode="once")
    plant.start()
    wanted = {"uncertain": 3, "pending": 6}
    wait_for(
        lambda: figures(plant.database)["deliveries"] == wanted, 40, lambda: str(figures(plant.database))
    )
    time.sleep(1.5)
    assert check(plant.database, 9).deliveries == wanted
    assert len(plant.target.arrivals) == 3


def test_an_error_in_a_200_is_what_the_contract_of_the_connection_calls_it(plant: Plant) -> None:
    refusing = {"error_body": {"path": "error", "result": "refused"}}
    bind(plant.installation, "erp.order", plant.target.url, **refusing)
    plant.target.script = lambda number: Answer(body=b'{"error": "no such lot"}') if number == 2 else Answer()
    send(plant, 3, lanes=1)
    plant.start()
    wait_for(lambda: figures(plant.database)["deliveries"] == {"delivered": 2, "dead": 1}, 40)
    check(plant.database, 3)
    assert sorted(arrival.body["n"] for arrival in plant.target.effects) == [0, 1, 2]


def test_a_target_that_says_429_is_not_asked_again_before_it_wants(plant: Plant) -> None:
    plant.target.script = lambda n: Answer(429, {"Retry-After": "3"}) if n == 1 else Answer()
    send(plant, 3, lanes=1)
    plant.start()
    settled(plant, 3)
    first, second = plant.target.arrivals[:2]
    assert second.at - first.at >= 2.9 and second.key == first.key


def test_a_breaker_that_opens_and_closes_again_and_again_loses_no_effect_and_no_order(plant: Plant) -> None:
    control = {"breaker_failures": 2, "breaker_cool_down": 0.3, "breaker_cool_down_cap": 0.6}
    bind(plant.installation, "erp.order", plant.target.url, control=control)
    begun = time.monotonic()
    plant.target.script = lambda _: Answer(503 if (time.monotonic() - begun) % 2 < 1 else 200)
    plant.start()
    plant.start("clock")
    for first in range(0, 60, 5):
        send(plant, 5, first=first)
        time.sleep(0.5)
    settled(plant, 60)
    with plant.database.read() as tx:
        made = max(tx.execute(select(deliveries_table.c.attempts)).scalars())
    assert made < 30
