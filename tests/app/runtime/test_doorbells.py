"""Doorbells: what rings is heard once, and nothing but a doorbell is ever answered."""

import json
import pickle
import zlib
from typing import Any

import pytest
import redis
from rq import Queue
from rq.serializers import JSONSerializer

from app.jobs import QUEUE, Bells, DoorbellJob, RqDoorbell, open_queue
from app.storage.database import Database
from app.storage.security_events import security_events


@pytest.fixture
def queue_connection(redis_url: str) -> redis.Redis:
    connection = redis.Redis.from_url(redis_url)
    connection.flushall()
    return connection


def put_job(connection: redis.Redis, job_id: str, data: bytes, **more: str) -> None:
    """Write a job as somebody would who can write to Redis."""
    connection.hset(f"rq:job:{job_id}", mapping={"data": data, "created_at": "2026-01-01T00:00:00Z", **more})
    connection.rpush(f"rq:queue:{QUEUE}", job_id)


def call(name: str, *arguments: Any, **named: Any) -> bytes:
    return zlib.compress(json.dumps([name, None, list(arguments), named]).encode())


def test_what_is_rung_for_some_partitions_is_heard_once(
    queue_connection: redis.Redis, database: Database
) -> None:
    bells = Bells(queue_connection, database)
    assert RqDoorbell(queue_connection).ring("drain", {7, 8, 30})
    assert bells.hear(1) == ("drain", 0)
    assert bells.hear(1) is None


def test_what_is_rung_for_many_partitions_is_for_several_workers(queue_connection: redis.Redis) -> None:
    RqDoorbell(queue_connection).ring("drain", set(range(200)))
    assert queue_connection.llen(f"rq:queue:{QUEUE}") == 4


def test_nothing_stays_in_redis_of_a_bell_that_was_heard(
    queue_connection: redis.Redis, database: Database
) -> None:
    doorbell, bells = RqDoorbell(queue_connection), Bells(queue_connection, database)
    doorbell.ring("deliver", {3, 200})
    doorbell.ring("drain", {3})
    assert {bells.hear(1), bells.hear(1)} == {("deliver", 0), ("drain", 0)}
    assert {key.decode() for key in queue_connection.keys()} <= {"rq:queues"}


def test_ten_thousand_rings_of_a_partition_are_one_bell(
    queue_connection: redis.Redis, database: Database
) -> None:
    doorbell = RqDoorbell(queue_connection)
    for _ in range(10_000):
        doorbell.ring("drain", {1})
    assert queue_connection.llen(f"rq:queue:{QUEUE}") == 1


def test_a_heard_bell_can_be_rung_again(queue_connection: redis.Redis, database: Database) -> None:
    doorbell, bells = RqDoorbell(queue_connection), Bells(queue_connection, database)
    for _ in range(3):
        doorbell.ring("drain", {9})
        assert bells.hear(1) == ("drain", 0)


def test_no_bell_is_no_error(queue_connection: redis.Redis, database: Database) -> None:
    assert Bells(queue_connection, database).hear(1) is None


def test_without_redis_ringing_says_false_and_raises_nothing(tmp_path: Any) -> None:
    assert RqDoorbell(redis.Redis(unix_socket_path=str(tmp_path / "none"))).ring("drain", {1}) is False


@pytest.mark.parametrize(
    "data",
    [
        call("os.system", "touch /tmp/mapwright-was-here"),
        call("app.jobs.answer", 1),
        call("drain", 256),
        call("drain", -1),
        call("drain", True),
        call("drain", "1"),
        call("drain", 1, 2),
        call("drain", 1, then="x"),
        zlib.compress(json.dumps(["drain", "os", [1], {}]).encode()),
        zlib.compress(json.dumps({"drain": 1}).encode()),
        zlib.compress(b"[" * 100_000),
        pickle.dumps(("os.system", None, ("true",), {})),
        b"",
        zlib.compress(b"\xff\xfe"),
    ],
)
def test_a_forged_job_is_refused_and_recorded(
    queue_connection: redis.Redis, database: Database, data: bytes
) -> None:
    put_job(queue_connection, "forged", data)
    assert Bells(queue_connection, database).hear(1) is None
    with database.read() as tx:
        events = security_events(tx)
    assert [event["kind"] for event in events] == ["job_refused"]
    assert not queue_connection.exists("rq:job:forged")


@pytest.mark.parametrize("name", ["success_callback_name", "failure_callback_name", "stopped_callback_name"])
def test_a_doorbell_with_a_callback_is_refused(
    queue_connection: redis.Redis, database: Database, name: str
) -> None:
    put_job(queue_connection, "forged", call("drain", 1), **{name: "os.abort"})
    assert Bells(queue_connection, database).hear(1) is None
    with database.read() as tx:
        assert security_events(tx)[0]["details"]["extras"] == ["os.abort"]


def test_a_hash_that_is_no_job_is_refused(queue_connection: redis.Redis, database: Database) -> None:
    put_job(queue_connection, "odd", call("drain", 1), created_at="yesterday", result_ttl="many")
    assert Bells(queue_connection, database).hear(1) is None
    with database.read() as tx:
        assert security_events(tx)[0]["kind"] == "job_refused"


def test_rqs_own_way_of_performing_reaches_nothing_but_our_handlers(queue_connection: redis.Redis) -> None:
    put_job(queue_connection, "forged", call("os.getpid"))
    found = Queue.dequeue_any(
        [open_queue(queue_connection)], 1, queue_connection, DoorbellJob, JSONSerializer
    )
    assert found is not None
    with pytest.raises(Exception, match="doorbell"):
        found[0].perform()
