"""What messages leave for later: expectations, collections, records of datasets, waits for them."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.runtime.firing import fire_due
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.runtime.processing import drain
from app.runtime.recovery import discard_message, replay_message
from app.storage.alerts import alerts
from app.storage.datasets import listed
from app.storage.deliveries import of_message
from app.storage.messages import messages_table
from app.storage.outcomes import outcome
from app.storage.queries import search_messages
from app.storage.timers import timers_of, timers_table
from tests.faults.checker import check
from tests.journey import ENVIRONMENT, deploy, journey_files, order

MODULES = {
    "rules/later.mw": b"""\
use schema canon.order "v1"
use schema erp.order "v1"

dataset items : text -> erp.order "v1"

map digest : items in list of canon.order -> erp.order
  on missing reject
  id  = join(i.id for i in items, separator: "+")
  lot = first(i.lot for i in items)
  n   = count(items)
end

rules later : o in canon.order
  rule confirm
    when o.mode = "expect"
    then expect erp.confirmed where event.lot = o.lot within 15 minutes
         else alert quality "not confirmed: " & o.lot
  end
  rule chase
    when o.mode = "chase"
    then expect erp.confirmed where event.lot = o.lot within 15 minutes else send erp.order using to_erp
  end
  rule gather
    when o.mode = "collect"
    then collect by o.lot for 15 minutes at most 3 then send erp.order using digest
  end
  rule gather_all
    when o.mode = "collect all"
    then collect by "all" for 15 minutes then send erp.order using digest
  end
  rule keep
    when o.mode = "remember"
    then remember items key o.id = { id: o.id, lot: o.lot, n: o.n }
  end
  rule drop
    when o.mode = "forget"
    then forget items key o.id
  end
end
""",
    "flows/later.mw": b"""\
use schema shop.order "v1"
use schema canon.order "v1"
use schema erp.order "v1"

flow later
  receive shop.later as o : shop.order "v1"
  owner "tests"
  order by o.lot
  keys order = o.id
  map with to_order
  apply later
end
""",
    "flows/enriching.mw": b"""\
use schema shop.order "v1"
use schema canon.order "v1"
use schema erp.order "v1"

map enriched : o in shop.order, i in erp.order -> canon.order
  on missing reject
  id  = o.id
  lot = i.lot
  n   = i.n
end

flow enriching
  receive shop.enrich as o : shop.order "v1"
  owner "tests"
  order by o.lot
  enrich i = recall items(o.id) on missing wait 1 hours
  map with enriched(o, i)
  apply dispatch
end
""",
}
ENDPOINTS = """
[endpoints."shop.later"]
direction = "in"
codec = "json"
schema = "shop.order@v1"

[endpoints."shop.enrich"]
direction = "in"
codec = "json"
schema = "shop.order@v1"

[endpoints."erp.confirmed"]
direction = "in"
codec = "json"
schema = "erp.order@v1"
"""


@pytest.fixture
def house(installation: Installation) -> Iterator[Installation]:
    """The rule set of tests.journey with what waits, collects and remembers."""
    files = journey_files() | MODULES
    files["ruleset.toml"] += ENDPOINTS.encode()
    deploy(installation, files)
    yield installation
    check(installation.database)


def send(house: Installation, number: int, lot: str = "L1", endpoint: str = "shop.later", **more: Any) -> str:
    (accepted,) = accept(house, ENVIRONMENT, endpoint, order(number, lot, **more))
    drain(house, range(256))
    return accepted.message_id


def confirm(house: Installation, lot: str) -> str:
    return send(house, 99, lot, "erp.confirmed")


def let_time_pass(house: Installation, **of: int) -> None:
    """Every timer and message is that much older."""
    by = timedelta(**of)
    with house.database.begin() as tx:
        for row in tx.execute(timers_table.select()).mappings().all():
            here = (timers_table.c.partition == row["partition"]) & (timers_table.c.id == row["id"])
            earlier = {"due_at": row["due_at"] - by, "deadline": row["deadline"] - by}
            tx.execute(update(timers_table).where(here).values(earlier))


def tick(house: Installation) -> int:
    fired = fire_due(house)
    drain(house, range(256))
    return fired


def state_of(house: Installation, id: str) -> str:
    with house.database.read() as tx:
        return str(
            tx.execute(messages_table.select().where(messages_table.c.id == id)).mappings().one()["state"]
        )


def message(house: Installation, id: str) -> Any:
    with house.database.read() as tx:
        return tx.execute(messages_table.select().where(messages_table.c.id == id)).mappings().one()


def caused_by(house: Installation, id: str) -> list[Any]:
    with house.database.read() as tx:
        query = messages_table.select().where(messages_table.c.causation_id == id)
        return list(tx.execute(query.order_by(messages_table.c.received_at)).mappings())


def timer_states(house: Installation, id: str) -> list[tuple[str, str]]:
    with house.database.read() as tx:
        return [(t.kind, t.state) for t in timers_of(tx, id)]


def alert_texts(house: Installation) -> list[str]:
    with house.database.read() as tx:
        return [a["text"] for a in alerts(tx, ENVIRONMENT)]


def sent_by(house: Installation, id: str) -> list[Any]:
    with house.database.read() as tx:
        return of_message(tx, id)


# ------------------------------------------------------------------ expect


def test_what_a_timer_makes_stays_in_the_trace_of_its_origin(house: Installation) -> None:
    id = send(house, 1, mode="expect")
    let_time_pass(house, minutes=16)
    tick(house)
    (made,) = caused_by(house, id)
    assert made["trace"] == message(house, id)["trace"] != ""


def test_an_expectation_that_is_met_stays_silent(house: Installation) -> None:
    id = send(house, 1, mode="expect")
    assert timer_states(house, id) == [("expect", "open")]
    confirm(house, "L1")
    let_time_pass(house, minutes=20)
    assert tick(house) == 0
    assert (timer_states(house, id), alert_texts(house)) == ([("expect", "met")], [])


def test_an_expectation_that_is_late_is_carried_out_once(house: Installation) -> None:
    id = send(house, 1, mode="expect")
    let_time_pass(house, minutes=20)
    assert (tick(house), tick(house)) == (1, 0)
    assert alert_texts(house) == ["not confirmed: L1"]
    (late,) = caused_by(house, id)
    assert late["state"] == "done"
    assert "did not come" in late["reason"]


def test_a_message_of_another_lot_answers_nothing(house: Installation) -> None:
    id = send(house, 1, mode="expect")
    confirm(house, "L2")
    assert timer_states(house, id) == [("expect", "open")]


def test_an_answer_closes_all_that_wait_for_it(house: Installation) -> None:
    ids = [send(house, n, mode="expect") for n in (1, 2)]
    confirm(house, "L1")
    assert [timer_states(house, id) for id in ids] == [[("expect", "met")]] * 2


def test_what_is_sent_when_it_is_late_is_a_delivery_of_the_timers_message(house: Installation) -> None:
    id = send(house, 7, mode="chase")
    let_time_pass(house, minutes=20)
    tick(house)
    (late,) = caused_by(house, id)
    (delivery,) = sent_by(house, late["id"])
    assert (delivery.endpoint, delivery.rule) == ("erp.order", "chase")
    assert sent_by(house, id) == []


def test_an_expectation_of_an_older_release_is_still_met(house: Installation) -> None:
    id = send(house, 1, mode="expect")
    files = journey_files() | MODULES
    files["ruleset.toml"] += ENDPOINTS.encode()
    files["rules/later.mw"] = files["rules/later.mw"].replace(b"15 minutes", b"16 minutes")
    deploy(house, files)
    confirm(house, "L1")
    assert timer_states(house, id) == [("expect", "met")]


def test_a_late_expectation_can_be_replayed(house: Installation) -> None:
    id = send(house, 7, mode="chase")
    let_time_pass(house, minutes=20)
    tick(house)
    (late,) = caused_by(house, id)
    (again,) = replay_message(house, late["id"], by="olga", reason="lost at the target")
    drain(house, range(256))
    assert [d.endpoint for d in sent_by(house, again.message_id)] == ["erp.order"]


# ------------------------------------------------------------------ collect


def test_a_window_makes_one_of_all_when_its_time_is_up(house: Installation) -> None:
    ids = [send(house, n, mode="collect") for n in (1, 2)]
    assert tick(house) == 0
    let_time_pass(house, minutes=16)
    assert (tick(house), tick(house)) == (1, 0)
    (made,) = caused_by(house, ids[0])
    with house.database.read() as tx:
        decided = outcome(tx, made["id"])
    assert decided is not None
    assert [a["payload"] for a in decided["actions"]] == [{"id": "order-1+order-2", "lot": "L1", "n": 2}]
    assert len(sent_by(house, made["id"])) == 1
    assert timer_states(house, ids[1]) == [("collect", "fired")]


def test_a_full_window_closes_at_once_and_the_next_item_opens_another(house: Installation) -> None:
    ids = [send(house, n, mode="collect") for n in (1, 2, 3, 4)]
    assert tick(house) == 1
    assert timer_states(house, ids[0]) == [("collect", "fired")]
    assert timer_states(house, ids[3]) == [("collect", "open")]


def test_groups_do_not_mix(house: Installation) -> None:
    for n, lot in enumerate(("A", "B", "A"), 1):
        send(house, n, lot, mode="collect")
    let_time_pass(house, minutes=16)
    assert tick(house) == 2


# ------------------------------------------------------------------ remember, forget, wait


def kept(house: Installation) -> list[Any]:
    with house.database.read() as tx:
        return [row["record"] for row in listed(tx, ENVIRONMENT, "journey", "items")]


def test_a_record_is_kept_replaced_and_forgotten(house: Installation) -> None:
    send(house, 1, "A", mode="remember")
    send(house, 1, "B", mode="remember")
    assert kept(house) == [{"id": "order-1", "lot": "B", "n": 1}]
    send(house, 1, "B", mode="forget")
    assert kept(house) == []


def test_a_record_that_is_there_is_used_at_once(house: Installation) -> None:
    send(house, 1, "A", mode="remember")
    id = send(house, 1, "B", "shop.enrich")
    assert state_of(house, id) == "done"
    with house.database.read() as tx:
        decided = outcome(tx, id)
    assert decided is not None and decided["event"]["lot"] == "A"


def test_who_waits_for_a_record_goes_on_when_it_comes(house: Installation) -> None:
    id = send(house, 1, "B", "shop.enrich")
    assert (state_of(house, id), timer_states(house, id)) == ("waiting", [("wait", "open")])
    send(house, 1, "A", mode="remember")
    assert tick(house) == 1
    assert state_of(house, id) == "done"


def test_who_waited_long_enough_is_rejected_and_says_for_what(house: Installation) -> None:
    id = send(house, 1, "B", "shop.enrich")
    let_time_pass(house, minutes=61)
    tick(house)
    assert state_of(house, id) in ("rejected", "held")
    with house.database.read() as tx:
        (item,) = search_messages(tx, ENVIRONMENT, state=state_of(house, id)).items
    assert "items" in item["reason"]


def test_later_messages_of_a_lane_wait_behind_one_that_waits(house: Installation) -> None:
    first = send(house, 1, "B", "shop.enrich")
    send(house, 2, "A", mode="remember")
    second = send(house, 2, "B", "shop.enrich")
    other = send(house, 2, "C", "shop.enrich")
    assert [state_of(house, id) for id in (first, second, other)] == ["waiting", "received", "done"]
    send(house, 1, "A", mode="remember")
    tick(house)
    assert [state_of(house, id) for id in (first, second)] == ["done", "done"]


def test_a_message_that_waits_can_be_given_up(house: Installation) -> None:
    id = send(house, 1, "B", "shop.enrich")
    discard_message(house, id, by="olga", reason="the item was cancelled")
    send(house, 1, "A", mode="remember")
    tick(house)
    assert (state_of(house, id), timer_states(house, id)) == ("discarded", [("wait", "dropped")])


def test_a_record_that_came_and_went_leaves_the_first_deadline(house: Installation) -> None:
    id = send(house, 1, "B", "shop.enrich")
    with house.database.read() as tx:
        (before,) = timers_of(tx, id)
    for mode in ("remember", "forget"):
        accept(house, ENVIRONMENT, "shop.later", order(1, "A", mode=mode))
        drain(house, range(256))
    tick(house)
    with house.database.read() as tx:
        (after,) = timers_of(tx, id)
    assert (after.state, after.deadline) == ("open", before.deadline)
    assert state_of(house, id) == "waiting"


def test_a_timer_is_due_by_the_clock_of_the_database(house: Installation) -> None:
    id = send(house, 1, mode="expect")
    with house.database.read() as tx:
        (timer,) = timers_of(tx, id)
    assert timedelta(minutes=14) < timer.deadline - datetime.now(UTC) <= timedelta(minutes=15)


# ------------------------------------------------------------------ at the same time


def at_once(*work: Callable[[], Any]) -> None:
    """Run all at the same moment, each in a thread of its own."""
    start = threading.Barrier(len(work))
    faults: list[BaseException] = []

    def one(what: Callable[[], Any]) -> None:
        start.wait()
        try:
            what()
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=one, args=(what,)) for what in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults


def test_clocks_that_fire_at_the_same_time_fire_each_timer_once(house: Installation) -> None:
    ids = [send(house, n, f"L{n}", mode="expect") for n in range(12)]
    let_time_pass(house, minutes=20)
    at_once(*[lambda: fire_due(house)] * 3)
    drain(house, range(256))
    assert sorted(alert_texts(house)) == sorted(f"not confirmed: L{n}" for n in range(12))
    assert [len(caused_by(house, id)) for id in ids] == [1] * 12


def test_nobody_waits_for_a_record_that_came_at_the_same_moment(house: Installation) -> None:
    for n in range(6):
        accept(house, ENVIRONMENT, "shop.enrich", order(n, f"E{n}"))
        accept(house, ENVIRONMENT, "shop.later", order(n, f"R{n}", mode="remember"))
    at_once(*[lambda: drain(house, range(256))] * 3)
    tick(house)
    tick(house)
    with house.database.read() as tx:
        states = {m["id"]: m["state"] for m in tx.execute(messages_table.select()).mappings()}
    assert set(states.values()) == {"done"}


def test_items_that_come_at_the_same_time_go_into_one_window(house: Installation) -> None:
    for n in range(9):
        accept(house, ENVIRONMENT, "shop.later", order(n, f"L{n}", mode="collect all"))
    at_once(*[lambda: drain(house, range(256))] * 3)
    let_time_pass(house, minutes=16)
    assert tick(house) == 1
    with house.database.read() as tx:
        made = [m for m in tx.execute(messages_table.select()).mappings() if m["causation_id"]]
        decided = outcome(tx, made[0]["id"])
    assert decided is not None and decided["actions"][0]["payload"]["n"] == 9


def test_a_window_takes_items_for_as_long_as_a_worker_keeps_its_connection(house: Installation) -> None:
    ids = [send(house, n, "L1", mode="collect all") for n in range(40)]
    with house.database.read() as tx:
        states = {
            row.state for row in tx.execute(messages_table.select().where(messages_table.c.id.in_(ids)))
        }
    assert states == {"done"}
