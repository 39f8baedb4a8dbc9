"""Faults of the queue: emptied again and again, flooded, full of what is no doorbell."""

import json
import threading
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
import redis
from rq import Queue

from app.jobs import QUEUE, RqDoorbell
from app.storage.security_events import security_events
from tests.faults.plant import Plant, send, settled, wait_for

pytestmark = pytest.mark.faults
FLOOD = 10_000


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
