"""Problems by cause, replays with their dry run, edit and retry: as an operator uses the pages."""

import json
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.design import promotions, releases
from app.runtime import intake
from app.runtime.driving import Driver
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
        settings = {"url": target.url, "allow_private": True}
        environments.put_binding(tx, "dev", "plant.work_order", "http", settings)
        record = releases.cut_release(tx, "orders", "setup")
        promotions.promote(tx, record.id, "dev", "setup")
    return installation


@pytest.fixture
def send(live):
    """Hand a message in and let it be processed and delivered; its id."""

    def hand_in(number, **more):
        body = json.dumps({"number": number, "priority": "1", **more}).encode()
        accepted = intake.accept(live, "dev", "shop.orders", body, media_type="application/json")[0]
        work(live)
        return accepted.message_id

    return hand_in


def work(installation):
    driver = Driver(installation, "tests")
    while driver.turn():
        pass
    drain(installation, EVERYWHERE)
    deliver(installation, EVERYWHERE)


@pytest.fixture
def olga(browse):
    return browse("olga")


def replay_of(olga, **form):
    answer = olga.post("/replays", {"flow": "orders", **form})
    return answer.headers["Location"]


def test_failures_of_one_cause_are_one_group_with_who_is_affected(send, olga):
    for _ in range(7):
        send("")
    page = olga.get("/problems").text
    assert page.count("<section") == 1
    assert "7</strong> failures" in page and "Who acts" in page
    address = re.search(r'href="(/problems/[0-9a-f]{40})"', page)[1]
    group = olga.get(address).text
    assert "Retry all" in group and "Discard all" in group
    assert group.count("/retry") == 7 + 1


def test_a_group_is_discarded_after_a_look(send, olga, live):
    for _ in range(3):
        send("")
    address = re.search(r'href="(/problems/[0-9a-f]{40})"', olga.get("/problems").text)[1]
    batch = olga.post(f"{address}/discard", {"reason": "test of the shop"}).headers["Location"]
    assert "3 are chosen. Nothing is done yet." in olga.get(batch).text
    olga.post(f"{batch}/run", {"reason": "test of the shop"})
    work(live)
    assert "Done: 3 of 3" in olga.get(batch).text
    assert "Nothing waits for anybody" in olga.get("/problems").text


def test_analysts_see_the_group_without_its_buttons(send, ana):
    send("")
    address = re.search(r'href="(/problems/[0-9a-f]{40})"', ana.get("/problems").text)[1]
    assert "Retry all" not in ana.get(address).text
    assert ana.post(f"{address}/discard", {"reason": "x"}).status_code == 403


def test_messages_lead_to_a_replay_of_what_is_filtered(send, olga):
    send("L7")
    page = olga.get("/messages?flow=orders&key=order:L7").text
    address = re.search(r'href="(/replays/new[^"]*)"', page)[1].replace("&amp;", "&")
    form = olga.get(address).text
    assert 'value="orders"' in form and 'value="order:L7"' in form


def test_a_dry_run_shows_what_would_differ_and_runs_on_a_button(send, olga, live, target):
    send("L7")
    send("L8")
    address = replay_of(olga)
    page = olga.get(address).text
    assert "2 of 2 the same, 0 differ. Nothing is sent yet." in page
    assert len(target.effects) == 2
    assert "Not done" in olga.post(f"{address}/run", {"reason": ""}, follow_redirects=True).text
    olga.post(f"{address}/run", {"reason": "the plant lost them"})
    assert "at most 50 a second" in olga.get(address).text
    work(live)
    assert "Done: 2 of 2" in olga.get(address).text
    assert len(target.effects) == 4
    assert "the plant lost them" in olga.get("/replays").text


def test_a_replay_that_runs_is_asked_for_again_by_itself_until_it_is_done(send, olga, live):
    send("L7")
    address = replay_of(olga)
    assert "hx-trigger" not in olga.get(address).text
    olga.post(f"{address}/run", {"reason": "x"})
    part = olga.get(address, headers={"HX-Request": "true", "HX-Request-Type": "partial"}).text
    assert "<html" not in part and 'hx-trigger="every 1s"' in part
    olga.post(f"{address}/pause")
    assert "Paused: 0 of 1 done" in olga.get(address).text
    olga.post(f"{address}/cancel")
    assert "Cancelled: 0 of 1" in olga.get(address).text


@pytest.mark.parametrize("form", [{"flow": "nothing"}, {"flow": ""}])
def test_a_replay_of_nothing_goes_back_to_its_form(send, olga, form):
    page = olga.post("/replays", form, follow_redirects=True).text
    assert "Not done" in page and "Which messages" in page


def test_the_times_of_a_replay_are_those_of_the_clocks_of_the_page(send, olga):
    send("")
    here = datetime.now(ZoneInfo("Asia/Tokyo"))
    form = {"zone": "Asia/Tokyo", "flow": "orders", "since": f"{here - timedelta(hours=1):%Y-%m-%dT%H:%M}"}
    assert "Which messages" not in olga.post("/replays", form, follow_redirects=True).text
    later = {**form, "since": f"{here + timedelta(hours=1):%Y-%m-%dT%H:%M}"}
    page = olga.post("/replays", later, follow_redirects=True).text
    assert "Not done" in page and f'value="{later["since"]}"' in page and "By the clocks of" in page


def test_an_edit_is_looked_at_and_then_runs_in_the_place_of_the_original(send, olga, live, target):
    id = send("")
    page = olga.get(f"/messages/{id}").text
    assert f"/messages/{id}/edit" in page
    assert "&#34;priority&#34;: &#34;1&#34;" in olga.get(f"/messages/{id}/edit").text
    repaired = json.dumps({"number": "L9", "priority": "1"})
    seen = olga.post(f"/messages/{id}/edit", {"content": repaired, "do": "look"}).text
    assert "It would be done" in seen and "/number" in seen and target.effects == []
    refused = olga.post(f"/messages/{id}/edit", {"content": repaired, "do": "save"}).text
    assert "Not done" in refused and "L9" in refused
    answer = olga.post(f"/messages/{id}/edit", {"content": repaired, "do": "save", "reason": "no number"})
    work(live)
    assert "1 of 1 delivery arrived" in olga.get(answer.headers["Location"]).text
    assert f"/messages/{id}" in olga.get(answer.headers["Location"]).text
    assert answer.headers["Location"] in olga.get(f"/messages/{id}").text


def test_a_dead_payload_is_edited_and_sent(send, olga, live, target):
    target.script = lambda number: Answer(422)
    send("L9")
    target.script = lambda number: Answer(200)
    address = re.search(r'href="(/deliveries/[^/"]+/edit)"', olga.get("/problems").text)[1]
    payload = json.dumps({**target.arrivals[0].body, "urgency": "low"})
    assert "/urgency" in olga.post(address, {"content": payload, "do": "look"}).text
    olga.post(address, {"content": payload, "do": "save", "reason": "the plant wants low"})
    work(live)
    assert [arrival.body["urgency"] for arrival in target.effects] == ["low"]


def test_what_is_done_is_not_edited_and_analysts_edit_nothing(send, olga, ana):
    id = send("L7")
    assert "This message is not edited" in olga.get(f"/messages/{id}/edit").text
    assert ana.get(f"/messages/{id}/edit").status_code == 403


def test_hostile_content_is_escaped_on_every_page(send, olga):
    hostile = '"><img src=x onerror=alert(1)>'
    id = send("", note=hostile)
    send(hostile)
    edited = json.dumps({"number": hostile, "priority": "1"})
    pages = [
        olga.get("/problems").text,
        olga.get(f"/messages/{id}/edit").text,
        olga.post(f"/messages/{id}/edit", {"content": edited, "do": "look"}).text,
        olga.get(replay_of(olga)).text,
    ]
    assert all("<img src=x" not in page for page in pages)
