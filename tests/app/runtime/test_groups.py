"""Worker groups: who serves what, and what nobody serves."""

import redis
from sqlalchemy import select

from app.jobs import Bells, RqDoorbell, queue_name
from app.runtime.groups import GroupInvalid, assign_group, group_names
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.runtime.processing import drain
from app.security.audit import verify
from app.storage.audit import latest_rows
from app.storage.database import Database
from app.storage.due import due_partitions
from app.storage.groups import DEFAULT, Assignment, assignments, served_by
from app.storage.messages import messages_table
from app.storage.queries import unserved
from app.storage.workers import Vitals, beat, workers
from tests.journey import ENVIRONMENT, order

FLOW = Assignment(ENVIRONMENT, "journey", "orders", group="quality")


def assigned(installation: Installation, *wanted: Assignment) -> None:
    with installation.database.begin() as tx:
        for one in wanted:
            assign_group(tx, one, "ines", "plant 1100 has its own workers")


def drained(installation: Installation, *groups: str) -> set[str]:
    """Drain everything that these groups serve; the states of all messages then."""
    with installation.database.read() as tx:
        only = served_by(assignments(tx), groups)
        partitions = due_partitions(tx, "inbox", only)
    drain(installation, partitions, only=only)
    with installation.database.read() as tx:
        return set(tx.execute(select(messages_table.c.state)).scalars())


def test_a_group_drains_its_own_flows_and_leaves_the_others(installation: Installation) -> None:
    assigned(installation, FLOW)
    accept(installation, ENVIRONMENT, "shop.order", order(1))
    assert drained(installation, DEFAULT) == {"received"}
    assert drained(installation, "metrology") == {"received"}
    assert drained(installation, "quality") == {"done"}


def test_the_default_group_serves_what_nobody_is_assigned_to(installation: Installation) -> None:
    assigned(installation, Assignment("other", group="quality"))
    accept(installation, ENVIRONMENT, "shop.order", order(1))
    assert drained(installation, "quality") == {"received"}
    assert drained(installation, DEFAULT) == {"done"}


def test_an_endpoint_comes_before_its_flow_and_a_flow_before_its_environment(
    installation: Installation,
) -> None:
    assigned(
        installation,
        Assignment(ENVIRONMENT, group="all"),
        FLOW,
        Assignment(ENVIRONMENT, endpoint="erp.order", group="erp"),
    )
    accept(installation, ENVIRONMENT, "shop.order", order(1))
    assert drained(installation, "all") == {"received"}
    assert drained(installation, "quality") == {"done"}
    with installation.database.read() as tx:
        known = assignments(tx)
        assert due_partitions(tx, "outbox", served_by(known, ["quality", "all", DEFAULT])) == []
        assert len(due_partitions(tx, "outbox", served_by(known, ["erp"]))) == 1


def test_default_ends_an_assignment_and_each_step_is_audited(installation: Installation) -> None:
    assigned(installation, FLOW, Assignment(ENVIRONMENT, "journey", "orders"))
    with installation.database.read() as tx:
        assert assignments(tx) == []
        rows = latest_rows(tx, limit=2)
        assert verify(tx).ok
    assert [(row.what, row.before, row.after) for row in rows] == [
        ("group.assign", '"quality"', '"default"'),
        ("group.assign", '"default"', '"quality"'),
    ]


def test_work_of_a_group_without_a_living_worker_is_told(installation: Installation) -> None:
    assigned(installation, FLOW)
    accept(installation, ENVIRONMENT, "shop.order", order(1))
    with installation.database.begin() as tx:
        beat(tx, "w1", "worker", 0, Vitals("host", 1, "0.1.0", DEFAULT, 1))
        assert unserved(tx) == {"quality": 1}
        beat(tx, "w2", "worker", 0, Vitals("host", 2, "0.1.0", "quality", 1))
        assert unserved(tx) == {}


def test_a_heartbeat_of_the_version_before_is_one_of_the_default_group(database: Database) -> None:
    with database.begin() as tx:
        beat(tx, "old", "worker", 3)
        (found,) = workers(tx)
        assert (found["alive"], found["groups"], found["handled"]) == (True, "", 3)
        assert unserved(tx) == {}


def test_every_group_hears_of_a_partition_in_its_own_queue(redis_url: str, database: Database) -> None:
    connection = redis.Redis.from_url(redis_url)
    connection.flushall()
    RqDoorbell(connection, lambda: [DEFAULT, "quality"]).ring("drain", {7})
    for group in (DEFAULT, "quality"):
        assert connection.llen(f"rq:queue:{queue_name(group)}") == 1
        assert Bells(connection, database, group).hear(1) == ("drain", 0)
    assert {key.decode() for key in connection.keys()} <= {"rq:queues"}


def test_names_of_groups_are_small_letters_digits_and_dashes() -> None:
    assert group_names(" quality , default,quality") == ("quality", "default")
    assert group_names("") == (DEFAULT,)
    for wrong in ("Quality", "a b", "-a", "x" * 41):
        try:
            group_names(wrong)
        except GroupInvalid as refused:
            assert "no name of a group" in refused.message
        else:
            raise AssertionError(wrong)
