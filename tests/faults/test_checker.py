"""The checker finds what it is for: each invariant is broken by hand in a healthy installation and named."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, text

from app.runtime.firing import fire_due
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.runtime.processing import drain
from app.runtime.recovery import retry_message
from app.runtime.states import BY_TABLE
from app.settings import load_settings
from app.storage.attempts import attempts_table
from app.storage.messages import history_table
from tests.delivering import deliver
from tests.faults import outbox_invariants
from tests.faults.checker import check, figures, look, violations
from tests.faults.mix import mix_files
from tests.faults.violations import CheckFailed, story
from tests.journey import ENVIRONMENT, Answer, Arrival, Target, bind, deploy, order
from tests.journey import install as install_journey

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("checker")]


@dataclass
class House:
    """An installation in which something of every kind happened, and nothing went wrong."""

    installation: Installation
    target: Target
    ids: list[str]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def house(request: pytest.FixtureRequest, fresh_database: Any, tmp_path_factory: Any) -> Iterator[House]:
    """Made once for all planted violations: each of them is undone."""
    with fresh_database(request.param) as url:
        environ = {"MAPWRIGHT_HOME": str(tmp_path_factory.mktemp("home")), "MAPWRIGHT_DATABASE_URL": url}
        environ |= {"MAPWRIGHT_RETRY_BASE": "60", "MAPWRIGHT_RETRY_CAP": "60"}
        installation = install_journey(load_settings(environ))
        deploy(installation, patient(mix_files()))
        target = Target()
        for endpoint in ("erp.order", "erp.once", "erp.stock"):
            bind(installation, endpoint, target.url)
        yield House(installation, target, _live(installation, target))
        installation.close()
        target.close()


def patient(files: dict[str, bytes]) -> dict[str, bytes]:
    """Nothing is over while the house is made, however slow the machine is."""
    return {**files, "rules/later.mw": re.sub(rb"(\d) seconds", rb"\1 hours", files["rules/later.mw"])}


def _live(installation: Installation, target: Target) -> list[str]:
    """Messages of every kind; some wait, some failed, one was tried again by a person."""
    ids = [send(installation, "shop.order", n, f"L{n % 2}") for n in range(6)]
    work(installation)
    ids += [
        send(installation, "shop.order", 10, "L0", mode="reject"),
        send(installation, "shop.order", 10, "L0"),
    ]
    ids += [send(installation, "shop.later", n, "L0", mode="collect") for n in range(20, 23)]
    ids += [
        send(installation, "shop.later", 23, "L0", mode="expect"),
        send(installation, "shop.enrich", 30, "W"),
    ]
    ids += [
        send(installation, "shop.ask", 31, "A"),
        send(installation, "shop.order", 32, "once", mode="once"),
    ]
    work(installation)
    target.script = lambda number: Answer(422)
    ids.append(send(installation, "shop.order", 40, "D"))
    work(installation)
    target.script = lambda number: Answer(503)
    ids.append(send(installation, "shop.order", 41, "R"))
    work(installation)
    retry_message(installation, ids[6], by="tests")
    work(installation)
    return ids


def send(installation: Installation, endpoint: str, number: int, lot: str, **more: Any) -> str:
    return accept(installation, ENVIRONMENT, endpoint, order(number, lot, **more))[0].message_id


def work(installation: Installation) -> None:
    for _ in range(4):
        drain(installation, range(256))
        fire_due(installation)
        deliver(installation, range(256))


def test_a_healthy_installation_has_no_violation(house: House) -> None:
    found = check(house.installation.database, acknowledged=house.ids, target=house.target)
    assert look(house.installation.database) == found
    assert sum(found.accounts.values()) == sum(found.messages.values())
    assert {"done", "rejected", "waiting", "quarantined"} <= set(found.messages)
    assert {"delivered", "dead", "retry"} <= set(found.deliveries)


ORDERED = "(select id from lanes where kind = 'inbox' and ordered and head_seq >= 3 limit 1)"
SENT = "(select id from deliveries where state = 'delivered' and attempts = 1 and rules <> 'call' limit 1)"
QUEUED = "(select id from deliveries where state = 'delivered' and seq = 2 and rules <> 'call' limit 1)"
DONE = f"(select message_id from deliveries where id = {SENT})"
OPEN = "state in ('pending', 'retry', 'inflight')"
NOWHERE = "'0000000000000000000000000000000000000000'"
ATTEMPT = ", ".join(column.name for column in attempts_table.c)
STEP = ", ".join(column.name for column in history_table.c)
STEP_OF_OLD = ", ".join("'2020-01-01 00:00:00'" if c.name == "at" else c.name for c in history_table.c)
PLANTED = {
    "a message in a state that is none": ("state", [f"update messages set state = 'gone' where id = {DONE}"]),
    "a delivery in a state that is none": (
        "state",
        [f"update deliveries set state = 'gone' where id = {SENT}"],
    ),
    "a timer in a state that is none": ("state", ["update timers set state = 'met' where kind = 'wait'"]),
    "a message that is gone": ("lost", [f"delete from messages where id = {DONE}"]),
    "a raw body that is gone": (
        "body",
        [f"delete from bodies where id in (select body_id from messages where id = {DONE})"],
    ),
    "the bytes of a delivery that are gone": (
        "body",
        [f"delete from delivery_bodies where delivery_id = {SENT}"],
    ),
    "two messages at one place": (
        "numbers",
        [f"update messages set seq = 1 where seq = 2 and lane = {ORDERED}"],
    ),
    "a message behind the end of its lane": (
        "numbers",
        [f"update lanes set last_seq = 1 where id = {ORDERED}"],
    ),
    "two deliveries at one place": ("numbers", ["update deliveries set seq = 1 where seq = 2"]),
    "a step that is none": (
        "history",
        [f"update message_history set to_state = 'waiting' where message_id = {DONE}"],
    ),
    "a message that was done twice": (
        "history",
        [
            f"insert into message_history ({STEP}) select {STEP_OF_OLD}"
            f" from message_history where message_id = {DONE} and to_state = 'done'"
        ],
    ),
    "a state without a step": ("history", [f"delete from message_history where message_id = {DONE}"]),
    "a message that was decided before an earlier one": (
        "inbox order",
        [
            "update message_history set at = '2020-01-01 00:00:00' where message_id in"
            f" (select id from messages where seq = 3 and lane = {ORDERED})"
        ],
    ),
    "a message that nobody looks at": (
        "stuck",
        [
            f"update messages set state = 'received' where seq = 2 and lane = {ORDERED}",
            f"update lanes set ready = true, head_seq = 2 where id = {ORDERED}",
        ],
    ),
    "a lane with work that is not ready": (
        "stuck",
        [
            f"update messages set state = 'received' where seq = 2 and lane = {ORDERED}",
            f"update lanes set ready = false, head_seq = 1 where id = {ORDERED}",
        ],
    ),
    "a lane that waits for a message that is done": (
        "stuck",
        [f"update lanes set blocked_by = {DONE} where id = (select lane from messages where id = {DONE})"],
    ),
    "a lane that waits for nobody": (
        "stuck",
        [f"update lanes set blocked_by = {NOWHERE} where id = {ORDERED}"],
    ),
    "a message that waits for no timer": (
        "stuck",
        ["update timers set state = 'dropped' where kind = 'wait' and state = 'open'"],
    ),
    "an outbox lane with work that is not ready": (
        "stuck",
        [f"update lanes set ready = false where id in (select lane from deliveries where {OPEN})"],
    ),
    "an outbox lane that waits for what is delivered": (
        "stuck",
        [f"update lanes set blocked_by = {SENT} where id = (select lane from deliveries where id = {SENT})"],
    ),
    "a message with a release that is unknown": (
        "release",
        [f"update messages set release_id = 'x' where id = {DONE}"],
    ),
    "a message with a release that was never live": (
        "release",
        [
            "insert into promotions (environment, ruleset, to_release, kind, by, at, reason)"
            " values ('test', 'journey', 'another', 'promote', 'tests', '2026-01-01 00:00:00', '')",
            "update deployments set release_id = (select min(id) from releases where id not in"
            " (select release_id from messages)) where environment = 'test'",
        ],
    ),
    "a delivery of another release": (
        "release",
        [f"update deliveries set release_id = 'x' where id = {SENT}"],
    ),
    "a message that ran without an outcome": ("outcome", [f"delete from outcomes where message_id = {DONE}"]),
    "a send that is in no outbox": (
        "effect lost",
        [
            f"delete from attempts where delivery_id = {SENT}",
            f"delete from ledger where delivery_id = {SENT}",
            f"delete from delivery_bodies where delivery_id = {SENT}",
            f"delete from deliveries where id = {SENT}",
        ],
    ),
    "a delivery that is gone": ("effect lost", [f"delete from deliveries where id = {SENT}"]),
    "two deliveries under one key": (
        "doubled",
        [
            f"update deliveries set ledger_key = (select ledger_key from deliveries where id = {SENT}) where id = {QUEUED}"
        ],
    ),
    "two deliveries that mean the same": (
        "doubled",
        [
            f"update deliveries set message_id = (select message_id from deliveries where id = {SENT}), rule ="
            f" (select rule from deliveries where id = {SENT}) where id = {QUEUED}"
        ],
    ),
    "a delivery outside the ledger": ("ledger", [f"delete from ledger where delivery_id = {SENT}"]),
    "an outbox lane out of order": (
        "outbox order",
        [
            "update deliveries set seq = 9 - seq where lane = (select lane from deliveries where seq = 3 limit 1)",
            "update lanes set last_seq = 9",
        ],
    ),
    "a delivery that was made before an earlier one": (
        "sending order",
        [
            "update attempts set ended_at = '2020-01-01 00:00:00' where delivery_id in"
            " (select id from deliveries where seq = 3)"
        ],
    ),
    "a fence behind an attempt": ("fence", ["update lanes set fence = 0"]),
    "a fence that shrank between attempts": (
        "fence",
        [
            "update lanes set fence = 99",
            "update attempts set fence = 50, started_at = '2020-01-01 00:00:00' where delivery_id in"
            " (select id from deliveries where seq = 2)",
        ],
    ),
    "an attempt that is gone": ("attempts", [f"delete from attempts where delivery_id = {SENT}"]),
    "two attempts that delivered": (
        "attempts",
        [
            f"insert into attempts ({ATTEMPT}) select {ATTEMPT.replace('number', '2')} from attempts"
            f" where delivery_id = {SENT}",
            f"update deliveries set attempts = 2 where id = {SENT}",
        ],
    ),
    "a delivery that no attempt delivered": (
        "attempts",
        [f"update attempts set result = 'retry' where delivery_id = {SENT}"],
    ),
    "an attempt without an end": (
        "attempts",
        [f"update attempts set result = '' where delivery_id = {SENT}"],
    ),
    "what was delivered and is not": (
        "attempts",
        [f"update deliveries set state = 'dead' where id = {SENT}"],
    ),
    "attempts of nothing": (
        "attempts",
        [f"update attempts set delivery_id = {NOWHERE} where delivery_id = {SENT}"],
    ),
    "a timer that fired without a message": (
        "timer",
        ["update timers set state = 'fired' where kind = 'expect' and state = 'open'"],
    ),
    "a timer that left a message and did not fire": (
        "timer",
        ["update timers set state = 'open' where kind = 'collect' and state = 'fired'"],
    ),
    "a message of a timer that is gone": ("timer", ["delete from timers where kind = 'collect'"]),
    "an item that a window lost": ("window", ["delete from collected where place = 2"]),
    "a window that lost an item after it closed": (
        "window",
        ["delete from collected where place = 3", "update timers set count = 2 where kind = 'collect'"],
    ),
    "items of no window": ("window", [f"update collected set timer_id = {NOWHERE}"]),
    "an audit row that was altered": ("audit", ["update audit set who = 'somebody else'"]),
}


def _unprotected(tx: Connection) -> None:
    """The database itself would refuse an unknown state."""
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        return
    for table in BY_TABLE:
        tx.exec_driver_sql(f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "ck_{table}_state"')


@pytest.mark.parametrize("planted", PLANTED)
def test_it_finds(house: House, planted: str) -> None:
    name, statements = PLANTED[planted]
    database = house.installation.database
    with database.engine.connect() as tx:
        assert not list(violations(tx, figures(tx), acknowledged=house.ids))
        if name == "state":
            _unprotected(tx)
        changed = [tx.execute(text(statement)).rowcount for statement in statements]
        found = list(violations(tx, figures(tx), acknowledged=house.ids))
        tx.rollback()
        if name == "state":
            tx.invalidate()
    assert min(changed) > 0, "the violation was not planted"
    assert name in {v.invariant for v in found}, f"found only {found}"


def test_it_finds_messages_that_are_too_few(house: House) -> None:
    with pytest.raises(CheckFailed) as failed:
        check(house.installation.database, 1_000)
    assert failed.value.names == {"accepted"}


def test_it_finds_what_a_sender_was_told_and_is_not_there(house: House) -> None:
    with pytest.raises(CheckFailed) as failed:
        check(house.installation.database, acknowledged=["00" + "a" * 38])
    assert failed.value.names == {"lost"}


def test_it_finds_a_fence_that_shrank_since_the_last_look(house: House) -> None:
    before = check(house.installation.database)
    lane = next(iter(before.fences))
    with pytest.raises(CheckFailed) as failed:
        check(house.installation.database, before=before_with(before, lane))
    assert failed.value.names == {"fence"}


def before_with(before: Any, lane: str) -> Any:
    return type(before)(before.messages, before.deliveries, before.accounts, {lane: before.fences[lane] + 1})


def at_target(house: House, changed: Target) -> set[str]:
    with house.installation.database.read() as tx:
        return {v.what.split(" ", 2)[2] for v in outbox_invariants.target(tx, changed, None)}


@pytest.fixture
def record(house: House) -> Iterator[Target]:
    """A copy of what the target saw."""
    copy = Target()
    copy.arrivals, copy.effects = list(house.target.arrivals), list(house.target.effects)
    copy._seen = house.target._seen.copy()
    yield copy
    copy.close()


def test_it_finds_what_the_target_lacks(house: House, record: Target) -> None:
    record.effects.pop()
    assert at_target(house, record) == {"is delivered; the target lacks it"}


def test_it_finds_what_the_target_was_not_to_get(house: House, record: Target) -> None:
    first = record.arrivals[0]
    record.arrivals.append(Arrival(first.path, "no key of ours", first.headers, first.body, first.at))
    assert at_target(house, record) == {"got no key of ours, which is in no ledger"}


def test_it_finds_other_bytes_at_the_target(house: House, record: Target) -> None:
    first = record.arrivals[0]
    record.arrivals.append(Arrival(first.path, first.key, first.headers, {"n": 0}, first.at))
    assert at_target(house, record) == {"was sent with other bytes than stored"}


def test_it_finds_an_order_at_the_target_that_is_another(house: House, record: Target) -> None:
    record.effects.reverse()
    assert any("after a later one" in what for what in at_target(house, record))


def test_it_finds_an_effect_that_a_target_without_memory_took_twice(house: House, record: Target) -> None:
    (once,) = [a for a in record.effects if a.body["lot"] == "once"]
    record._seen[once.key] += 1
    assert at_target(house, record) == {"took effect 2 times"}


def test_the_story_of_a_message_tells_its_states_deliveries_and_attempts_in_order(house: House) -> None:
    with house.installation.database.read() as tx:
        told = story(tx, house.ids[0])
        again = story(tx, house.ids[6])
    words = ["accepted", "received -> done", "delivery", "attempt 1", "delivered"]
    assert [told.index(word) for word in words] == sorted(told.index(word) for word in words)
    assert "message.retry" in again
