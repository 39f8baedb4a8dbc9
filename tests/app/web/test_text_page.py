"""The text editor: check, preview and save as the scripts ask for them."""

import pytest

from app.design import rulesets

FILE = "maps/orders.mw"
URL = f"/rulesets/orders/files/{FILE}"


@pytest.fixture
def text(installation):
    with installation.database.read() as connection:
        return rulesets.read_file(connection, "orders", FILE).content.decode()


@pytest.fixture
def etag(installation, text):
    with installation.database.read() as connection:
        return rulesets.read_file(connection, "orders", FILE).etag


def test_findings_of_a_text_that_is_not_saved(ana, text, etag):
    wrong = text.replace("o.number", "o.nummer", 1)
    found = ana.send("POST", "/rulesets/orders/check", {"path": FILE, "text": wrong}).json["diagnostics"]
    line = next(number for number, row in enumerate(wrong.splitlines(), 1) if "o.nummer" in row)
    assert {(f["file"], f["line"], f["severity"]) for f in found} == {(FILE, line, "error")}


def test_five_mistakes_give_findings_on_their_five_lines(ana, text):
    wrong = (
        text.replace('id       = "WO-" & o.number', 'id = "WO-" & o.nummer', 1)
        .replace("lookup urgencies(o.priority)", "lookup urgences(o.priority)", 1)
        .replace("quantity = o.quantity                    on missing skip", "quantity = ) o.quantity", 1)
        .replace("  id       = w.id", "  id = upperr(w.id)", 1)
        .replace("  urgency  = w.urgency", '  urgency = "asap"', 1)
    )
    found = ana.send("POST", "/rulesets/orders/check", {"path": FILE, "text": wrong}).json["diagnostics"]
    marks = ("o.nummer", "urgences", "= ) o", "upperr", '"asap"')
    lines = {next(n for n, row in enumerate(wrong.splitlines(), 1) if mark in row) for mark in marks}
    assert lines <= {f["line"] for f in found if f["severity"] == "error"}


def test_a_preview_uses_the_text_that_is_not_saved(ana, text):
    changed = text.replace('"WO-"', '"NEW-"')
    form = {"path": FILE, "text": changed, "subject": "map/order_to_work", "sample": "order.json"}
    page = ana.post("/rulesets/orders/preview", form).text
    assert "NEW-1001" in page
    assert "o.number" in page


def test_a_preview_of_a_flow_shows_what_is_sent_and_which_rules_fired(ana):
    form = {"path": "", "text": "", "subject": "flow/orders", "sample": "order.json"}
    page = ana.post("/rulesets/orders/preview", form).text
    assert "Send to plant.work_order" in page
    assert "fired" in page


def test_a_preview_says_why_there_is_nothing(ana, text):
    form = {
        "path": FILE,
        "text": text.replace("o.number", "o.x"),
        "subject": "flow/orders",
        "sample": "order.json",
    }
    assert "no errors" in ana.post("/rulesets/orders/preview", form).text


def test_saving_writes_and_answers_the_new_etag(ana, text, etag, installation):
    answer = ana.send("PUT", URL, {"text": text + "# more\n", "etag": etag})
    assert answer.status_code == 200
    with installation.database.read() as connection:
        stored = rulesets.read_file(connection, "orders", FILE)
    assert stored.content.decode() == text + "# more\n"
    assert stored.etag == answer.json["etag"]
    assert stored.updated_by == "ana"


def test_a_conflict_hands_out_what_is_saved_now(ana, text, etag, installation):
    with installation.database.begin() as tx:
        rulesets.write_file(tx, "orders", FILE, b"# theirs\n", "boris")
    answer = ana.send("PUT", URL, {"text": text, "etag": etag})
    assert answer.status_code == 412
    assert answer.json["text"] == "# theirs\n"
    assert "boris" in answer.json["message"]


def test_a_text_is_formatted(ana, text):
    messy = text.replace('  id       = "WO-"', '     id   =   "WO-"')
    formatted = ana.send("POST", "/rulesets/orders/format", {"path": FILE, "text": messy}).json["text"]
    assert "     id   =" not in formatted


def test_a_new_file_is_opened(ana):
    answer = ana.post("/rulesets/orders/files/", {"path": "maps/new.mw"})
    assert answer.headers["Location"].endswith("/files/maps/new.mw")
    assert ana.get(answer.headers["Location"]).status_code == 200


@pytest.mark.parametrize("path", ["../x.mw", "/etc/passwd", ".hidden", "maps/orders.mw"])
def test_a_path_that_is_none_or_taken_is_refused(ana, path):
    assert ana.post("/rulesets/orders/files/", {"path": path}).status_code in (412, 422)


def test_a_request_without_its_parts_is_refused(ana):
    assert ana.send("POST", "/rulesets/orders/check", ["no"]).status_code == 400
    assert ana.send("PUT", URL, {"text": "x"}).status_code == 400
