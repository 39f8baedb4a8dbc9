"""Limits of intake: what is over them hears when to come again, costs no query, and loses nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import event

from app.errors import BacklogFull, InstallationBusy, InstallationFull, LimitInvalid, NotNow, RateExceeded
from app.runtime.buckets import Buckets, Draw
from app.runtime.installation import Installation
from app.runtime.intake import accept, accept_lines
from app.runtime.pressure.gate import Gate
from app.runtime.pressure.setting import Wish, set_limit, shown
from app.runtime.shared_counts import SharedCounts
from app.storage.flows import FlowPolicy, flow_policies, put_flow_policy
from app.storage.limits import Limit, Scope, limits, put_limit
from app.storage.queries import search_messages
from tests.journey import ENVIRONMENT, drain_all, order

FLOW = Scope(ENVIRONMENT, "flow", "journey/orders")
ENDPOINT = Scope(ENVIRONMENT, "endpoint", "shop.order")
TOKEN = Scope(ENVIRONMENT, "token", "t1")


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def test_a_bucket_lets_its_burst_through_and_says_when_there_is_more() -> None:
    hands = Hands()
    buckets = Buckets(SharedCounts(None), hands)
    draw = Draw("a", 1, 2.0, 3)
    assert [buckets.take([draw]) for _ in range(3)] == [None, None, None]
    refused = buckets.take([draw])
    assert refused is not None and refused.seconds == pytest.approx(0.5)
    hands.at += 0.5
    assert buckets.take([draw]) is None and buckets.take([draw]) is not None


def test_more_than_the_burst_passes_a_full_bucket_and_is_owed() -> None:
    hands = Hands()
    buckets = Buckets(SharedCounts(None), hands)
    assert buckets.take([Draw("a", 100, 10.0, 20)]) is None
    refused = buckets.take([Draw("a", 1, 10.0, 20)])
    assert refused is not None and refused.seconds == pytest.approx(8.1)


def test_all_buckets_give_or_none_does() -> None:
    buckets = Buckets(SharedCounts(None), Hands())
    both = [Draw("a", 1, 1.0, 5), Draw("b", 1, 1.0, 1)]
    assert buckets.take(both) is None
    refused = buckets.take(both)
    assert refused is not None and refused.place == 1
    assert buckets.take([Draw("a", 4, 1.0, 5)]) is None


def test_processes_share_a_bucket_in_redis(redis_url: str) -> None:
    connection = redis.Redis.from_url(redis_url)
    connection.flushdb()
    one, other = (Buckets(SharedCounts(connection)) for _ in range(2))
    draw = Draw("a", 1, 0.1, 2)
    assert [bucket.take([draw]) for bucket in (one, other)] == [None, None]
    refused = other.take([draw])
    assert refused is not None and refused.place == 0 and 8 < refused.seconds <= 10


def test_without_redis_each_process_counts_for_itself() -> None:
    buckets = Buckets(SharedCounts(redis.Redis(port=1)))
    draw = Draw("a", 1, 0.1, 1)
    assert buckets.take([draw]) is None and buckets.take([draw]) is not None


def limit(installation: Installation, scope: Scope, **limits: Any) -> None:
    with installation.database.begin() as tx:
        put_limit(tx, scope, Limit(**limits))
    look(installation)


def look(installation: Installation) -> None:
    installation.gate._next_count = 0.0
    installation.gate.look()


def send(installation: Installation, number: int, **more: Any) -> Any:
    return accept(installation, ENVIRONMENT, "shop.order", order(number), **more)


def stored(installation: Installation) -> int:
    with installation.database.read() as tx:
        return len(search_messages(tx, ENVIRONMENT, limit=100).items)


@pytest.mark.parametrize("scope", [FLOW, ENDPOINT, TOKEN], ids=["flow", "endpoint", "token"])
def test_over_its_rate_a_flow_endpoint_or_token_is_refused(installation: Installation, scope: Scope) -> None:
    limit(installation, scope, rate=0.1, burst=2)
    for number in range(2):
        send(installation, number, sender="t1")
    with pytest.raises(RateExceeded) as refused:
        send(installation, 3, sender="t1")
    assert refused.value.status == 429 and refused.value.retryable
    assert 8 <= refused.value.details["retry_after"] <= 10
    assert (refused.value.details["scope"], refused.value.details["name"]) == (scope.kind, scope.name)
    assert stored(installation) == 2


def test_another_token_has_its_own_bucket(installation: Installation) -> None:
    limit(installation, TOKEN, rate=0.1, burst=1)
    send(installation, 1, sender="t1")
    send(installation, 2, sender="t2")
    assert stored(installation) == 2


def test_over_the_rate_of_the_installation_is_503(installation: Installation) -> None:
    installation.settings = replace(installation.settings, intake_rate=0.1, intake_burst=1)
    send(installation, 1)
    with pytest.raises(InstallationBusy) as refused:
        send(installation, 2)
    assert refused.value.status == 503 and refused.value.details["scope"] == "installation"


@pytest.mark.parametrize("scope", [FLOW, ENDPOINT, TOKEN], ids=["flow", "endpoint", "token"])
def test_a_full_backlog_refuses_until_workers_made_room(installation: Installation, scope: Scope) -> None:
    limit(installation, scope, backlog=3)
    for number in range(3):
        send(installation, number, sender="t1")
    with pytest.raises(BacklogFull) as refused:
        send(installation, 3, sender="t1")
    assert refused.value.status == 429 and refused.value.details["limit"] == 3
    drain_all(installation)
    with installation.database.begin() as tx:
        tx.exec_driver_sql("update deliveries set state = 'delivered'")
    look(installation)
    installation.gate._refused.clear()
    send(installation, 4, sender="t1")
    assert stored(installation) == 4


def test_deliveries_that_wait_count_for_their_flow(installation: Installation) -> None:
    limit(installation, FLOW, backlog=1)
    send(installation, 1)
    drain_all(installation)
    look(installation)
    with pytest.raises(BacklogFull):
        send(installation, 2)


def test_the_backlog_of_the_installation_is_503(installation: Installation) -> None:
    installation.settings = replace(installation.settings, intake_backlog=2)
    for number in range(2):
        send(installation, number)
    with pytest.raises(InstallationFull) as refused:
        send(installation, 3)
    assert refused.value.status == 503


def test_what_came_in_before_this_process_looked_counts(installation: Installation) -> None:
    for number in range(3):
        send(installation, number)
    limit(installation, FLOW, backlog=3)
    with pytest.raises(BacklogFull):
        send(installation, 3)


def test_a_bulk_is_let_in_whole_or_not_at_all(installation: Installation) -> None:
    limit(installation, FLOW, backlog=4)
    send(installation, 0)
    lines = b"\n".join(order(number) for number in range(1, 5))
    with pytest.raises(BacklogFull):
        accept_lines(installation, ENVIRONMENT, "shop.order", lines)
    assert stored(installation) == 1
    accept_lines(installation, ENVIRONMENT, "shop.order", b"\n".join(order(n) for n in range(1, 4)))
    assert stored(installation) == 4


def test_a_bulk_larger_than_the_backlog_is_let_in_when_nothing_waits(installation: Installation) -> None:
    limit(installation, FLOW, backlog=2)
    lines = b"\n".join(order(number) for number in range(5))
    accept_lines(installation, ENVIRONMENT, "shop.order", lines)
    assert stored(installation) == 5


def test_time_until_there_is_room_goes_by_how_fast_it_empties(installation: Installation) -> None:
    gate = installation.gate
    limit(installation, FLOW, backlog=10)
    for number in range(10):
        send(installation, number)
    drain_all(installation)
    with installation.database.begin() as tx:
        tx.exec_driver_sql("update deliveries set state = 'delivered'")
    gate._picture.at -= 5.0  # ten messages in five seconds
    look(installation)
    assert gate._picture.drained_a_second[FLOW] == pytest.approx(2.0, rel=0.5)


@pytest.fixture
def queries(installation: Installation) -> Iterator[list[str]]:
    """The statements that were sent to the database."""
    said: list[str] = []
    event.listen(
        installation.database.engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, *more: said.append(statement),
    )
    yield said


def test_neither_letting_in_nor_refusing_costs_a_query(
    installation: Installation, queries: list[str]
) -> None:
    from app.runtime.pressure.gate import Load

    limit(installation, FLOW, rate=0.1, burst=1, backlog=100)
    load = Load(ENVIRONMENT, "shop.order", "t1", {"journey/orders": 1})
    queries.clear()
    installation.gate.admit(load)
    with pytest.raises(RateExceeded):
        installation.gate.admit(load)
    assert queries == []


def test_who_was_refused_hears_so_at_once_until_there_is_room(installation: Installation) -> None:
    limit(installation, TOKEN, rate=0.1, burst=1)
    send(installation, 1, sender="t1")
    with pytest.raises(RateExceeded):
        send(installation, 2, sender="t1")
    with pytest.raises(RateExceeded):
        installation.gate.peek("t1", "shop.order")
    installation.gate.peek("t2", "shop.order")
    installation.gate.peek("t1", "shop.kept")


def test_a_polled_source_waits_and_loses_nothing(installation: Installation, tmp_path: Path) -> None:
    from app.runtime.polling import Polling
    from app.storage.environments import put_binding
    from app.storage.polls import polls

    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.json").write_bytes(order(number))
    with installation.database.begin() as tx:
        put_binding(tx, ENVIRONMENT, "shop.order", "file", {"folder": str(folder), "min_age": 0})
    limit(installation, ENDPOINT, rate=0.01, burst=1)
    polling = Polling(installation)
    assert polling.poll(lambda: False) == 1
    polling.close()
    assert len(list(folder.glob("*.json"))) == 2 and not list((folder / "failed").glob("*"))
    with installation.database.read() as tx:
        (row,) = polls(tx).values()
    assert "messages a second" in row["problem"]
    assert (row["next_at"] - row["last_at"]).total_seconds() > 90


def test_a_limit_is_set_shown_and_audited(installation: Installation) -> None:
    with installation.database.begin() as tx:
        put_flow_policy(tx, ENVIRONMENT, "journey", "orders", FlowPolicy("block_lane"))
        set_limit(tx, FLOW, Wish(rate=5.0, backlog=100, weight=3), "olga", "the ERP floods us")
    with installation.database.read() as tx:
        assert limits(tx) == {FLOW: Limit(5.0, None, 100)}
        assert flow_policies(tx)[ENVIRONMENT, "journey", "orders"] == FlowPolicy("block_lane", weight=3)
        view = shown(tx, ENVIRONMENT, installation.settings)
        audited = tx.exec_driver_sql("select who, what, target, reason from audit").all()
    assert view["weights"] == {"journey/orders": 3} and view["limits"][0]["backlog"] == 100
    assert ("olga", "limits.set", f"environment/{ENVIRONMENT}/flow/journey/orders", "the ERP floods us") in [
        tuple(row) for row in audited
    ]


@pytest.mark.parametrize(
    ("scope", "wish", "said"),
    [
        (Scope("nowhere", "flow", "a/b"), Wish(rate=1.0), "no environment"),
        (Scope(ENVIRONMENT, "flow", "orders"), Wish(rate=1.0), "RULESET/FLOW"),
        (Scope(ENVIRONMENT, "token", "none"), Wish(rate=1.0), "no token"),
        (ENDPOINT, Wish(weight=2), "weight"),
        (ENDPOINT, Wish(burst=2), "burst"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(
    installation: Installation, scope: Scope, wish: Wish, said: str
) -> None:
    with pytest.raises(LimitInvalid, match=said), installation.database.begin() as tx:
        set_limit(tx, scope, wish, "olga")


def test_a_limit_of_nothing_is_removed(installation: Installation) -> None:
    limit(installation, FLOW, rate=1.0)
    limit(installation, FLOW)
    with installation.database.read() as tx:
        assert limits(tx) == {}


def test_counts_are_not_read_more_often_than_they_cost(
    installation: Installation, queries: list[str]
) -> None:
    gate = Gate(installation.settings, installation.database)
    gate.look()
    queries.clear()
    gate.look()
    assert queries == []


def test_every_refusal_says_when_to_come_again() -> None:
    for kind in NotNow.__subclasses__():
        assert kind.retryable and kind.status in (408, 429, 503), kind
