"""Names in the text editor: declarations, uses, and a rename that saves every file or none."""

import pytest

from app.design import rulesets

FILE, RULES = "maps/orders.mw", "rules/planning.mw"


@pytest.fixture
def ask(ana, installation):
    """Ask about the caret in a piece of a file."""

    def send(what, path, marked, **more):
        with installation.database.read() as connection:
            stored = rulesets.read_file(connection, "orders", path)
        before, after = marked.split("^")
        text = stored.content.decode()
        place = {"path": path, "text": text, "offset": text.index(before + after) + len(before)}
        return ana.send("POST", f"/rulesets/orders/names/{what}", {**place, "etag": stored.etag, **more})

    return send


@pytest.fixture
def stored(installation):
    def read(path):
        with installation.database.read() as connection:
            return rulesets.read_file(connection, "orders", path).content.decode()

    return read


def test_a_name_leads_to_its_declaration_in_another_file(ask, stored):
    place = ask("definition", RULES, "using to_^plant").json["places"][0]
    assert place["file"] == FILE
    assert (
        stored(FILE).splitlines()[place["line"] - 1]
        == place["text"]
        == "map to_plant : w in plant.work_order -> plant.work_order"
    )


def test_uses_come_with_their_lines(ask):
    found = ask("references", FILE, "map to_^plant :").json
    assert [(p["file"], p["text"]) for p in found["places"]] == [
        (FILE, "map to_plant : w in plant.work_order -> plant.work_order"),
        (RULES, "then send plant.work_order using to_plant"),
    ]
    assert found["refused"] == ""
    assert "named by its file" in ask("references", FILE, "in shop.or^der ->").json["refused"]


def test_a_rename_saves_every_file(ask, stored):
    answer = ask("rename", FILE, "map to_^plant :", to="for_plant")
    assert answer.status_code == 200 and "2 places in 2 files" in answer.json["message"]
    assert answer.json["text"] == stored(FILE) and "map for_plant :" in stored(FILE)
    assert "using for_plant" in stored(RULES)


@pytest.mark.parametrize(
    ("to", "says"),
    [("order_to_work", "declared"), ("end", "word of the language"), ("To Plant", "is no name")],
)
def test_a_name_that_does_not_go_is_refused_and_nothing_is_saved(ask, stored, to, says):
    before = stored(FILE), stored(RULES)
    answer = ask("rename", FILE, "map to_^plant :", to=to)
    assert answer.status_code == 422 and says in answer.json["message"]
    assert (stored(FILE), stored(RULES)) == before


def test_a_rename_over_a_colleagues_change_saves_nothing(ask, stored):
    before = stored(RULES)
    answer = ask("rename", FILE, "map to_^plant :", to="for_plant", etag="of yesterday")
    assert answer.status_code == 412 and answer.json["text"] == stored(FILE)
    assert stored(RULES) == before and "map to_plant" in stored(FILE)


def test_hover_says_the_type(ask):
    assert ask("hover", FILE, "o.quan^tity ").json["shown"]["detail"].startswith("decimal")


def test_who_may_only_read_may_not_rename(browse, ask):
    place = {"path": FILE, "text": "", "offset": 0, "to": "x", "etag": ""}
    assert browse("olga").send("POST", "/rulesets/orders/names/rename", place).status_code == 403
