"""Faults of the database: sessions that end, a server that stops, rows that others lock, transactions that cross."""

import signal
import threading
import time

import pytest
from sqlalchemy import Connection, event, select, text

from app.runtime.intake import accept_lines
from app.runtime.processing import drain
from app.storage.lanes import lanes_table
from tests.faults.checker import check
from tests.faults.kinds import SESSION
from tests.faults.plant import (
    Plant,
    figures,
    harmless_when_woken,
    insist_on_sending,
    lines,
    send,
    settled,
    wait_for,
)
from tests.faults.proxy import Relay
from tests.faults.server import OwnPostgres
from tests.faults.wounds import Wound, stopped, wounded
from tests.journey import ENVIRONMENT, order

pytestmark = [pytest.mark.faults, pytest.mark.postgres]
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
LANES = 4


@on_postgresql
def test_a_session_that_ends_while_a_message_is_decided_kills_no_message(plant: Plant) -> None:
    send(plant, 1)
    killed: list[int] = []

    def end_own_session(connection: Connection, cursor: object, statement: str, *_: object) -> None:
        if "releases" in statement and not killed:
            killed.append(connection.connection.driver_connection.info.backend_pid)  # type: ignore[union-attr]
            with plant.database.engine.connect() as other:
                other.execute(text("select pg_terminate_backend(:pid)"), {"pid": killed[0]})

    plant.installation._releases.clear()
    event.listen(plant.database.engine, "before_cursor_execute", end_own_session)
    assert drain(plant.installation, range(256)) == 1
    assert killed and figures(plant.database)["messages"] == {"done": 1}
    check(plant.database, 1)


@pytest.mark.xdist_group("own-postgres")
def test_a_server_that_is_stopped_at_once_and_started_again_has_lost_nothing(
    own_plant: Plant, own_postgres: OwnPostgres
) -> None:
    own_plant.start()
    own_plant.start("clock")
    sender = threading.Thread(target=insist_on_sending, args=(own_plant, range(200)))
    sender.start()
    for _ in range(2):
        time.sleep(0.7)
        own_postgres.stop_at_once()
        time.sleep(0.5)
        own_postgres.start()
    sender.join()
    settled(own_plant, 200, 60)


@on_postgresql
def test_an_intake_whose_commit_is_not_answered_is_asked_again_and_stored_once(plant: Plant) -> None:
    relay = Relay(str(plant.environ["MAPWRIGHT_DATABASE_URL"]))
    web = plant.serve(MAPWRIGHT_DATABASE_URL=relay.url)
    relay.arm(holding="bodies")
    first = web.send(order(0, "L0"))
    assert relay.cuts == 1 and (first is None or first.status >= 500)
    again = web.send(order(0, "L0"))
    assert again.status == 202 and lines(again)["duplicate"] is True
    plant.start()
    settled(plant, 1)
    relay.close()


@on_postgresql
@pytest.mark.parametrize("table", ["outcomes", "attempts"])
def test_a_worker_whose_commit_is_not_answered_does_nothing_twice(plant: Plant, table: str) -> None:
    relay = Relay(str(plant.environ["MAPWRIGHT_DATABASE_URL"]))
    relay.arm(holding=table)
    send(plant, 5, lanes=1)
    plant.start(MAPWRIGHT_DATABASE_URL=relay.url)
    settled(plant, 5)
    assert relay.cuts == 1
    relay.close()


def test_stopped_inside_a_transaction_past_its_lease_it_commits_nothing(plant: Plant) -> None:
    send(plant, 10)
    wound = wounded(Wound("app.runtime.committing:_release", "after", deed="stop"))
    sleeper = plant.start(**wound, **{SESSION: "transaction_timeout = '3s'"})
    wait_for(lambda: stopped(sleeper.pid), 40)
    other = plant.start()
    if plant.database.kind == "sqlite":  # one writer: the others wait until it goes on
        time.sleep(2)
        sleeper.signal(signal.SIGCONT)
    settled(plant, 10)
    harmless_when_woken(plant, sleeper, 10)
    assert other.alive and plant.target.repeats == 0


@on_postgresql
def test_stopped_among_the_rows_it_writes_it_holds_its_lanes_until_a_clock_ends_its_session(
    plant: Plant,
) -> None:
    """The server waits for the rest of a COPY whatever its time limits say."""
    send(plant, 30, lanes=1)
    sleeper = plant.start(**wounded(Wound("psycopg:Copy.write_row", deed="stop")))
    wait_for(lambda: stopped(sleeper.pid), 40)
    plant.start("clock")
    other = plant.start()
    settled(plant, 30, seconds=80)
    harmless_when_woken(plant, sleeper, 30)
    assert other.alive and plant.target.repeats == 0


@on_postgresql
def test_transactions_that_cross_are_broken_off_by_the_database_and_done_again(plant: Plant) -> None:
    send(plant, LANES, LANES)
    first, last = lane_ids(plant)[0], lane_ids(plant)[-1]
    with plant.database.engine.connect() as foreign:
        foreign.execute(text("set deadlock_timeout = '20s'"))  # so that ours is the one that is broken off
        lock_lane(foreign, last)
        bulk = start_bulk(plant)
        wait_for(lambda: waiting_sessions(plant) == 1, 20)
        lock_lane(foreign, first)
        foreign.rollback()
    bulk.join(30)
    assert not bulk.is_alive() and deadlocks(plant) >= 1
    plant.start()
    settled(plant, 2 * LANES)


@on_postgresql
def test_bulks_that_name_the_same_lanes_in_any_order_never_cross(plant: Plant) -> None:
    def send_bulks(step: int) -> None:
        for k in range(15):
            numbers = [n for n in range(900) if n // 15 % 4 == step and n % 15 == k]
            body = b"\n".join(order(n, f"L{n % 10}") for n in (numbers if step % 2 else reversed(numbers)))
            accept_lines(plant.installation, ENVIRONMENT, "shop.order", body)

    senders = [threading.Thread(target=send_bulks, args=(step,)) for step in range(4)]
    for sender in senders:
        sender.start()
    while any(sender.is_alive() for sender in senders):
        drain(plant.installation, range(256))
    assert deadlocks(plant) == 0
    drain(plant.installation, range(256))
    check(plant.database, 900)


def test_rows_that_a_foreign_session_locks_are_waited_for(plant: Plant) -> None:
    send(plant, 3, lanes=1)
    plant.start()
    settled(plant, 3)
    with plant.database.engine.connect() as foreign:
        foreign.begin()
        if plant.database.kind == "postgresql":
            lock_lane(foreign, lane_ids(plant)[0])
        sender = threading.Thread(target=send, args=(plant, 3, 1, 3))
        sender.start()
        time.sleep(1.5)
        assert sender.is_alive() and len(plant.target.arrivals) == 3
        foreign.rollback()
    sender.join(30)
    settled(plant, 6)


def lane_ids(plant: Plant) -> list[str]:
    """Lanes of the inbox in the order in which everybody locks them."""
    with plant.database.read() as tx:
        c = lanes_table.c
        return sorted(tx.execute(select(c.id).where(c.kind == "inbox")).scalars())


def lock_lane(session: Connection, id: str) -> None:
    session.execute(select(lanes_table.c.fence).where(lanes_table.c.id == id).with_for_update())


def start_bulk(plant: Plant) -> threading.Thread:
    """One bulk for all lanes, in a thread."""
    body = b"\n".join(order(n, f"L{n % LANES}") for n in range(LANES, 2 * LANES))
    words = (plant.installation, ENVIRONMENT, "shop.order", body)
    sender = threading.Thread(target=accept_lines, args=words)
    sender.start()
    return sender


def waiting_sessions(plant: Plant) -> int:
    query = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    with plant.database.engine.connect() as session:
        return int(session.execute(text(query)).scalar_one())


def deadlocks(plant: Plant) -> int:
    """As PostgreSQL counts them; the count comes with some delay."""
    time.sleep(1.2)
    query = "select deadlocks from pg_stat_database where datname = current_database()"
    with plant.database.engine.connect() as session:
        session.execute(text("select pg_stat_clear_snapshot()"))
        return int(session.execute(text(query)).scalar_one())
