"""Processes that die, hang or lose the queue at the worst moment; each fault is made for real."""

import json
import os
import signal
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.jobs import QUEUE
from app.storage.lanes import lanes_table
from app.storage.messages import messages
from app.storage.security_events import security_events
from app.storage.workers import leases_table, workers
from tests.faults.checker import check
from tests.faults.plant import Plant, delivered, insist_on_sending, send, settled, states, wait_for
from tests.journey import Answer

pytestmark = pytest.mark.faults


def test_a_forged_job_is_refused_and_recorded_and_the_worker_goes_on(plant: Plant, tmp_path: Path) -> None:
    trace = tmp_path / "executed"
    forged = zlib.compress(json.dumps(["os.system", None, [f"touch {trace}"], {}]).encode())
    client = plant.valkey.client()
    client.hset(
        "rq:job:forged", mapping={"data": forged, "created_at": "2026-01-01T00:00:00Z", "origin": QUEUE}
    )
    client.rpush(f"rq:queue:{QUEUE}", "forged")
    plant.start()

    def events() -> list[dict[str, Any]]:
        with plant.installation.database.read() as tx:
            return security_events(tx)

    wait_for(lambda: bool(events()), 15)
    assert events()[0]["kind"] == "job_refused" and events()[0]["details"]["function"] == "os.system"
    send(plant, 1)
    settled(plant, 1)
    assert not trace.exists()


def test_a_worker_that_dies_after_the_claim_delays_by_its_lease_only(plant: Plant) -> None:
    send(plant, 20)
    hanging = plant.start("claim")
    log = plant.log.with_name("claim.log")
    wait_for(lambda: log.exists() and "claimed 5" in log.read_text(), 15)
    hanging.kill()
    plant.start()
    settled(plant, 20)


def test_a_worker_that_dies_while_sending_sends_again_under_the_same_key(plant: Plant) -> None:
    worker = plant.start()
    plant.target.script = lambda number: _kill_at(worker.pid, number, 3)
    send(plant, 10, lanes=1)
    wait_for(lambda: len(plant.target.arrivals) >= 3, 15)
    time.sleep(0.2)
    worker.kill()
    plant.start()
    settled(plant, 10)
    assert plant.target.repeats >= 1


def test_what_died_while_being_sent_to_a_target_without_memory_waits_for_a_person(plant: Plant) -> None:
    worker = plant.start()
    plant.target.script = lambda number: _kill_at(worker.pid, number, 1)
    send(plant, 3, lanes=1, mode="once")
    wait_for(lambda: len(plant.target.arrivals) >= 1, 15)
    worker.kill()
    plant.start()
    wait_for(lambda: "uncertain" in states(plant.installation.database), 15)
    time.sleep(1.5)
    figures = check(plant.installation.database, 3)
    assert figures.deliveries == {"uncertain": 1, "pending": 2} and len(plant.target.arrivals) == 1


def _kill_at(pid: int, number: int, wanted: int) -> Answer:
    if number == wanted:
        os.kill(pid, signal.SIGKILL)
    return Answer()


def test_a_worker_that_slept_past_its_lease_writes_nothing(plant: Plant) -> None:
    sleeper = plant.start()

    def script(number: int) -> Answer:
        if number == 2:
            os.kill(sleeper.pid, signal.SIGSTOP)
        return Answer()

    plant.target.script = script
    send(plant, 10, lanes=1)
    wait_for(lambda: len(plant.target.arrivals) >= 2, 15)
    plant.start()
    delivered(plant, 10)
    sleeper.signal(signal.SIGCONT)
    time.sleep(1.5)
    settled(plant, 10)


def test_a_worker_told_to_end_gives_its_lanes_back_within_five_seconds(plant: Plant) -> None:
    plant.target.script = lambda number: Answer(seconds=0.05)
    send(plant, 200, lanes=20)
    worker = plant.start()
    delivered(plant, 10)
    begun = time.monotonic()
    assert worker.terminate(60) == 0
    assert time.monotonic() - begun < 15  # five seconds of its own, and a loaded machine's
    with plant.installation.database.read() as tx:
        held = tx.execute(select(lanes_table.c.id).where(lanes_table.c.lease_until.is_not(None))).all()
        assert held == [] and workers(tx) == []
    plant.start()
    settled(plant, 200)


def test_without_a_queue_messages_take_a_second_more(plant: Plant) -> None:
    plant.valkey.kill()
    plant.start()
    send(plant, 30)
    settled(plant, 30)


def test_a_queue_without_memory_costs_nothing_but_time(plant: Plant) -> None:
    plant.valkey.client().config_set("maxmemory", "1")
    plant.start()
    send(plant, 30)
    settled(plant, 30)


def test_a_queue_that_only_reads_costs_nothing_but_time(plant: Plant) -> None:
    client = plant.valkey.client()
    client.replicaof("127.0.0.1", 1)  # a replica refuses every write
    plant.start()
    send(plant, 30)
    settled(plant, 30)


def test_what_was_acknowledged_is_there_after_the_intake_was_killed(plant: Plant) -> None:
    intake = plant.start("intake")
    log = plant.log.with_name("intake.log")
    wait_for(lambda: log.exists() and log.read_bytes().count(b"\n") > 50, 20)
    intake.kill()
    acknowledged = [line for line in log.read_text().splitlines(keepends=True) if line.endswith("\n")]
    ids = [line.strip() for line in acknowledged if len(line) == 33]
    with plant.installation.database.read() as tx:
        assert set(messages(tx, ids)) == set(ids)
    plant.start()
    wait_for(lambda: len(plant.target.effects) >= len(ids), 30)
    check(plant.installation.database)


def test_two_clocks_have_one_owner_and_the_other_takes_over(plant: Plant) -> None:
    first = plant.start("clock")

    def owner() -> str:
        with plant.installation.database.read() as tx:
            of_the_clock = select(leases_table.c.owner).where(leases_table.c.name == "clock")
            return str(tx.execute(of_the_clock).scalar() or "")

    wait_for(lambda: f"-{first.pid}-" in owner(), 15)
    second = plant.start("clock")
    time.sleep(3)
    assert f"-{first.pid}-" in owner()
    first.kill()
    wait_for(lambda: f"-{second.pid}-" in owner(), 15)


# SQLite has no sessions that somebody else could end.
@pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
def test_sessions_that_the_database_ends_lose_and_double_nothing(plant: Plant) -> None:
    plant.start()
    plant.start()
    others = "from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    for first in range(0, 200, 20):
        with plant.installation.database.engine.begin() as tx:
            tx.exec_driver_sql(f"select pg_terminate_backend(pid) {others}")
        insist_on_sending(plant, range(first, first + 20))
    settled(plant, 200)
