"""Maps and payloads that cost too much: the message ends with a reason, the process goes on."""

import pytest

from tests.attacks.test_worker import HOSTILE_MAP
from tests.faults.checker import check
from tests.faults.plant import Plant, ended, figures, lines, send, states, wait_for
from tests.journey import deploy, journey_files, order

pytestmark = pytest.mark.faults
BOMBS = {
    "brackets": b"[" * 10_000,
    "objects": b'{"a":' * 10_000,
    "long number": b'{"id": "x", "lot": "L", "n": ' + b"9" * 1_000_000 + b"}",
    "exponent": b'{"id": "x", "lot": "L", "n": 1e999999999}',
    "twenty megabytes": b'{"id": "' + b"x" * 20_000_000 + b'"}',
}


def test_a_map_that_costs_too_much_ends_its_message_and_not_its_worker(plant: Plant) -> None:
    files = journey_files()
    text = files["maps/orders.mw"].decode()
    hostile = text.replace("  id   = o.id\n", f"  id   = if_else(o.n > 100, {HOSTILE_MAP}, o.id)\n", 1)
    deploy(plant.installation, {**files, "maps/orders.mw": hostile.encode()})
    worker = plant.start(MAPWRIGHT_MEMORY_LIMIT=str(2**31))
    send(plant, 2, first=101)
    send(plant, 5)
    ended(plant, 7, 90)
    wait_for(lambda: states(plant.database) == {"delivered"} and len(plant.target.effects) == 5, 40)
    check(plant.database, 7)
    assert worker.alive and figures(plant.database)["messages"]["done"] == 5


def test_bodies_that_would_cost_too_much_are_refused_and_the_server_goes_on(plant: Plant) -> None:
    web = plant.serve()
    for body in BOMBS.values():
        answer = web.send(body)
        assert answer is None or 400 <= answer.status < 500
        if answer is not None:
            assert lines(answer)["code"] in ("undecodable", "too_large", "invalid")
    assert web.send(order(0, "L0")).status == 202 and web.process.alive
    plant.start()
    ended(plant, 1)
    check(plant.database, 1)
