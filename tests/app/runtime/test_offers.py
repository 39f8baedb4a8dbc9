"""Bodies of several calls taken in together: each is accepted or refused for itself."""

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import OperationalError

from app.errors import DatabaseUnreachable
from app.runtime import adopting, offers
from app.runtime.drafts import Offer
from app.runtime.installation import Installation
from app.runtime.offers import Taken, accept_all
from app.storage.flows import FlowPolicy, put_flow_policy
from app.storage.lanes import lanes_table
from app.storage.messages import history, message
from tests.journey import ENVIRONMENT, drain_all, order

POOL = ThreadPoolExecutor(1)
WRITTEN = ("lanes", "duplicate_keys", "bodies", "messages", "message_keys")


def offer(body: bytes, **more: str) -> Offer:
    return Offer(ENVIRONMENT, "shop.order", body, **more)


def test_what_is_wrong_with_one_call_is_wrong_for_it_alone(installation: Installation) -> None:
    bodies = [order(1), b"no json", order(2), order(1)]
    results = accept_all(
        installation, POOL, [offer(body, idempotency_key=f"k{n}") for n, body in enumerate(bodies)]
    )
    assert [getattr(one, "code", "taken in") for one in results] == [
        "taken in", "undecodable", "taken in", "taken in",
    ]  # fmt: skip
    first, _, _, again = results
    assert isinstance(first, Taken) and isinstance(again, Taken)
    assert again.accepted[0].duplicate and again.accepted[0].message_id == first.accepted[0].message_id
    assert drain_all(installation) == 2


def test_one_key_twice_at_once_is_one_message(installation: Installation) -> None:
    first, again = accept_all(installation, POOL, [offer(order(1), idempotency_key="k")] * 2)
    assert isinstance(first, Taken) and isinstance(again, Taken)
    assert [first.accepted[0].duplicate, again.accepted[0].duplicate] == [False, True]


def test_an_unknown_endpoint_among_others_is_refused_alone(installation: Installation) -> None:
    wrong = Offer(ENVIRONMENT, "no.such", order(1))
    results = accept_all(installation, POOL, [wrong, offer(order(1)), wrong])
    assert [getattr(one, "code", "") for one in results] == ["unknown_endpoint", "", "unknown_endpoint"]


def test_a_database_that_goes_away_is_said_to_all_and_the_next_one_tries_alone(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = OperationalError("insert", {}, Exception("gone"), connection_invalidated=True)

    def write(installation: Installation, intakes: object) -> list[object]:
        raise lost

    monkeypatch.setattr(offers, "write", write)
    results = accept_all(installation, POOL, [offer(order(number)) for number in range(3)])
    assert [type(one) for one in results] == [DatabaseUnreachable] * 3
    assert installation.gate.pulse._since is not None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has no sessions to end
@pytest.mark.parametrize("table", ["lanes", "bodies", "messages"])
def test_a_session_that_ends_among_what_is_written_stores_nothing_and_all_may_send_again(
    installation: Installation, table: str
) -> None:
    calls = [offer(order(number), idempotency_key=f"k{number}") for number in range(3)]
    end_sessions_that_write(installation, table)
    results = accept_all(installation, POOL, calls)
    assert [type(one) for one in results] == [DatabaseUnreachable] * 3
    assert all(isinstance(one, DatabaseUnreachable) and one.retryable for one in results)
    with installation.database.begin() as tx:
        tx.execute(text(f"drop trigger ended on {table}"))
        rows = [tx.execute(text(f"select count(*) from {name}")).scalar_one() for name in WRITTEN]
    assert rows == [0] * len(WRITTEN)
    installation.gate.pulse._since = None
    for _ in range(2):
        taken = accept_all(installation, POOL, calls)
        assert all(isinstance(one, Taken) for one in taken), taken
    assert drain_all(installation) == 3


def end_sessions_that_write(installation: Installation, table: str) -> None:
    """The server ends whoever inserts into this table, in the middle of it."""
    with installation.database.begin() as tx:
        tx.execute(
            text(
                "create function ended() returns trigger language plpgsql as"
                " $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$"
            )
        )
        tx.execute(
            text(f"create trigger ended after insert on {table} for each statement execute function ended()")
        )


class Later(Executor):
    """Threads that begin when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def submit(self, work: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append(lambda: future.set_result(work(*given, **named)))
        return future

    def go(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


@dataclass
class Senders:
    """Senders of a flow that replies."""

    installation: Installation
    later: Later
    bell: list[set[int]]

    def send(self, *numbers: int, lot: str = "") -> list[Taken]:
        bodies = [order(number, lot) if lot else order(number) for number in numbers]
        results = accept_all(self.installation, self.later, [offer(body) for body in bodies])
        taken = [one for one in results if isinstance(one, Taken)]
        assert len(taken) == len(results), results
        return taken

    def state(self, taken: Taken) -> str:
        with self.installation.database.read() as tx:
            return message(tx, taken.accepted[0].message_id).state

    def ring(self, kind: str, partitions: set[int]) -> bool:
        if kind == "drain":
            self.bell.append(partitions)
        return True


@pytest.fixture
def senders(monkeypatch: pytest.MonkeyPatch, installation: Installation) -> Senders:
    """All of the journey's messages are awaited."""
    monkeypatch.setattr(offers, "replies", lambda compiled, flow: True)
    made = Senders(installation, Later(), [])
    installation.doorbell = made
    return made


def test_no_worker_comes_between_intake_and_whoever_took_it_in(senders: Senders) -> None:
    (one,) = senders.send(1)
    assert (drain_all(senders.installation), senders.bell) == (0, [])
    senders.later.go()
    assert one.work is not None
    assert one.work.result()[one.accepted[0].message_id].state == senders.state(one) == "done"
    assert senders.bell == []


def test_calls_that_are_taken_in_together_are_worked_on_together(senders: Senders) -> None:
    both = senders.send(1, 2)
    assert len(senders.later.waiting) == 1
    senders.later.go()
    assert [senders.state(one) for one in both] == ["done", "done"]


def test_messages_without_order_that_are_worked_on_at_once_do_not_wait_for_one_another(
    senders: Senders,
) -> None:
    loose = Offer(ENVIRONMENT, "shop.kept", order(1))
    sent = [accept_all(senders.installation, senders.later, [loose]) for _ in range(32)]
    assert all(isinstance(one, Taken) and one.work is not None for (one,) in sent)


def test_what_waits_in_the_lane_before_it_goes_first(senders: Senders) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(offers, "replies", lambda compiled, flow: False)
        (before,) = senders.send(1, lot="L")
    (after,) = senders.send(2, lot="L")
    senders.later.go()
    assert after.work is not None
    assert list(after.work.result()) == [before.accepted[0].message_id, after.accepted[0].message_id]


def test_a_lane_that_somebody_has_is_not_adopted_and_workers_hear_of_what_came_meanwhile(
    senders: Senders,
) -> None:
    (first,) = senders.send(1, lot="L")
    (second,) = senders.send(2, lot="L")
    assert first.work is not None and second.work is None
    assert len(senders.bell) == 1
    senders.later.go()
    assert senders.state(second) == "received"
    assert len(senders.bell) == 2
    assert drain_all(senders.installation) == 1


def test_a_repeat_is_not_adopted(senders: Senders) -> None:
    first, again = *senders.send(1), *senders.send(1)
    assert again.accepted[0].duplicate and again.work is None and first.work is not None


def test_a_paused_flow_is_left_alone(senders: Senders) -> None:
    with senders.installation.database.begin() as tx:
        put_flow_policy(tx, ENVIRONMENT, "journey", "orders", FlowPolicy(paused=True))
    assert senders.send(1)[0].work is None


def test_a_lane_that_somebody_had_in_vain_is_left_to_the_workers(senders: Senders) -> None:
    senders.send(1, lot="L")
    with senders.installation.database.begin() as tx:
        tx.execute(update(lanes_table).values(lease_until=datetime.now(UTC) - timedelta(hours=2)))
    assert senders.send(2, lot="L")[0].work is None
    assert drain_all(senders.installation) == 2


def test_what_takes_too_long_is_left_to_the_workers(
    senders: Senders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adopting, "_LONGEST", -1.0)
    (one,) = senders.send(1)
    senders.later.go()
    assert one.work is not None and one.work.result() == {}
    assert len(senders.bell) == 1
    assert drain_all(senders.installation) == 1


def test_who_dies_on_it_is_followed_by_a_worker_and_writes_nothing_later(senders: Senders) -> None:
    (one,) = senders.send(1)
    with senders.installation.database.begin() as tx:
        tx.execute(update(lanes_table).values(lease_until=datetime.now(UTC) - timedelta(hours=2)))
    assert drain_all(senders.installation) == 1
    senders.later.go()
    assert one.work is not None and one.work.result() == {}
    with senders.installation.database.read() as tx:
        assert [move["to_state"] for move in history(tx, one.accepted[0].message_id)] == ["done"]
