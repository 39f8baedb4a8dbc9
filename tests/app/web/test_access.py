"""Log in and out, and who is let in where."""

import pytest


def test_a_page_leads_somebody_unknown_to_the_login_and_back(browse):
    answer = browse("").get("/messages?state=dead")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/login?next=/messages?state%3Ddead"


def test_parts_of_a_page_send_the_browser_to_the_login(browse):
    answer = browse("").get("/messages", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/login")


def test_login_starts_a_session_and_logout_ends_it(browse):
    browser = browse("")
    page = browser.get("/login").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    form = {
        "login": "ana",
        "password": "correct horse battery staple",
        "next": "/rulesets",
        "csrf_token": token,
    }
    assert browser.client.post("/login", data=form).headers["Location"] == "/rulesets"
    assert browser.get("/").status_code == 200
    browser.post("/logout")
    assert browser.get("/").status_code == 302


def test_a_wrong_password_says_nothing_of_which_half_was_wrong(browse):
    browser = browse("")
    token = browser.get("/login").text.split('name="csrf_token" value="')[1].split('"')[0]
    answers = [
        browser.client.post("/login", data={"login": login, "password": "wrong", "csrf_token": token})
        for login in ("ana", "nobody")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert (
        answers[0].text.replace("ana", "") == answers[1].text.replace("nobody", "")
        or "Unknown login or wrong password" in answers[0].text
    )


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "/\t/evil.example"]
)
def test_login_never_leads_to_another_site(browse, target):
    assert (
        "evil.example" not in browse("ana").get("/login", query_string={"next": target}).headers["Location"]
    )


def test_a_form_without_the_token_is_refused(browse):
    assert browse("ana").client.post("/theme", data={"theme": "dark"}).status_code == 400


@pytest.mark.parametrize(
    ("login", "path", "form"),
    [
        ("ivan", "/rulesets/orders/maps/order_to_work", {"do": "set"}),
        ("olga", "/rulesets/orders/lookups/urgencies", {"do": "add"}),
        ("olga", "/rulesets/orders/release", {}),
        ("ana", "/environments/dev/rollback", {"ruleset": "orders", "reason": "x"}),
        ("ana", "/messages/x/retry", {"reason": "x"}),
        ("ivan", "/people", {"login": "eve"}),
    ],
)
def test_a_deed_without_its_capability_is_refused(browse, login, path, form):
    assert browse(login).post(path, form).status_code == 403


def test_saving_a_file_needs_edit(browse):
    answer = browse("olga").send("PUT", "/rulesets/orders/files/maps/orders.mw", {"text": "", "etag": "x"})
    assert answer.status_code == 403
