"""A hold for a failed lot overtakes what waits before it, in the inbox and in the outbox."""

import os
import time

import pytest

from app.runtime.intake import accept, accept_lines
from tests.faults.conftest import Plant, wait_for
from tests.journey import ENVIRONMENT, deploy, journey_files, order

pytestmark = [pytest.mark.faults]
WAITING = int(os.environ.get("MAPWRIGHT_WAITING", "6000"))
HOLDS = 5


def urgent_files() -> dict[str, bytes]:
    """The rule set of the tests, with one flow that goes first."""
    files = journey_files()
    flows = files["flows/orders.mw"].decode()
    where = '  receive shop.kept as o : shop.order "v1"\n  owner "tests"'
    assert where in flows
    return {**files, "flows/orders.mw": flows.replace(where, where + " criticality high").encode()}


def test_what_is_urgent_overtakes_thousands_of_others(plant: Plant) -> None:
    deploy(plant.installation, urgent_files())
    for first in range(0, WAITING, 1_000):
        lines = [order(number, f"L{number}") for number in range(first, first + 1_000)]
        accept_lines(plant.installation, ENVIRONMENT, "shop.order", b"\n".join(lines))
    plant.start("clock")
    plant.start()
    wait_for(lambda: len(plant.target.effects) > 50, 60)
    took = [overtake(plant, WAITING + number) for number in range(HOLDS)]
    behind = WAITING - len(plant.target.effects)
    print(
        f"{HOLDS} holds past {WAITING:,}: {', '.join(f'{seconds:.2f} s' for seconds in took)}; {behind:,} waited still"
    )
    assert behind > WAITING // 4
    assert sorted(took)[HOLDS // 2] < 15  # about a second; a loaded machine has its time


def overtake(plant: Plant, number: int) -> float:
    """Seconds from the acknowledgement of an urgent message until the target has it."""
    accept(plant.installation, ENVIRONMENT, "shop.kept", order(number, "urgent"))
    begun = time.monotonic()
    wait_for(lambda: any(arrival.body["n"] == number for arrival in plant.target.effects), 60)
    return time.monotonic() - begun
