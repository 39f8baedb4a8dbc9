"""A full disk: what was not stored is not acknowledged, and what was acknowledged is there afterwards."""

import random
from typing import Any

import pytest

from tests.faults.disk import VARIABLE
from tests.faults.plant import Plant, Web, settled
from tests.faults.server import OwnPostgres
from tests.journey import order

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("own-postgres")]
MEGABYTE = 2**20


def long_order(n: int) -> bytes:
    """An order with white space that a database can't make much smaller."""
    return order(n, f"L{n % 5}") + bytes(random.Random(n).choices(b" \t\r\n", k=80_000))


def send_until_refused(web: Web, first: int = 0) -> tuple[int, Any]:
    """How many orders were acknowledged before the first that was not, and the answer to that one."""
    for n in range(first, first + 5_000):
        answer = web.send(long_order(n))
        if answer is None or answer.status != 202:
            return n, answer
    raise AssertionError("the disk never was full")


def refused_in_time(answer: Any) -> None:
    assert answer is not None, "the server died"
    assert answer.status in (500, 503, 507), answer.data
    assert answer.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.postgres
def test_postgresql_without_disk_takes_nothing_in_and_loses_nothing(
    own_plant: Plant, own_postgres: OwnPostgres
) -> None:
    own_postgres.stop_at_once("fast")
    own_postgres.start(disk=MEGABYTE)
    try:
        web = own_plant.serve()
        own_plant.start()
        taken, answer = send_until_refused(web)
        refused_in_time(answer)
    finally:
        own_postgres.stop_at_once("fast")
        own_postgres.start()
    finish(own_plant, web, taken)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sqlite_without_disk_takes_nothing_in_and_loses_nothing(plant: Plant) -> None:
    web = plant.serve(**{VARIABLE: str(MEGABYTE)})
    worker = plant.start(**{VARIABLE: str(MEGABYTE)})
    taken, answer = send_until_refused(web)
    refused_in_time(answer)
    for process in (web.process, worker):
        process.kill()
    plant.start()
    finish(plant, plant.serve(), taken)


def finish(plant: Plant, web: Web, taken: int) -> None:
    """With room again, the refused order and more are taken; each is delivered once."""
    for n in range(taken, taken + 3):
        answer = web.send(long_order(n))
        assert answer is not None and answer.status == 202, answer and answer.data
    settled(plant, taken + 3, 60)
