"""kill -9 and SIGSTOP of a worker that has deliveries of many lanes in hand at once."""

import pytest
from sqlalchemy import func, select

from app.storage.deliveries import deliveries_table
from tests.faults.checker import check
from tests.faults.plant import Plant, figures, harmless_when_woken, send, settled, wait_for
from tests.faults.wounds import Wound, stopped, wounded
from tests.journey import drain_all

pytestmark = pytest.mark.faults
COUNT, LANES = 24, 6


def decided(plant: Plant, count: int = COUNT, **more: str) -> None:
    """So many deliveries of several lanes wait to be sent."""
    send(plant, count, LANES, **more)
    drain_all(plant.installation)


def test_killed_after_they_were_noted_and_before_any_was_sent_each_arrives_once(plant: Plant) -> None:
    decided(plant)
    worker = plant.start(**wounded(Wound("app.runtime.delivery:Deliveries._send", "before")))
    assert worker.wait(20) == -9
    assert plant.target.arrivals == [] and "inflight" in figures(plant.database)["deliveries"]
    plant.start()
    settled(plant, COUNT)
    assert plant.target.repeats == 0


def test_killed_while_some_are_sent_the_same_bytes_go_out_again_under_the_same_keys(plant: Plant) -> None:
    decided(plant)
    worker = plant.start(**wounded(Wound("connectors.transports.http.sink:HttpSink.send", "after", 5)))
    assert worker.wait(20) == -9
    assert plant.target.effects
    plant.start()
    settled(plant, COUNT)


def test_killed_while_results_of_many_are_written_none_of_them_is(plant: Plant) -> None:
    decided(plant)
    worker = plant.start(**wounded(Wound("app.runtime.turns:_ended", "after", 2)))
    assert worker.wait(20) == -9
    assert len(plant.target.effects) >= 2
    plant.start()
    settled(plant, COUNT)


def test_killed_after_results_were_written_it_sends_nothing_twice_that_it_had_settled(plant: Plant) -> None:
    decided(plant)
    worker = plant.start(**wounded(Wound("app.runtime.delivery:Deliveries._go_on", "before", 3)))
    assert worker.wait(20) == -9
    before = figures(plant.database)["deliveries"].get("delivered", 0)
    noted = figures(plant.database)["deliveries"].get("inflight", 0)
    assert before
    plant.start()
    settled(plant, COUNT)
    assert plant.target.repeats <= noted


def test_killed_with_many_noted_a_target_that_remembers_nothing_is_left_to_a_person(plant: Plant) -> None:
    decided(plant, mode="once")
    worker = plant.start(**wounded(Wound("app.runtime.delivery:Deliveries._send", "before", 2)))
    assert worker.wait(20) == -9
    noted = figures(plant.database)["deliveries"]["inflight"]
    assert 2 <= noted <= plant.installation.settings.delivery_threads
    plant.start()
    wait_for(lambda: uncertain(plant) == noted, 20, lambda: str(figures(plant.database)))
    assert plant.target.repeats == 0
    check(plant.database, COUNT)


def uncertain(plant: Plant) -> int:
    """How many deliveries wait for a person."""
    with plant.database.read() as tx:
        here = deliveries_table.c.state == "uncertain"
        return int(tx.execute(select(func.count()).select_from(deliveries_table).where(here)).scalar_one())


@pytest.mark.parametrize(
    "database_url", ["postgresql"], indirect=True
)  # a file stays locked while its writer lies still
def test_stopped_with_results_of_many_in_hand_past_its_leases_it_writes_none(plant: Plant) -> None:
    decided(plant)
    sleeper = plant.start(**wounded(Wound("app.runtime.delivery:Deliveries._together", "before", 2, "stop")))
    wait_for(lambda: stopped(sleeper.pid), 20)
    plant.start()
    settled(plant, COUNT)
    harmless_when_woken(plant, sleeper, COUNT)
