"""Messages and problems: found, explained, tried again, given up."""

import json
import re

import pytest

from app.design import promotions, releases
from app.runtime import intake
from app.runtime.processing import drain
from app.storage import environments
from tests.delivering import deliver
from tests.journey import Answer, Target

EVERYWHERE = range(256)


@pytest.fixture
def target():
    server = Target()
    yield server
    server.close()


@pytest.fixture
def live(installation, target):
    """The starter rule set live in dev, its orders sent to a real target."""
    with installation.database.begin() as tx:
        environments.put_binding(
            tx, "dev", "plant.work_order", "http", {"url": target.url, "allow_private": True}
        )
        record = releases.cut_release(tx, "orders", "setup")
        promotions.promote(tx, record.id, "dev", "setup")
    return installation


@pytest.fixture
def send(live):
    """Hand a message in and let it be processed and delivered."""

    def hand_in(number, priority="1", **more):
        body = json.dumps({"number": number, "priority": priority, **more}).encode()
        accepted = intake.accept(live, "dev", "shop.orders", body, media_type="application/json")[0]
        work(live)
        return f"/messages/{accepted.message_id}"

    return hand_in


def work(installation):
    drain(installation, EVERYWHERE)
    deliver(installation, EVERYWHERE)


@pytest.fixture
def olga(browse):
    return browse("olga")


def test_a_message_tells_in_one_sentence_what_happened(send, olga):
    page = olga.get(send("L7")).text
    assert "Processed; 1 of 1 delivery arrived." in page
    assert "order L7" in page


def test_every_value_says_why(send, olga):
    page = olga.get(send("L7")).text
    told = [json.loads(why) for why in re.findall(r"data-why='([^']+)'", page.replace("&#34;", '"'))]
    of_urgency = next(why for why in told if why["path"] == "urgency")
    assert of_urgency["sources"] == ["o.priority"]
    assert any("urgencies" in decision for decision in of_urgency["decisions"])
    assert of_urgency["place"]["file"] == "maps/orders.mw"
    assert of_urgency["release"].startswith("r1")


def test_raw_document_and_what_was_sent_are_shown(send, olga):
    page = olga.get(send("L7")).text
    assert "{&#34;number&#34;: &#34;L7&#34;" in page
    assert "plant.work_order" in page
    assert page.count("WO-L7") >= 2


def test_messages_are_found_by_state_key_flow_and_text(send, olga):
    send("L7")
    send("L8")
    for question in ("key=order:L7", "key=L7", "q=L7"):
        page = olga.get(f"/messages?{question}").text
        assert "order L7" in page
        assert "order L8" not in page
    assert "order L7" in olga.get("/messages?state=done&flow=orders").text
    assert "order L7" not in olga.get("/messages?state=dead").text
    assert "order L7" in olga.get("/search?q=L7").text


def test_filtering_answers_only_the_list(send, olga):
    send("L7")
    part = olga.get("/messages?key=L7", headers={"HX-Request": "true", "HX-Request-Type": "partial"}).text
    assert "<html" not in part
    assert 'id="messages"' in part


def test_a_rejected_message_says_which_field_failed(send, olga, ana):
    page = olga.get(send("")).text
    assert "Rejected" in page
    assert '<span class="badge error">missing</span>' in page


def test_a_refused_delivery_is_a_problem_until_it_is_retried(send, olga, target, live):
    target.script = lambda number: Answer(422)
    address = send("L9")
    page = olga.get("/problems").text
    assert "plant.work_order" in page
    assert "422" in page
    delivery = re.search(r'action="/deliveries/([^/"]+)/retry"', page)[1]
    assert "Nobody tries again by itself" in olga.get(address).text
    target.script = lambda number: Answer(200)
    assert "Not done" in olga.post("/deliveries/nope/retry", {"reason": "x"}, follow_redirects=True).text
    olga.post(f"/deliveries/{delivery}/retry", {"reason": "target repaired", "next": "/problems"})
    work(live)
    assert "1 of 1 delivery arrived" in olga.get(address).text
    assert "Nothing waits for anybody" in olga.get("/problems").text


def test_another_body_under_the_same_id_is_quarantined_and_can_be_discarded(send, olga):
    send("L1", "1")
    address = send("L1", "2")
    page = olga.get(address).text
    assert "Quarantined" in page
    assert "Discard" in page
    gone = olga.post(f"{address}/discard", {"reason": "test of the shop"}, follow_redirects=True).text
    assert "It is discarded" in gone
    assert "test of the shop" in gone


def test_without_a_reason_nothing_is_done(send, olga):
    send("L1", "1")
    address = send("L1", "2")
    assert "Not done" in olga.post(f"{address}/discard", {"reason": ""}, follow_redirects=True).text


def test_a_replay_is_a_new_message_linked_to_the_old_one(send, olga, live):
    address = send("L7")
    answer = olga.post(f"{address}/replay", {"reason": "once more", "release": "current"})
    child = answer.headers["Location"]
    assert child != address
    assert address in olga.get(child).text


def test_analysts_see_no_buttons_of_operators(send, ana):
    page = ana.get(send("L7")).text
    assert "/replay" not in page


def test_hostile_content_of_a_message_is_escaped(send, olga):
    hostile = '"><img src=x onerror=alert(1)>'
    page = olga.get(send(hostile)).text + olga.get("/messages").text
    assert "<img src=x" not in page


def test_home_counts_the_messages_of_the_day(send, ana):
    send("L7")
    page = ana.get("/").text
    assert re.search(r'<span class="figure">1</span><span class="badge ok">done', page)
    assert "order L7" in page
