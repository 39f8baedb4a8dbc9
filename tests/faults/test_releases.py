"""Promotions and rollbacks while messages flow."""

import threading
import time
from collections import Counter

import pytest

from app.design import promotions
from app.storage.environments import deployed
from app.storage.messages import messages
from app.storage.releases import add_release
from rules.release import build_release
from tests.faults.plant import Plant, insist_on_sending, settled
from tests.journey import ENVIRONMENT, journey_files

pytestmark = pytest.mark.faults
COUNT = 300


def second_release(plant: Plant) -> str:
    """A release whose documents say that they are of the second."""
    files = journey_files()
    head, name, body = files["maps/orders.mw"].decode().partition("map to_erp")
    marked = body.replace("  n    = o.n\n", '  n    = o.n\n  mode = "second"\n', 1)
    release = build_release({**files, "maps/orders.mw": (head + name + marked).encode()})
    with plant.database.begin() as tx:
        add_release(tx, release.id, "journey", release.content, "ana")
    return str(release.id)


def move_to_and_fro(plant: Plant, second: str, ended: threading.Event) -> int:
    moves = 0
    with plant.database.begin() as tx:
        first = deployed(tx, ENVIRONMENT)["journey"]
        for release in (second, first):
            promotions.promote(tx, release, ENVIRONMENT, by="olga")
    while not ended.is_set():
        with plant.database.begin() as tx:
            if moves % 2 == 0:
                promotions.promote(tx, second, ENVIRONMENT, by="olga")
            else:
                promotions.rollback(tx, ENVIRONMENT, "journey", by="olga", reason="once more")
        moves += 1
        time.sleep(0.1)
    return moves


def test_each_message_has_exactly_one_release_however_often_another_comes_live(plant: Plant) -> None:
    second = second_release(plant)
    plant.start()
    ended = threading.Event()
    sender = threading.Thread(target=lambda: (insist_on_sending(plant, range(COUNT), 10), ended.set()))
    sender.start()
    assert move_to_and_fro(plant, second, ended) >= 4
    sender.join()
    settled(plant, COUNT, 60)
    seen = {
        arrival.headers["x-mapwright-message"]: arrival.body.get("mode") for arrival in plant.target.effects
    }
    with plant.database.read() as tx:
        found = messages(tx, seen)
    assert {id: "second" if m.release_id == second else None for id, m in found.items()} == seen
    assert len(seen) == COUNT and min(Counter(seen.values()).values()) > 0 and len(set(seen.values())) == 2
