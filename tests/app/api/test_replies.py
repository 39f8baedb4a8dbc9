"""POST /v1/in/{endpoint} of a synchronous flow: the reply is the answer to the request."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from app.design import promotions, releases, rulesets
from app.runtime.intake import accept
from app.runtime.processing import drain
from app.runtime.replying import await_reply
from app.storage.flows import FlowPolicy, put_flow_policy
from app.storage.lanes import lanes_table
from app.storage.messages import message
from tests.app.api.test_intake import ORDER, PATH

pytestmark = pytest.mark.usefixtures("way")
FLOW = """\
use schema shop.order "v1"

flow orders
  receive shop.orders as o : shop.order "v1"
  map with order_to_work
  reply using to_plant
end
"""


def publish_replying(site: Any) -> None:
    """The starter's flow replies with the work order, live in dev."""
    with site.installation.database.begin() as tx:
        manifest = rulesets.read_file(tx, "orders", "ruleset.toml").content.decode()
        answered = manifest.replace(
            'schema = "shop.order@v1"\n', 'schema = "shop.order@v1"\nanswer = "plant.work_order@v1"\n'
        )
        rulesets.write_file(tx, "orders", "ruleset.toml", answered.encode(), "ana")
        rulesets.write_file(tx, "orders", "flows/orders.mw", FLOW.encode(), "ana")
        record = releases.cut_release(tx, "orders", "ana", "it replies")
        promotions.promote(tx, record.id, "dev", "ana")


@pytest.fixture
def asked(site: Any) -> Any:
    """A site whose flow replies."""
    publish_replying(site)
    return site


@pytest.fixture
def worker(asked: Any) -> Iterator[None]:
    """Somebody who works on what comes in."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.02):
            drain(asked.installation, range(256))

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()


def send(site: Any, body: bytes = ORDER, **headers: str) -> Any:
    return site.machine("send").call(
        "POST", PATH, data=body, content_type="application/json", headers=headers
    )


def test_the_answer_is_the_reply(asked: Any, worker: None) -> None:
    answer = send(asked)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.json == {"id": "WO-7", "urgency": "urgent", "quantity": "3"}
    assert answer.headers["X-Mapwright-Message"]


def test_the_same_request_again_gets_the_same_reply(asked: Any, worker: None) -> None:
    first, again = send(asked, **{"Idempotency-Key": "k"}), send(asked, **{"Idempotency-Key": "k"})
    assert first.json == again.json
    assert first.headers["X-Mapwright-Message"] == again.headers["X-Mapwright-Message"]


def test_a_flow_that_ends_without_a_reply_answers_why(asked: Any, worker: None) -> None:
    answer = send(asked, b'{"number": "", "priority": "1"}')
    assert (answer.status_code, answer.json["code"]) == (422, "no_reply")
    assert "rejected" in answer.json["detail"]


def test_the_server_works_on_it_where_no_worker_does(asked: Any) -> None:
    answer = send(asked)
    assert (answer.status_code, answer.json["id"]) == (200, "WO-7")


def test_a_sender_who_cannot_wait_longer_gets_the_receipt(asked: Any) -> None:
    asked.installation.settings = replace(asked.installation.settings, reply_deadline=0.05)
    with asked.installation.database.begin() as tx:
        put_flow_policy(tx, "dev", "orders", "orders", FlowPolicy(paused=True))
    answer = send(asked)
    assert (answer.status_code, answer.json["state"]) == (202, "received")


def test_a_lane_that_somebody_had_in_vain_is_left_to_the_workers(asked: Any) -> None:
    """They have limits of the kernel; the process that took a message in has none."""
    installation = asked.installation
    (accepted,) = accept(installation, "dev", "shop.orders", ORDER, media_type="application/json")
    with installation.database.begin() as tx:
        tx.execute(update(lanes_table).values(claims=1))
    assert await_reply(installation, accepted, 0.1) is None
    with installation.database.read() as tx:
        assert message(tx, accepted.message_id).state == "received"
    drain(installation, range(256))
    reply = await_reply(installation, accepted, 5)
    assert reply is not None and json.loads(reply.content)["id"] == "WO-7"
