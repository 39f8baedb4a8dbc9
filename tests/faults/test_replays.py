"""10,000 replays beside live traffic: the replays keep back, live messages get through."""

import time

import pytest

from app.runtime import batches
from app.runtime.intake import accept_lines
from app.storage.selecting import Filter
from tests.faults.checker import check
from tests.faults.plant import Plant, delivered, ended, figures, send, states, wait_for
from tests.journey import ENVIRONMENT, drain_all, order

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.postgres]
MANY, A_BULK, LIVE, LIVE_SECONDS = 10_000, 2_500, 10, 20


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_live_messages_get_through_beside_10000_replays(plant: Plant) -> None:
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
