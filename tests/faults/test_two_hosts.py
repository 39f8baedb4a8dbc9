"""Two hosts with addresses of their own on one database and queue; one of them is cut off while it is at work."""

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, OperationalError

from app.errors import NotNow
from app.runtime.intake import accept
from app.storage.database import open_database
from app.storage.deliveries import deliveries_table
from app.storage.lanes import lanes_table, lock
from app.storage.messages import Message, messages
from tests.faults.checker import check
from tests.faults.lines import Host
from tests.faults.plant import Plant, make_plant, wait_for
from tests.faults.sizes import size
from tests.journey import ENVIRONMENT, Answer, order
from tests.servers import Valkey

pytestmark = [
    pytest.mark.faults,
    pytest.mark.parametrize(
        "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
    ),
]
CUT_SECONDS = size(60, 8)  # longer than a lease
KEYS = "a key that both hosts share, long enough for anybody"


@pytest.fixture
def plant(database_url: str, valkey: Valkey, tmp_path: Path) -> Iterator[Plant]:
    """The installation as seen from nowhere: the test itself is never cut off."""
    made = make_plant(database_url, valkey, tmp_path, MAPWRIGHT_LEASE_SECONDS="3", MAPWRIGHT_SECRET_KEYS=KEYS)
    yield made
    made.close()


@pytest.fixture
def hosts(database_url: str, valkey: Valkey) -> Iterator[list[Host]]:
    """Two of them."""
    made = [Host(f"127.0.0.{n}", database_url, valkey.url) for n in (2, 3)]
    yield made
    for host in made:
        host.close()


def start(plant: Plant, host: Host, name: str) -> None:
    """A worker and a clock on a host, with a data folder of their own."""
    environ = {**host.environ, "MAPWRIGHT_HOME": str(plant.log.with_name(name))}
    plant.start("worker", **environ)
    plant.start("clock", **environ)


def holders(plant: Plant) -> set[str]:
    c = lanes_table.c
    with plant.database.read() as tx:
        return set(tx.execute(select(c.holder).where(c.holder.is_not(None))).scalars())


def send(plant: Plant, first: int, count: int) -> list[str]:
    return [_insist(plant, order(n, f"L{n % 9}")) for n in range(first, first + count)]


def _insist(plant: Plant, body: bytes) -> str:
    """As a good sender does: each transaction of a cut host that queues for a lane locks it for ten seconds more."""
    end = time.monotonic() + 120
    while True:
        try:
            return accept(plant.installation, ENVIRONMENT, "shop.order", body)[0].message_id
        except (OperationalError, NotNow):
            assert time.monotonic() < end, "the lane is locked still"
            time.sleep(0.1)


def test_a_host_that_was_cut_off_at_work_loses_doubles_and_disturbs_nothing(
    plant: Plant, hosts: list[Host]
) -> None:
    cut = Event()

    def script(number: int) -> Answer:
        if number == 20:
            hosts[0].cut()  # while this and others are being sent
            cut.set()
        return Answer(seconds=0.03)

    plant.target.script = script
    before = check(plant.database)
    plant.start("clock")  # of a host that is never cut off
    start(plant, hosts[0], "first")
    ids = send(plant, 0, 150)
    assert cut.wait(60)
    held = holders(plant)
    start(plant, hosts[1], "second")
    ids += send(plant, 150, 100)
    time.sleep(CUT_SECONDS)
    hosts[0].mend()
    ids += send(plant, 250, 50)
    c = deliveries_table.c

    def delivered() -> bool:
        with plant.database.read() as tx:
            return not tx.execute(select(c.id).where(c.state != "delivered")).first()

    wait_for(lambda: len(plant.target.effects) >= 300 and delivered(), 120)
    time.sleep(2)
    found = check(plant.database, 300, acknowledged=ids, target=plant.target, before=before)
    assert held, "the host held no lane when it was cut off"
    assert found.accounts == {"delivered": 300}
    assert sorted(arrival.body["n"] for arrival in plant.target.effects) == list(range(300))


def test_what_a_host_was_sending_to_a_target_without_memory_waits_for_a_person(
    plant: Plant, hosts: list[Host]
) -> None:
    start(plant, hosts[0], "first")

    def script(number: int) -> Answer:
        if number == 1:
            hosts[0].cut()
        return Answer()

    plant.target.script = script
    for n in range(3):
        accept(plant.installation, ENVIRONMENT, "shop.order", order(n, mode="once"))
    wait_for(lambda: len(plant.target.arrivals) == 1, 30)
    start(plant, hosts[1], "second")
    c = deliveries_table.c

    def states() -> list[str]:
        with plant.database.read() as tx:
            return sorted(tx.execute(select(c.state)).scalars())

    wait_for(lambda: states() == ["pending", "pending", "uncertain"], 60, lambda: str(states()))
    hosts[0].mend()
    time.sleep(3)
    check(plant.database, 3, target=plant.target)
    assert states() == ["pending", "pending", "uncertain"] and len(plant.target.arrivals) == 1


def test_a_host_that_is_cut_off_inside_a_transaction_lets_go_of_its_lanes_within_seconds(
    plant: Plant, hosts: list[Host]
) -> None:
    (lane,) = {message.lane for message in _messages(plant, send(plant, 0, 1))}
    away = open_database(hosts[0].environ["MAPWRIGHT_DATABASE_URL"])
    with pytest.raises(DBAPIError), away.begin() as tx:
        lock(tx, lane)
        hosts[0].cut()
        begun = time.monotonic()
        try:
            send(plant, 9, 1)  # of the same lane
        finally:
            waited = time.monotonic() - begun
            hosts[0].mend()  # or the end of this transaction waits for an answer for ever
        lock(tx, lane)
    assert 5 < waited < 25
    away.close()
    check(plant.database, 2)


def _messages(plant: Plant, ids: list[str]) -> list[Message]:
    with plant.database.read() as tx:
        return list(messages(tx, ids).values())
