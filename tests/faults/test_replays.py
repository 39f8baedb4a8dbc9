"""Replays in bulk whose drivers die: each original is replayed once, none is left out."""

from collections import Counter

from sqlalchemy import select

from app.runtime import batches
from app.storage.messages import messages_table
from app.storage.selecting import Filter
from tests.faults.checker import check
from tests.faults.conftest import Plant, wait_for
from tests.faults.plant import send
from tests.journey import ENVIRONMENT, drain_all

COUNT = 150


def replays(plant: Plant) -> Counter[str]:
    """How often each message was replayed."""
    with plant.database.read() as tx:
        query = select(messages_table.c.replay_of).where(messages_table.c.replay_of != "")
        return Counter(tx.execute(query).scalars())


def test_a_batch_whose_drivers_are_killed_replays_each_message_once(plant: Plant) -> None:
    ids = send(plant, COUNT, lanes=12)
    drain_all(plant.installation)
    chosen = Filter(flow="orders")
    made = batches.create(
        plant.installation,
        ENVIRONMENT,
        chosen,
        by="olga",
        rate=80,
        reason="lost by the target",
        dry_run=False,
    )
    for killed in range(2):
        first, second = plant.start("clock"), plant.start("clock")
        before = batches.batch(plant.installation, made.id).done
        wait_for(lambda least=before: batches.batch(plant.installation, made.id).done > least, 40)  # type: ignore[misc]
        first.kill()
        second.kill()
        assert set(replays(plant).values()) == {1}, killed
    plant.start("clock")
    wait_for(lambda: batches.batch(plant.installation, made.id).state == "done", 60)
    found = batches.batch(plant.installation, made.id)
    assert (found.done, found.failed) == (COUNT, 0)
    assert replays(plant) == Counter(ids)
    drain_all(plant.installation)
    check(plant.database, 2 * COUNT)
