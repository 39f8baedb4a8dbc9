"""2,000 messages over 50 lanes while workers, the queue and the target die again and again."""

import os
import random
import signal
import threading
import time

import pytest

from app.runtime.intake import accept
from tests.faults.checker import check
from tests.faults.conftest import Plant
from tests.journey import ENVIRONMENT, Answer, order

pytestmark = [pytest.mark.faults, pytest.mark.slow]
MESSAGES = 2_000
LANES = 50
CHAOS_SECONDS = float(os.environ.get("MAPWRIGHT_CHAOS_SECONDS", "20"))
SETTLE_SECONDS = 70.0


def test_every_message_is_delivered_once_and_in_order(plant: Plant) -> None:
    seed = int(os.environ.get("MAPWRIGHT_CHAOS_SEED", random.randrange(1_000_000)))
    dice = random.Random(seed)
    started = time.monotonic()
    down = (started + 5, started + 8)
    plant.target.script = lambda _: Answer(503 if down[0] < time.monotonic() < down[1] else 200)
    plant.start("clock")
    workers = [plant.start() for _ in range(2 if plant.installation.database.kind == "postgresql" else 1)]
    sender = threading.Thread(target=send_all, args=(plant, CHAOS_SECONDS / 2))
    sender.start()
    kills = 0
    while time.monotonic() < started + CHAOS_SECONDS:
        time.sleep(dice.uniform(0.3, 1.5))
        kills += hurt(plant, workers, dice)
    sender.join()
    for worker in workers:
        worker.signal(signal.SIGCONT)
    wait_until_delivered(plant, seed)
    figures = check(plant.installation.database, MESSAGES)
    assert figures.messages == {"done": MESSAGES} and figures.deliveries == {"delivered": MESSAGES}
    assert sorted(arrival.body["n"] for arrival in plant.target.effects) == list(range(MESSAGES))
    for lane in range(LANES):
        assert plant.target.numbers(f"L{lane}") == list(range(lane, MESSAGES, LANES)), f"seed {seed}"
    print(f"seed {seed}: {kills} kills, {plant.target.repeats} repeats, {time.monotonic() - started:.0f} s")


def send_all(plant: Plant, seconds: float) -> None:
    """Spread over some seconds; each body is acknowledged, whatever the queue does."""
    begun = time.monotonic()
    for n in range(MESSAGES):
        accept(plant.installation, ENVIRONMENT, "shop.order", order(n, f"L{n % LANES}"))
        time.sleep(max(0.0, begun + seconds * n / MESSAGES - time.monotonic()))


def hurt(plant: Plant, workers: list, dice: random.Random) -> int:
    """One blow: kill a worker, freeze it past its lease, kill or empty the queue."""
    place = dice.randrange(len(workers))
    blow = dice.choice(["kill", "kill", "kill", "freeze", "queue", "flush"])
    if blow == "kill":
        workers[place].kill()
        workers[place] = plant.start()
    elif blow == "freeze":
        workers[place].signal(signal.SIGSTOP)
        time.sleep(2.5)
        workers[place].signal(signal.SIGCONT)
    elif blow == "queue":
        plant.valkey.kill()
        time.sleep(dice.uniform(0, 1.5))
        plant.valkey.start()
    else:
        plant.valkey.client().flushall()
    return int(blow in ("kill", "queue"))


def wait_until_delivered(plant: Plant, seed: int) -> None:
    end = time.monotonic() + SETTLE_SECONDS
    while len(plant.target.effects) < MESSAGES:
        assert time.monotonic() < end, f"seed {seed}: {len(plant.target.effects)} delivered, see {plant.log}"
        time.sleep(0.1)
    time.sleep(1.5)
