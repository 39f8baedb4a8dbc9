"""SLA clocks: what is not done in time is marked once and alerted once, whatever dies; the rest costs nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app.clock import HANDLERS
from app.runtime.firing import fire_due
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.runtime.lateness import Clocks
from app.runtime.recovery import discard_message
from app.storage.alerts import alerts
from app.storage.database import now
from app.storage.lateness import late_by_flow
from app.storage.messages import messages_table
from app.storage.queries import message_view, search_messages
from app.storage.timers import timers_table
from tests.journey import ENVIRONMENT, Target, bind, deliver_all, deploy, drain_all, journey_files, order

PLAYBOOK = b'playbook "slow"\n  runbook "docs/slow.md"\n  on transport hold\nend\n'


@pytest.fixture
def house(installation: Installation) -> Installation:
    """The flow `orders` has to be done within five minutes; its clock is wound."""
    files = journey_files()
    text = files["flows/orders.mw"].decode()
    words = '  owner "order-desk" criticality high sla 5 minutes\n  identify'
    text = text.replace('  owner "tests"\n  identify', words, 1)
    text = text.replace("  apply dispatch\nend", '  apply dispatch\n  on failure playbook "slow"\nend', 1)
    deploy(installation, {**files, "flows/orders.mw": text.encode(), "flows/slow.mw": PLAYBOOK})
    Clocks(installation).wind()
    return installation


def send(house: Installation, number: int) -> str:
    return accept(house, ENVIRONMENT, "shop.order", order(number))[0].message_id


def age(house: Installation, minutes: float) -> None:
    """Everything came so long ago; the clock looks again now."""
    with house.database.begin() as tx:
        then = now(tx) - timedelta(minutes=minutes)
        tx.execute(update(messages_table).values(received_at=then))
        watched = (timers_table.c.kind == "sla") & (timers_table.c.state == "open")
        values = {"due_at": then, "deadline": then - timedelta(minutes=1)}
        tx.execute(update(timers_table).where(watched).values(values))


def look(house: Installation) -> int:
    return fire_due(house, handlers=HANDLERS)


def told(house: Installation) -> list[dict[str, str]]:
    with house.database.read() as tx:
        return [alert for alert in alerts(tx, ENVIRONMENT) if alert["rule"].endswith("/sla")]


def test_a_message_that_is_not_done_in_time_is_marked_and_alerts_its_owner_with_the_runbook(
    house: Installation,
) -> None:
    id = send(house, 1)
    age(house, 6)
    assert look(house) == 1
    (alert,) = told(house)
    assert alert["channel"] == "order-desk" and alert["message_id"] == id
    assert "orders: 1 message is not done within 5 minutes" in alert["text"]
    assert "order-desk has to act. Runbook: docs/slow.md" in alert["text"]
    with house.database.read() as tx:
        (item,) = search_messages(tx, ENVIRONMENT).items
        assert item["late"] == item["received_at"] + timedelta(minutes=5)
        assert message_view(tx, id)["message"]["late"] == item["late"]
        assert late_by_flow(tx, ENVIRONMENT) == {"orders": 1}


def test_many_late_messages_are_one_alert_and_each_is_marked_once(house: Installation) -> None:
    for number in range(30):
        send(house, number)
    age(house, 6)
    assert look(house) == 30
    age(house, 7)
    assert look(house) == 0
    send(house, 31)
    age(house, 8)
    assert look(house) == 1
    assert len(told(house)) == 1
    assert "30 messages are not done" in told(house)[0]["text"]


def test_in_time_is_not_late(house: Installation) -> None:
    send(house, 1)
    age(house, 4)
    assert look(house) == 0 and told(house) == []


def test_done_means_acknowledged(house: Installation, target: Target) -> None:
    send(house, 1)
    drain_all(house)
    age(house, 6)
    assert look(house) == 1
    assert "it is not acknowledged" in told(house)[0]["text"]
    for endpoint in ("erp.order", "erp.once"):
        bind(house, endpoint, target.url)
    with house.database.begin() as tx:
        from app.storage.lanes import lanes_table

        tx.execute(update(lanes_table).values(next_at=now(tx)))
    deliver_all(house)
    age(house, 7)
    look(house)
    with house.database.read() as tx:
        assert late_by_flow(tx, ENVIRONMENT) == {}
        assert search_messages(tx, ENVIRONMENT).items[0]["late"] is not None


def test_a_message_that_was_delivered_in_time_is_not_late(house: Installation, target: Target) -> None:
    for endpoint in ("erp.order", "erp.once"):
        bind(house, endpoint, target.url)
    send(house, 1)
    drain_all(house)
    deliver_all(house)
    age(house, 6)
    assert look(house) == 0


def test_a_discarded_message_is_late_no_more_and_the_next_trouble_soon_after_is_not_alerted_again(
    house: Installation,
) -> None:
    id = send(house, 1)
    with house.database.begin() as tx:
        from app.runtime.states import move_messages
        from app.storage.messages import Move

        move_messages(tx, [Move(id, "received", "dead", "broken")], now(tx))
    age(house, 6)
    look(house)
    discard_message(house, id, by="olga", reason="a test")
    age(house, 7)
    look(house)
    with house.database.read() as tx:
        assert late_by_flow(tx, ENVIRONMENT) == {}
    send(house, 2)
    age(house, 8)
    assert look(house) == 1
    assert len(told(house)) == 1


def test_a_flow_that_promises_nothing_any_more_has_no_clock(house: Installation) -> None:
    deploy(house, journey_files())
    send(house, 1)
    age(house, 6)
    assert look(house) == 0
    with house.database.read() as tx:
        query = select(timers_table.c.state, func.count()).where(timers_table.c.kind == "sla")
        assert [tuple(row) for row in tx.execute(query.group_by(timers_table.c.state))] == [("dropped", 1)]


def test_two_clocks_that_look_at_once_mark_once(house: Installation) -> None:
    from app.runtime.lateness import look as look_at
    from app.storage.timers import due

    send(house, 1)
    age(house, 6)
    with house.database.read() as tx:
        (clock,) = due(tx, now(tx), 10, ["sla"])
    assert [look_at(house, clock), look_at(house, clock)] == [1, 0]


def test_more_than_one_look_can_take_are_marked_by_the_next_ones(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.storage.lateness.AT_A_TIME", 2)
    for number in range(5):
        send(house, number)
    age(house, 6)
    marked = []
    for _ in range(4):
        marked.append(look(house))
        with house.database.begin() as tx:
            tx.execute(update(timers_table).where(timers_table.c.kind == "sla").values(due_at=now(tx)))
    assert marked == [2, 2, 1, 0]
