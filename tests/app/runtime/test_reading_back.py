"""Read-back: a target that can't tell repeats apart is asked before anything is sent twice."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.runtime.recovery import confirm_delivery
from app.storage.deliveries import NEVER, Delivery, of_message
from app.storage.environments import put_binding
from app.storage.lanes import lanes_table
from app.storage.queries import message_deliveries
from tests.journey import ENVIRONMENT, Answer, Target, bind, deliver_all, drain_all, order

SOON = {"read_back_after": 0.001, "read_back_tries": 3}


@pytest.fixture
def asked(installation: Installation, target: Target) -> Installation:
    """erp.once is not idempotent, and can be asked."""
    bind(installation, "erp.once", target.url, control=SOON, read_back={"url": target.url + "/{key}"})
    return installation


def send(installation: Installation, number: int, lot: str = "L1") -> str:
    id = accept(installation, ENVIRONMENT, "shop.order", order(number, lot, mode="once"))[0].message_id
    drain_all(installation)
    return id


def only(installation: Installation, message_id: str) -> Delivery:
    with installation.database.read() as tx:
        (found,) = of_message(tx, message_id)
    return found


def work_until(installation: Installation, done: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not done():
        assert time.monotonic() < end
        deliver_all(installation)
        time.sleep(0.005)


def attempts(installation: Installation, message_id: str) -> list[tuple[str, str]]:
    with installation.database.read() as tx:
        found: list[dict[str, Any]] = message_deliveries(tx, message_id)[0]["attempts"]
    return [(a["kind"], a["result"]) for a in found]


def test_what_arrived_is_not_sent_again(asked: Installation, target: Target) -> None:
    target.script = lambda number: Answer(hang_up=number == 1)
    first, second = send(asked, 1), send(asked, 2)
    work_until(asked, lambda: only(asked, second).state == "delivered")
    found = only(asked, first)
    assert (found.state, found.status) == ("delivered", None) and target.repeats == 0
    assert attempts(asked, first) == [("send", "uncertain"), ("probe", "arrived")]
    assert target.asked == [found.ledger_key] and target.numbers("L1") == [1, 2]


def test_what_is_not_there_is_sent_again(asked: Installation, target: Target) -> None:
    target.script = lambda number: Answer(hang_up=number == 1, effect=number > 1)
    first, second = send(asked, 1), send(asked, 2)
    work_until(asked, lambda: only(asked, second).state == "delivered")
    assert attempts(asked, first) == [("send", "uncertain"), ("probe", "absent"), ("send", "delivered")]
    assert target.numbers("L1") == [1, 2] and target.repeats == 0


def test_a_target_that_does_not_say_is_asked_again_and_then_a_person(
    asked: Installation, target: Target
) -> None:
    target.script = lambda number: Answer(hang_up=True)
    target.knows = lambda key: Answer(403)
    first, second = send(asked, 1), send(asked, 2)
    work_until(asked, lambda: only(asked, first).next_at == NEVER)
    found = only(asked, first)
    assert found.state == "uncertain" and "asked 3 times, a person has to look" in found.reason
    assert len(target.asked) == 3 and len(target.arrivals) == 1 and only(asked, second).state == "pending"
    with asked.database.read() as tx:
        lane = tx.execute(lanes_table.select().where(lanes_table.c.id == found.lane)).mappings().one()
    assert lane["blocked_by"] == found.id
    target.script = lambda number: Answer()
    confirm_delivery(asked, found.id, by="olga", reason="it is there")
    work_until(asked, lambda: only(asked, second).state == "delivered")


def test_a_person_may_be_faster(asked: Installation, target: Target) -> None:
    target.script = lambda number: Answer(hang_up=True)
    id = send(asked, 1)

    def told_meanwhile(key: str) -> Answer:
        confirm_delivery(asked, only(asked, id).id, by="olga", reason="seen")
        return Answer(404)

    target.knows = told_meanwhile
    work_until(asked, lambda: bool(target.asked))
    assert only(asked, id).state == "delivered" and len(target.arrivals) == 1


def test_a_worker_that_died_while_sending_is_asked_about(asked: Installation, target: Target) -> None:
    id = send(asked, 1)
    with asked.database.begin() as tx:
        tx.exec_driver_sql("update deliveries set state = 'inflight', attempts = 1")
    work_until(asked, lambda: only(asked, id).state == "delivered")
    assert len(target.asked) == 1 and len(target.effects) == 1


def test_the_answer_is_read_by_an_expression(installation: Installation, target: Target) -> None:
    said = {"url": target.url + "?ref={key}/{key}", "jmespath": "value[0].DocumentNumber"}
    bind(installation, "erp.once", target.url, control=SOON, read_back=said)
    target.script = lambda number: Answer(hang_up=True)
    target.knows = lambda key: Answer(200, body=b'{"value": [{"DocumentNumber": "4711"}]}')
    id = send(installation, 1)
    work_until(installation, lambda: only(installation, id).state == "delivered")
    assert len(target.arrivals) == 1


def test_a_file_is_found_by_its_name(installation: Installation, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    with installation.database.begin() as tx:
        put_binding(
            tx, ENVIRONMENT, "erp.once", "file", {"folder": str(folder), "name": "{key}"}, control=SOON
        )
    first = send(installation, 1)
    deliver_all(installation)
    with installation.database.begin() as tx:
        tx.exec_driver_sql("update deliveries set state = 'inflight'")
        tx.exec_driver_sql("update lanes set ready = true, oldest_day = 0 where kind = 'outbox'")
    work_until(installation, lambda: only(installation, first).state == "delivered")
    assert attempts(installation, first)[-1] == ("probe", "arrived") and len(list(folder.glob("[!.]*"))) == 1
