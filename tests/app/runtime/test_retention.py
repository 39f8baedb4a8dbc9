"""Retention: what is over goes, what is open or needed stays, whoever works beside it."""

from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import func, select, text

from app.runtime import batches, retention
from app.runtime.driving import Driver
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.runtime.keeping import change_retention
from app.runtime.recovery import retry_message
from app.runtime.retention import Report, make_days, run_retention
from app.security.audit import verify
from app.storage import days
from app.storage.audit import rows as audited
from app.storage.bodies import bodies_table
from app.storage.days import TABLES
from app.storage.deliveries import deliveries_table
from app.storage.identity import MILLISECONDS_A_DAY, milliseconds, new_id
from app.storage.lanes import lanes_table
from app.storage.messages import message
from app.storage.selecting import Filter
from tests.journey import ENVIRONMENT, Answer, Target, deliver_all, drain_all, order


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`later(n)`: retention goes by the day n days from now."""

    def set_day(number: int) -> None:
        day = milliseconds() // MILLISECONDS_A_DAY + number
        monkeypatch.setattr(retention, "_today", lambda tx: day)

    return set_day


def send(installation: Installation, number: int, lot: str = "L1", **more: object) -> str:
    return accept(installation, ENVIRONMENT, "shop.order", order(number, lot, **more))[0].message_id


def settle(installation: Installation) -> None:
    drain_all(installation)
    deliver_all(installation)


def let_go(installation: Installation, **more: Any) -> Report:
    report = run_retention(installation, by="tests", pause=0, **more)
    assert report is not None
    return report


def counts(installation: Installation) -> dict[str, int]:
    with installation.database.read() as tx:
        return {t.name: tx.execute(select(func.count()).select_from(t)).scalar_one() for t in TABLES}


def state(installation: Installation, id: str) -> str:
    with installation.database.read() as tx:
        try:
            return message(tx, id).state
        except LookupError:
            return "gone"


def test_what_is_finished_goes_with_all_that_belongs_to_it(bound: Installation, later: Any) -> None:
    for number in range(20):
        send(bound, number, f"L{number}")
    settle(bound)
    assert all(counts(bound)[name] for name in ("messages", "bodies", "outcomes", "deliveries", "attempts"))
    later(29)
    assert not let_go(bound).deleted and counts(bound)["messages"] == 20
    later(40)
    report = let_go(bound)
    assert not any(counts(bound).values()), report
    with bound.database.read() as tx:
        said = [row.what for row in audited(tx)]
        assert said.count("retention.run") == 1 and verify(tx).ok


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one table for all days
def test_on_postgresql_the_day_is_dropped_not_deleted(bound: Installation, later: Any) -> None:
    send(bound, 1)
    settle(bound)
    with bound.database.begin() as tx:
        before = days.ranges(tx)
    later(40)
    report = let_go(bound)
    with bound.database.begin() as tx:
        after = days.ranges(tx)
    assert sum(one["messages"] for one in report.dropped) == 1 and "messages" not in report.deleted
    assert not {one.suffix for one in before} & {one.suffix for one in after} and len(after) == days.AHEAD + 1


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_day_of_which_most_must_stay_is_not_dropped_and_what_is_over_goes_all_the_same(
    bound: Installation, later: Any
) -> None:
    refused = [send(bound, number, mode="reject") for number in range(2)]
    done = send(bound, 3)
    settle(bound)
    later(40)
    report = let_go(bound)
    assert sum(one["messages"] for one in report.dropped) == 0
    assert [one["kept_messages"] for one in report.waiting] == [2]
    assert [state(bound, id) for id in (*refused, done)] == ["rejected", "rejected", "gone"]


def test_what_failed_is_kept_longer(bound: Installation, later: Any) -> None:
    refused = send(bound, 1, mode="reject")
    settle(bound)
    later(100)
    let_go(bound)
    assert state(bound, refused) == "rejected"
    retry_message(bound, refused, by="olga", reason="look again")
    drain_all(bound)
    later(181)
    let_go(bound)
    assert state(bound, refused) == "gone" and not any(counts(bound).values())


def test_an_environment_says_what_it_keeps(bound: Installation, later: Any) -> None:
    kept = send(bound, 1)
    settle(bound)
    change_retention(bound, ENVIRONMENT, 0, None, by="olga")
    later(5000)
    let_go(bound)
    assert state(bound, kept) == "done"
    change_retention(bound, ENVIRONMENT, 3, None, by="olga")
    let_go(bound)
    assert state(bound, kept) == "gone"


def test_what_is_open_stays_however_old_and_goes_its_way_afterwards(
    bound: Installation, target: Target, later: Any
) -> None:
    target.script = lambda number: Answer(status=503)
    sent = send(bound, 1, "A")
    settle(bound)
    waits = send(bound, 2, "B")
    later(4000)
    let_go(bound)
    assert (state(bound, sent), state(bound, waits)) == ("done", "received")
    target.script = lambda number: Answer()
    with bound.database.begin() as tx:
        for table in (lanes_table, deliveries_table):
            tx.execute(table.update().values(next_at=datetime(2020, 1, 1, tzinfo=UTC)))
        tx.execute(text("update breakers set state = 'closed'"))
    settle(bound)
    settle(bound)
    assert {a.body["id"] for a in target.effects} == {"order-1", "order-2"}
    let_go(bound)
    assert not any(counts(bound).values())


def test_a_body_of_two_messages_stays_until_both_are_gone(bound: Installation, later: Any) -> None:
    body = b"[" + order(1, "A", mode="reject") + b"," + order(2, "B") + b"]"
    accepted = accept(bound, ENVIRONMENT, "shop.batch", body)
    settle(bound)
    assert len(accepted) == 2 and counts(bound)["bodies"] == 1
    later(40)
    let_go(bound)
    assert counts(bound)["messages"] == 1 and counts(bound)["bodies"] == 1
    later(200)
    let_go(bound)
    assert counts(bound)["bodies"] == 0


def test_a_replay_finds_every_message_that_it_has_not_come_to(bound: Installation, later: Any) -> None:
    for number in range(12):
        send(bound, number, f"L{number}")
    settle(bound)
    made = batches.create(
        bound, ENVIRONMENT, Filter(flow="orders"), by="olga", rate=10_000, reason="again", dry_run=False
    )
    later(40)
    driver, over = Driver(bound, "tests"), Event()
    failures: list[Exception] = []

    def keep_letting_go() -> None:
        while not over.is_set():
            try:
                run_retention(bound, by="tests")
                over.wait(0.05)
            except Exception as error:
                failures.append(error)

    beside = Thread(target=keep_letting_go)
    beside.start()
    try:
        for _ in range(400):
            driver.turn()
            if batches.batch(bound, made.id).state == "done":
                break
    finally:
        over.set()
        beside.join()
    found = batches.batch(bound, made.id)
    assert (found.state, found.done, found.failed, failures) == ("done", 12, 0, [])


def test_a_repeat_of_what_is_gone_does_not_happen_again(
    bound: Installation, target: Target, later: Any
) -> None:
    first = send(bound, 1)
    settle(bound)
    later(40)
    let_go(bound)
    (again,) = accept(bound, ENVIRONMENT, "shop.order", order(1))
    settle(bound)
    assert (again.message_id, again.duplicate, again.state) == (first, True, "forgotten")
    assert len(target.effects) == 1


def test_a_dry_run_lets_nothing_go(bound: Installation, later: Any) -> None:
    send(bound, 1)
    settle(bound)
    before = counts(bound)
    later(40)
    report = let_go(bound, dry_run=True)
    seen = sum(one["messages"] for one in report.dropped) + report.deleted.get("messages", 0)
    assert seen == 1 and counts(bound) == before


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one table for all days
def test_rows_of_days_for_which_nobody_made_a_partition_are_moved_when_it_is_made(
    bound: Installation, later: Any
) -> None:
    id = new_id(7, milliseconds() + 5 * MILLISECONDS_A_DAY)
    with bound.database.begin() as tx:
        tx.execute(
            bodies_table.insert().values(
                partition=7,
                day=milliseconds() // MILLISECONDS_A_DAY + 5,
                id=id,
                content=b"x",
                hash="h",
                media_type="",
                headers={},
                at=retention.now(tx),
            )
        )
        assert tx.execute(text("select count(*) from bodies_rest")).scalar_one() == 1
    later(4)
    made = make_days(bound)
    with bound.database.read() as tx:
        assert tx.execute(text("select count(*) from bodies_rest")).scalar_one() == 0
        assert tx.execute(select(bodies_table.c.content).where(bodies_table.c.id == id)).scalar_one() == b"x"
    assert len(made) >= 2
