"""Retention beside everything else: what a dry run says, what is swept row by row, lanes that are never empty."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from app import clock
from app.errors import DatabaseSlow
from app.runtime import batches, retention
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.runtime.processing import drain
from app.runtime.retention import Report, run_retention
from app.storage import days
from app.storage.alerts import add_alerts, alerts_table
from app.storage.batches import batches_table, members_table
from app.storage.database import now
from app.storage.deliveries import ledger_table
from app.storage.duplicates import duplicate_keys_table
from app.storage.identity import MILLISECONDS_A_DAY, milliseconds
from app.storage.lanes import lanes_table
from app.storage.messages import message
from app.storage.selecting import Filter
from app.storage.timers import Timer, add_timers, timer_id, timers_table
from tests.journey import ENVIRONMENT, Answer, Target, deliver_all, drain_all, order


def today() -> int:
    """Asked when a test begins: a run may go on past midnight."""
    return milliseconds() // MILLISECONDS_A_DAY


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """`later(n)`: retention goes by the day n days from now."""
    return lambda number: monkeypatch.setattr(retention, "_today", lambda tx: today() + number)


def send(installation: Installation, number: int, lot: str = "L1", **more: object) -> str:
    return accept(installation, ENVIRONMENT, "shop.order", order(number, lot, **more))[0].message_id


def settle(installation: Installation) -> None:
    drain_all(installation)
    deliver_all(installation)


def let_go(installation: Installation, **more: Any) -> Report:
    report = run_retention(installation, by="tests", pause=0, **more)
    assert report is not None
    return report


def count(installation: Installation, table: Any) -> int:
    with installation.database.read() as tx:
        return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


def state(installation: Installation, id: str) -> str:
    with installation.database.read() as tx:
        try:
            return message(tx, id).state
        except LookupError:
            return "gone"


def upkeep(installation: Installation, at: datetime) -> None:
    """An alert, a timer that ended and one that is open, of this moment."""
    with installation.database.begin() as tx:
        add_alerts(tx, ENVIRONMENT, [(f"0a{'0' * 30}", "quality", "look", "a/b")], at)
        for name, said in (("ended", "fired"), ("open", "open")):
            id = timer_id("0a" + "1" * 38, name, str(at))
            of_nobody = Timer(
                id=id,
                kind="expect",
                state=said,
                match=f"0a{name:0>38}",
                due_at=at,
                deadline=at,
                environment=ENVIRONMENT,
                ruleset="journey",
                release_id="r",
                flow="orders",
                event="e",
                created_at=at,
                updated_at=at,
            )
            add_timers(tx, [of_nobody])


def batch(installation: Installation, **more: Any) -> str:
    chosen = Filter(flow="orders")
    return batches.create(
        installation, ENVIRONMENT, chosen, by="olga", reason="again", dry_run=False, **more
    ).id


def age(installation: Installation, table: Any, column: Any, number: int) -> None:
    with installation.database.begin() as tx:
        tx.execute(update(table).values({column: now(tx) - timedelta(days=number)}))


def test_a_dry_run_says_what_the_run_then_does(bound: Installation, target: Target, later: Any) -> None:
    for number in range(12):
        send(bound, number, f"L{number % 3}")
    settle(bound)
    needed, replayed = send(bound, 20, "A"), send(bound, 21, "B")
    send(bound, 22, "C", mode="reject")
    drain_all(bound)
    target.script = lambda number: Answer(status=422)
    deliver_all(bound)
    waits = send(bound, 23, "D")
    batches.cancel(bound, batch(bound), by="olga")
    age(bound, batches_table, "ended_at", 400)
    chosen = Filter(ids=(replayed,))
    batches.create(bound, ENVIRONMENT, chosen, by="olga", reason="again", dry_run=True)
    upkeep(bound, datetime.now().astimezone() - timedelta(days=500))
    age(bound, duplicate_keys_table, "at", 401)
    later(40)
    would = let_go(bound, dry_run=True)
    went = let_go(bound)
    assert (would.dropped, would.deleted) == (went.dropped, went.deleted)
    assert went.deleted["batches"] == 1 and went.deleted["timers and alerts"] == 2 and went.deleted["keys"]
    assert [state(bound, id) for id in (needed, replayed, waits)] == ["done", "done", "received"]
    assert not let_go(bound, dry_run=True).deleted


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one table for all days
def test_a_day_with_too_much_that_must_stay_is_not_dropped_but_swept(
    bound: Installation, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(days, "MOST_MOVED", 2)
    refused = [send(bound, number, f"L{number}", mode="reject") for number in range(3)]
    over = [send(bound, 10 + number, f"M{number}") for number in range(4)]
    settle(bound)
    later(40)
    would, went = let_go(bound, dry_run=True), let_go(bound)
    assert (would.waiting, would.dropped, would.deleted) == (went.waiting, went.dropped, went.deleted)
    assert [(one["messages"], one["kept_messages"]) for one in went.waiting] == [(7, 3)]
    assert went.deleted["messages"] == 4 and sum(one["messages"] for one in went.dropped) == 0
    assert {state(bound, id) for id in over} == {"gone"}
    assert {state(bound, id) for id in refused} == {"rejected"}


def test_timers_that_ended_and_alerts_go_with_what_is_finished(bound: Installation, later: Any) -> None:
    with bound.database.read() as tx:
        moment = now(tx)
    upkeep(bound, moment - timedelta(days=29))
    later(0)
    assert not let_go(bound).deleted
    upkeep(bound, moment - timedelta(days=31))
    assert let_go(bound).deleted == {"timers and alerts": 2}
    assert (count(bound, timers_table), count(bound, alerts_table)) == (3, 1)


def test_keys_that_tell_repeats_apart_are_kept_as_long_as_the_settings_say(
    bound: Installation, target: Target, later: Any
) -> None:
    send(bound, 1)
    settle(bound)
    later(399)
    let_go(bound)
    age(bound, duplicate_keys_table, "at", 399)
    let_go(bound)
    assert (count(bound, duplicate_keys_table), count(bound, ledger_table)) == (1, 1)
    age(bound, duplicate_keys_table, "at", 401)
    later(401)
    assert let_go(bound).deleted == {"keys": 2}
    assert (count(bound, duplicate_keys_table), count(bound, ledger_table)) == (0, 0)
    send(bound, 1)
    settle(bound)
    assert len(target.arrivals) == 2


def test_a_batch_that_ended_goes_with_its_members_and_one_under_way_stays(
    bound: Installation, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_MEMBERS", 2)
    for number in range(5):
        send(bound, number)
    settle(bound)
    ended, open_ = batch(bound), batch(bound)
    batches.cancel(bound, ended, by="olga")
    later(179)
    assert "batches" not in let_go(bound).deleted
    later(182)
    assert let_go(bound).deleted["batches"] == 1
    with bound.database.read() as tx:
        assert list(tx.execute(select(batches_table.c.id)).scalars()) == [open_]
        assert set(tx.execute(select(members_table.c.batch_id)).scalars()) == {open_}


def test_a_lane_that_is_never_empty_looks_back_no_further_than_it_must(
    bound: Installation, target: Target, later: Any
) -> None:
    target.script = lambda number: Answer(status=503)
    send(bound, 1)
    settle(bound)
    send(bound, 2)
    with bound.database.begin() as tx:
        tx.execute(update(lanes_table).values(oldest_day=today() - 50))
    later(0)
    let_go(bound)
    assert oldest_days(bound) == {"inbox": today(), "outbox": today()}
    target.script = lambda number: Answer()
    with bound.database.begin() as tx:
        tx.execute(text("update lanes set next_at = '2020-01-01', blocked_by = null"))
        tx.execute(text("update deliveries set next_at = '2020-01-01'"))
        tx.execute(text("update breakers set state = 'closed'"))
    settle(bound)
    assert {a.body["n"] for a in target.effects} == {1, 2}


def oldest_days(installation: Installation) -> dict[str, int]:
    c = lanes_table.c
    with installation.database.read() as tx:
        return {row.kind: row.oldest_day for row in tx.execute(select(c.kind, c.oldest_day))}


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one table for all days
def test_a_day_is_dropped_under_live_intake_and_live_workers(
    bound: Installation, target: Target, later: Any
) -> None:
    """Today is over, as retention sees it: it drops the day in which everybody works, moves what is open, makes it anew."""
    later(40)
    over, failures = Event(), []
    sent: list[int] = []

    def beside(work: Callable[[], Any]) -> Thread:
        def keep_on() -> None:
            while not over.is_set():
                try:
                    work()
                except Exception as error:
                    failures.append(error)

        return Thread(target=keep_on)

    def take_in() -> None:
        with suppress(DatabaseSlow):  # a sender that is told so sends again
            send(bound, len(sent), f"L{len(sent) % 7}")
            sent.append(len(sent))

    works = (take_in, lambda: drain(bound, set(range(256))), lambda: deliver_all(bound))
    threads = [beside(work) for work in works]
    for thread in threads:
        thread.start()
    dropped = 0
    for _ in range(4):
        over.wait(0.3)
        dropped += len(let_go(bound).dropped)
        with bound.database.begin() as tx:
            days.make_ahead(tx, today(), 1)
    over.set()
    for thread in threads:
        thread.join()
    settle(bound)
    assert dropped and not failures
    assert sorted(a.body["n"] for a in target.effects) == sent


def test_the_clock_lets_go_by_itself_again_and_again(
    bound: Installation, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(clock, "UPKEEP_SECONDS", 0.1)
    later(40)
    made = clock.Clock(bound)
    ticking = Thread(target=made.run)
    ticking.start()
    try:
        for number in range(2):
            gone_by_itself(bound, send(bound, number, mode="ignore"))
    finally:
        made.stop()
        ticking.join()


def gone_by_itself(installation: Installation, id: str) -> None:
    """Drained, it is over, and the clock takes it away."""
    drain_all(installation)
    waited = Event()
    for _ in range(600):
        if state(installation, id) == "gone":
            return
        waited.wait(0.05)
    raise AssertionError(f"{id} is still {state(installation, id)}")


def test_a_clock_that_stands_in_lets_nothing_go(
    bound: Installation, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "TICK_SECONDS", 0.02)
    first, second = clock.Clock(bound), clock.Clock(bound)
    assert first.tick() and not second.tick()
    id = send(bound, 1, mode="ignore")
    drain_all(bound)
    later(40)
    keeping = Thread(target=second._keep_up)
    keeping.start()
    Event().wait(0.3)
    second.stop()
    keeping.join()
    assert state(bound, id) == "ignored"
