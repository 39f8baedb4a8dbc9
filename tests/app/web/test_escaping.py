"""What others wrote is text on every page, never markup."""

import json

import pytest

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"
TRACE = "<img src=x"


@pytest.fixture
def hostile(ana):
    """A comment, a formula, a sample and a file name that try to be markup."""
    put = ana.send
    path = "/rulesets/orders/files/maps/orders.mw"
    text, etag = _open(ana, path)
    text = text.replace('id       = "WO-" & o.number', f"id = {json.dumps(HOSTILE)} & o.number  # {HOSTILE}")
    assert put("PUT", path, {"text": text, "etag": etag}).status_code == 200
    ana.post("/rulesets/orders/files/", {"path": "samples/it's & evil.json"})
    path = "/rulesets/orders/files/samples/order.json"
    _, etag = _open(ana, path)
    sample = json.dumps({"number": HOSTILE, "priority": HOSTILE, "quantity": "1"})
    assert put("PUT", path, {"text": sample, "etag": etag}).status_code == 200
    return ana


def _open(browser, path):
    page = browser.get(path).text
    etag = page.split('data-etag="')[1].split('"')[0]
    stored = browser.client.application.extensions["mapwright"]
    from app.design import rulesets

    with stored.database.read() as connection:
        file = rulesets.read_file(connection, "orders", path.split("/files/")[1])
    assert file.etag == etag
    return file.content.decode(), etag


@pytest.mark.parametrize(
    "path",
    [
        "/rulesets/orders",
        "/rulesets/orders/files/maps/orders.mw",
        "/rulesets/orders/files/samples/order.json",
        "/rulesets/orders/maps/order_to_work",
        "/rulesets/orders/tests",
        "/rulesets/orders/release",
        "/rulesets/orders/rules/planning",
    ],
)
def test_hostile_text_of_a_rule_set_is_escaped(hostile, path):
    page = hostile.get(path)
    assert page.status_code == 200
    assert TRACE not in page.text
    assert "<script>alert" not in page.text


def test_hostile_values_of_a_preview_are_escaped(hostile):
    form = {"path": "", "text": "", "subject": "flow/orders", "sample": "order.json"}
    page = hostile.post("/rulesets/orders/preview", form)
    assert page.status_code == 200
    assert TRACE not in page.text
    assert "alert(" in page.text


@pytest.mark.parametrize("path", ["/search", "/messages"])
def test_hostile_questions_are_escaped(ana, path):
    page = ana.get(path, query_string={"q": HOSTILE, "key": HOSTILE, "flow": HOSTILE})
    assert TRACE not in page.text


def test_a_hostile_path_is_escaped(ana):
    page = ana.get(f"/rulesets/orders/files/maps/{HOSTILE}")
    assert page.status_code == 404
    assert TRACE not in page.text
