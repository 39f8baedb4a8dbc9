"""kill -9 and SIGSTOP of a worker at each point of its work."""

import pytest

from tests.faults.plant import Plant, harmless_when_woken, send, settled, wait_for
from tests.faults.wounds import Wound, stopped, wounded

pytestmark = pytest.mark.faults
COUNT = 12


def test_killed_after_the_engine_and_before_the_commit_it_has_done_nothing(plant: Plant) -> None:
    send(plant, COUNT)
    worker = plant.start(**wounded(Wound("app.runtime.processing:commit", "before")))
    assert worker.wait(20) == -9
    assert plant.target.arrivals == []
    plant.start()
    settled(plant, COUNT)
    assert plant.target.repeats == 0


def test_killed_inside_its_commit_it_has_done_nothing(plant: Plant) -> None:
    send(plant, COUNT)
    worker = plant.start(**wounded(Wound("app.runtime.committing:_release", "after")))
    assert worker.wait(20) == -9
    assert plant.target.arrivals == []
    plant.start()
    settled(plant, COUNT)
    assert plant.target.repeats == 0


def test_killed_after_its_commit_and_before_it_rings_the_deliveries_are_found(plant: Plant) -> None:
    send(plant, COUNT)
    worker = plant.start(**wounded(Wound("app.runtime.processing:commit", "after")))
    assert worker.wait(20) == -9
    plant.start()
    settled(plant, COUNT)


def test_killed_after_the_send_and_before_the_ledger_it_sends_again_under_the_same_key(plant: Plant) -> None:
    send(plant, COUNT, lanes=1)
    worker = plant.start(**wounded(Wound("connectors.transports.http.sink:HttpSink.send", "after", 3)))
    assert worker.wait(20) == -9
    assert len(plant.target.effects) == 3
    plant.start()
    settled(plant, COUNT)
    assert plant.target.repeats == 3


def test_stopped_past_its_lease_and_continued_it_commits_nothing(plant: Plant) -> None:
    send(plant, COUNT)
    sleeper = plant.start(**wounded(Wound("app.runtime.processing:commit", "before", deed="stop")))
    wait_for(lambda: stopped(sleeper.pid), 20)
    plant.start()
    settled(plant, COUNT)
    harmless_when_woken(plant, sleeper, COUNT)
    assert plant.target.repeats == 0
