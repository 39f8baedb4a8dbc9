"""Faults of the queue: emptied again and again, flooded, full of what is no doorbell."""

import json
import shutil
import threading
import time
import zlib
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from rq import Queue

from app.jobs import QUEUE, RqDoorbell
from app.storage.security_events import security_events
from tests.faults.plant import Plant, make_plant, send, settled, wait_for
from tests.faults.sentinel import WatchedQueue
from tests.faults.sizes import size
from tests.servers import Postgres, Valkey, locked, shared_folder

pytestmark = pytest.mark.faults
FLOOD = 10_000
STOPPED_SECONDS = size(60, 20)


def events(plant: Plant) -> list[dict[str, Any]]:
    with plant.database.read() as tx:
        return security_events(tx)


def test_a_queue_that_is_emptied_every_second_loses_no_message(plant: Plant) -> None:
    plant.start()
    plant.start("clock")
    ended = threading.Event()

    def flush() -> None:
        while not ended.wait(1.0):
            plant.valkey.client().flushall()

    flusher = threading.Thread(target=flush)
    flusher.start()
    try:
        for first in range(0, 60, 5):
            send(plant, 5, first=first)
            time.sleep(0.4)
    finally:
        ended.set()
        flusher.join()
    settled(plant, 60)


def test_a_pickled_job_is_refused_unread_and_recorded(plant: Plant, tmp_path: Path) -> None:
    trace = tmp_path / "executed"
    Queue(QUEUE, connection=plant.valkey.client()).enqueue("os.system", f"touch {trace}")
    plant.start()
    wait_for(lambda: bool(events(plant)), 40)
    assert events(plant)[0]["kind"] == "job_refused"
    send(plant, 2)
    settled(plant, 2)
    assert not trace.exists()


def test_ten_thousand_duplicate_doorbells_are_worked_on_once_and_leave_nothing_behind(plant: Plant) -> None:
    client = plant.valkey.client()
    before = client.info("memory")["used_memory"]
    ring_ten_thousand_times(client)
    assert client.info("memory")["used_memory"] - before < 2_000_000
    bells = forge_doorbells(client)
    send(plant, 20)
    plant.start()
    settled(plant, 20)
    wait_for(lambda: client.llen(f"rq:queue:{QUEUE}") == 0, 60)
    wait_for(lambda: not client.exists(*bells), 10)
    assert client.info("memory")["used_memory"] - before < 2_000_000
    assert plant.target.repeats == 0 and events(plant) == []


@pytest.mark.slow
@pytest.mark.postgres
def test_a_queue_that_is_gone_for_long_costs_each_message_a_second_or_two(
    postgres: Postgres, postgres_template: str, sqlite_template: Path, valkey: Valkey, tmp_path: Path
) -> None:
    """On both databases at the same time."""
    name = f"mw_{uuid4().hex[:16]}"
    shutil.copy(sqlite_template, tmp_path / "away.db")
    with locked(shared_folder() / "template.lock"):
        urls = [postgres.create(name, postgres_template), f"sqlite:///{tmp_path / 'away.db'}"]
    plants = [make_plant(url, valkey, tmp_path / str(n)) for n, url in enumerate(urls)]
    try:
        for plant in plants:
            plant.start()
            plant.start("clock")
        valkey.kill()
        for n in range(20):
            for plant in plants:
                send(plant, 1, first=n)
            time.sleep(STOPPED_SECONDS / 20)
            assert all(len(plant.target.effects) >= n - 5 for plant in plants)
        valkey.start()
        for plant in plants:
            send(plant, 10, first=20)
            settled(plant, 30)
        wait_for(lambda: not valkey.client().llen(f"rq:queue:{QUEUE}"), 20)
    finally:
        for plant in plants:
            plant.close()
        postgres.drop(name)


@pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
def test_when_the_first_of_two_queues_dies_the_sentinels_choice_is_rung(
    database_url: str, tmp_path: Path
) -> None:
    queue = WatchedQueue(tmp_path / "queue")
    plant = make_plant(database_url, queue.first, tmp_path, MAPWRIGHT_REDIS_URL=queue.url)
    try:
        plant.start()
        plant.start("clock")
        send(plant, 10)
        settled(plant, 10)
        queue.first.kill()
        send(plant, 10, first=10)
        settled(plant, 20)
        queue.until_second_leads()
        listening = queue.second.client()
        wait_for(lambda: listening.info("clients")["blocked_clients"] > 0, 20)
        assert any(one["user"] == "mapwright" for one in listening.client_list())
        listening.config_resetstat()
        send(plant, 10, first=20)
        settled(plant, 30)
        assert {"cmdstat_lpush", "cmdstat_rpush"} & set(listening.info("commandstats")), "nobody rang"
    finally:
        plant.close()
        queue.close()


def ring_ten_thousand_times(client: redis.Redis) -> None:
    doorbell = RqDoorbell(client)
    for _ in range(FLOOD // 50):
        doorbell.ring("drain", set(range(25)))
        doorbell.ring("deliver", set(range(25)))


def forge_doorbells(client: redis.Redis) -> list[str]:
    """What no worker of ours does: as many jobs for one partition as somebody likes."""
    pipeline = client.pipeline(transaction=False)
    data = zlib.compress(json.dumps(["drain", None, [1], {}]).encode())
    keys = [f"rq:job:double-{n}" for n in range(FLOOD // 10)]
    for key in keys:
        pipeline.hset(key, mapping={"data": data, "created_at": "2026-01-01T00:00:00Z", "origin": QUEUE})
        pipeline.rpush(f"rq:queue:{QUEUE}", key.removeprefix("rq:job:"))
    pipeline.execute()
    return keys
