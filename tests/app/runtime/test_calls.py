"""Calls to other systems in the middle of a flow, and flows that answer their sender."""

import json
import threading
import time
from collections.abc import Iterator

import pytest

from app.runtime.firing import fire_due
from app.runtime.installation import Installation
from app.runtime.intake import Accepted, accept
from app.runtime.processing import drain
from app.runtime.recovery import confirm_delivery
from app.runtime.replying import NoReply, await_reply
from app.storage.answers import reply
from app.storage.deliveries import of_message
from app.storage.messages import message
from tests.delivering import deliver
from tests.faults.checker import check
from tests.journey import ENVIRONMENT, Answer, Target, bind, deploy, journey_files, order

MODULE = b"""\
use schema shop.order "v1"
use schema canon.order "v1"
use schema erp.order "v1"

map ask : o in shop.order -> erp.order
  on missing reject
  id  = o.id
  lot = o.lot
  n   = o.n
end

map answered : o in shop.order, r in erp.order -> canon.order
  on missing reject
  id  = o.id
  lot = r.lot
  n   = r.n
end

map told : c in canon.order -> erp.order
  on missing reject
  id  = c.id
  lot = c.lot
  n   = c.n
end

flow asking
  receive shop.ask as o : shop.order "v1"
  owner "tests"
  order by o.lot
  call erp.stock using ask as r : erp.order "v1" on error reject
  map with answered(o, r)
  reply using told
end
"""
ENDPOINTS = """
[endpoints."shop.ask"]
direction = "in"
codec = "json"
schema = "shop.order@v1"
answer = "erp.order@v1"

[endpoints."erp.stock"]
direction = "out"
codec = "json"
schema = "erp.order@v1"
answer = "erp.order@v1"
idempotent = true
"""
STOCK = json.dumps({"id": "stock", "lot": "STOCK", "n": 77}).encode()


@pytest.fixture
def house(installation: Installation, target: Target) -> Iterator[Installation]:
    """A flow that asks the target and replies."""
    files = journey_files() | {"flows/asking.mw": MODULE}
    files["ruleset.toml"] += ENDPOINTS.encode()
    deploy(installation, files)
    bind(installation, "erp.stock", target.url)
    target.script = lambda number: Answer(body=STOCK)
    yield installation
    check(installation.database)


def ask(house: Installation, number: int = 1, lot: str = "L1", key: str | None = None) -> Accepted:
    (accepted,) = accept(house, ENVIRONMENT, "shop.ask", order(number, lot), idempotency_key=key)
    return accepted


def work(house: Installation) -> None:
    """Everything that is to be done, until nothing is."""
    for _ in range(40):
        if not drain(house, range(256)) + deliver(house, range(256)):
            return
        time.sleep(0.06)


def state_of(house: Installation, id: str) -> str:
    with house.database.read() as tx:
        return message(tx, id).state


def reply_of(house: Installation, id: str) -> object:
    with house.database.read() as tx:
        found = reply(tx, id)
    return None if found is None else json.loads(found.content)


def test_a_message_waits_for_its_answer_and_goes_on_with_it(house: Installation, target: Target) -> None:
    accepted = ask(house)
    drain(house, range(256))
    assert state_of(house, accepted.message_id) == "waiting"
    work(house)
    assert state_of(house, accepted.message_id) == "done"
    assert reply_of(house, accepted.message_id) == {"id": "order-1", "lot": "STOCK", "n": 77}


def test_a_question_is_asked_once_however_often_its_message_runs(house: Installation, target: Target) -> None:
    accepted = ask(house)
    for _ in range(3):
        drain(house, range(256))
    work(house)
    assert len(target.arrivals) == 1
    with house.database.read() as tx:
        assert len(of_message(tx, accepted.message_id)) == 1


def test_a_target_that_is_down_is_asked_again(house: Installation, target: Target) -> None:
    target.script = lambda number: Answer(503) if number < 3 else Answer(body=STOCK)
    accepted = ask(house)
    work(house)
    assert (state_of(house, accepted.message_id), len(target.arrivals)) == ("done", 3)


@pytest.mark.parametrize("body", [b"no json", b"[1]", b'{"id": "x"}'])
def test_an_answer_that_does_not_fit_ends_the_message_and_says_why(
    house: Installation, target: Target, body: bytes
) -> None:
    target.script = lambda number: Answer(body=body)
    accepted = ask(house)
    work(house)
    with house.database.read() as tx:
        found = message(tx, accepted.message_id)
    assert found.state in ("rejected", "held", "dead")
    assert found.reason


def test_a_target_that_refuses_ends_the_message(house: Installation, target: Target) -> None:
    target.script = lambda number: Answer(422)
    accepted = ask(house)
    work(house)
    assert state_of(house, accepted.message_id) in ("rejected", "held", "dead")


def test_messages_of_one_lane_keep_their_order_while_one_waits(house: Installation, target: Target) -> None:
    ids = [ask(house, n).message_id for n in (1, 2)]
    drain(house, range(256))
    assert [state_of(house, id) for id in ids] == ["waiting", "received"]
    work(house)
    assert [state_of(house, id) for id in ids] == ["done", "done"]


def test_an_uncertain_question_that_a_person_settles_ends_the_wait(
    house: Installation, target: Target
) -> None:
    files = journey_files() | {"flows/asking.mw": MODULE}
    files["ruleset.toml"] += ENDPOINTS.replace("idempotent = true", "").encode()
    deploy(house, files)
    target.script = lambda number: Answer(hang_up=True)
    accepted = ask(house)
    work(house)
    with house.database.read() as tx:
        (asked,) = of_message(tx, accepted.message_id)
    assert (asked.state, state_of(house, accepted.message_id)) == ("uncertain", "waiting")
    confirm_delivery(house, asked.id, by="olga", reason="it is in the log of the target")
    fire_due(house)
    work(house)
    assert state_of(house, accepted.message_id) in ("rejected", "held", "dead")


# ------------------------------------------------------------------ replies


def test_a_sender_gets_the_reply(house: Installation) -> None:
    accepted, done = ask(house), threading.Event()

    def work_on() -> None:
        while not done.wait(0.02):
            work(house)

    worker = threading.Thread(target=work_on)
    worker.start()
    given = await_reply(house, accepted, 20.0)
    done.set()
    worker.join()
    assert given is not None
    assert json.loads(given.content) == {"id": "order-1", "lot": "STOCK", "n": 77}


def test_the_same_key_brings_the_same_reply(house: Installation, target: Target) -> None:
    first = ask(house, key="k1")
    work(house)
    again = ask(house, key="k1")
    assert again.duplicate
    given = await_reply(house, again, 1.0)
    assert given is not None
    assert reply_of(house, first.message_id) == json.loads(given.content)
    assert len(target.arrivals) == 1


def test_a_sender_who_waited_long_enough_goes_without(house: Installation) -> None:
    assert await_reply(house, ask(house), 0.05) is None


def test_a_flow_that_ends_without_a_reply_says_why(house: Installation, target: Target) -> None:
    target.script = lambda number: Answer(422)
    accepted = ask(house)
    work(house)
    with pytest.raises(NoReply, match="the message is"):
        await_reply(house, accepted, 1.0)


def test_a_flow_without_a_reply_keeps_nobody_waiting(house: Installation) -> None:
    (accepted,) = accept(house, ENVIRONMENT, "shop.order", order(1))
    assert await_reply(house, accepted, 20.0) is None
