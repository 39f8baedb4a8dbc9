"""Releases: cut, looked at, promoted by somebody else, put back."""

import re

import pytest

from app.design import rulesets

FILE = "maps/orders.mw"


def change(installation, author, text):
    with installation.database.begin() as tx:
        before = rulesets.read_file(tx, "orders", FILE).content.decode()
        after = re.sub(r'id +\= ("\w+-" & )?w\.id', f'id = "{text}-" & w.id', before, count=1)
        rulesets.write_file(tx, "orders", FILE, after.encode(), author)


@pytest.fixture
def cut(ana, installation):
    def make(text, note="a note"):
        change(installation, "ana", text)
        answer = ana.post("/rulesets/orders/release", {"note": note})
        assert answer.status_code == 302
        return answer.headers["Location"]

    return make


@pytest.fixture
def everywhere(cut, browse):
    """A release that is live in all three environments."""
    page = cut("A")
    browse("ana").post(f"{page}/promote", {"environment": "dev"})
    for stage in ("test", "prod"):
        assert browse("ivan").post(f"{page}/promote", {"environment": stage}).status_code == 302
    return page


def test_before_a_release_its_changes_are_shown(everywhere, ana, installation):
    change(installation, "ana", "B")
    page = ana.get("/rulesets/orders/release").text
    assert re.search(r'<span class="del">-.*A-', page)
    assert re.search(r'<span class="add">\+.*B-', page)


def test_a_release_is_refused_with_the_tests_that_failed(ana, installation):
    with installation.database.begin() as tx:
        before = rulesets.read_file(tx, "orders", "tests/orders.mw").content.decode()
        after = before.replace('"WO-1001"', '"WO-1002"')
        rulesets.write_file(tx, "orders", "tests/orders.mw", after.encode(), "ana")
    page = ana.post("/rulesets/orders/release", {"note": ""})
    assert page.status_code == 422
    assert "an urgent order is urgent work" in page.text


def test_a_release_is_refused_with_the_errors(ana, installation):
    with installation.database.begin() as tx:
        before = rulesets.read_file(tx, "orders", FILE).content
        rulesets.write_file(tx, "orders", FILE, before.replace(b"o.number", b"o.nummer"), "ana")
    page = ana.post("/rulesets/orders/release", {"note": ""})
    assert page.status_code == 422
    assert "nummer" in page.text


def test_a_release_page_shows_sentences_text_and_tests(everywhere, cut, browse):
    page = browse("ivan").get(cut("B", "for the auditors")).text
    assert "for the auditors" in page
    assert re.search(r'<span class="add">\+.*B-', page)
    assert "1 of 1 tests passed" in page
    assert "Promote r2 to dev" not in page, "a reviewer does not promote to dev"


def test_an_author_is_refused_and_told_why(cut, browse, installation):
    from app.storage import users

    page = cut("A")
    browse("ana").post(f"{page}/promote", {"environment": "dev"})
    with installation.database.begin() as tx:
        users.change_user(tx, "ana", roles=["analyst", "reviewer"])
    answer = browse("ana").post(f"{page}/promote", {"environment": "test"})
    assert answer.status_code == 403
    assert "somebody else has to promote it" in answer.text


def test_a_skipped_stage_is_refused_and_told_why(cut, browse):
    answer = browse("ivan").post(f"{cut('A')}/promote", {"environment": "test"})
    assert answer.status_code == 409
    assert "Promote it to dev first" in answer.text


def test_without_the_capability_promotion_is_refused(cut, browse):
    assert browse("olga").post(f"{cut('A')}/promote", {"environment": "dev"}).status_code == 403


def test_a_plan_that_is_stale_is_refused(everywhere, cut, browse):
    first, second = cut("B"), cut("C")
    assert browse("ana").post(f"{first}/promote", {"environment": "dev"}).status_code == 302
    live = everywhere.rpartition("/")[2]
    answer = browse("ana").post(f"{second}/promote", {"environment": "dev", "live": live})
    assert answer.status_code == 409
    assert "Somebody else moved" in answer.text


def test_the_list_shows_what_is_live_where(everywhere, browse):
    page = browse("ivan").get("/releases").text
    assert page.count('<span class="badge ok">live</span>') == 3


def test_a_rollback_takes_one_step_and_a_reason(everywhere, cut, browse):
    second = cut("B")
    browse("ana").post(f"{second}/promote", {"environment": "dev"})
    browse("ivan").post(f"{second}/promote", {"environment": "test"})
    ivan = browse("ivan")
    refused = ivan.post(
        "/environments/test/rollback", {"ruleset": "orders", "reason": " "}, follow_redirects=True
    )
    assert "Not rolled back" in refused.text
    page = ivan.post(
        "/environments/test/rollback", {"ruleset": "orders", "reason": "wrong id"}, follow_redirects=True
    ).text
    assert "test is back on r1" in page
    assert "wrong id" in page
