"""The forms of flows and playbooks: each clause is edited where it stands, as the least change of the text."""

import pytest

from app.design import rulesets

PATH, BOOK = "flows/orders.mw", "flows/playbooks.mw"
PLAYBOOK = """\
playbook "quality-hold"
  runbook "docs/hold.md"
  on transport retry for 6 hours then hold alert operations "no way to the plant"
end
"""


def stored(installation, path=PATH):
    with installation.database.read() as connection:
        return rulesets.read_file(connection, "orders", path)


@pytest.fixture
def flow(ana, installation):
    """Changes the starter's flow through its form."""
    with installation.database.begin() as tx:
        rulesets.write_file(tx, "orders", BOOK, PLAYBOOK.encode(), "setup")

    def send(**form):
        return ana.post(
            "/rulesets/orders/flows/orders", {"file": PATH, "etag": stored(installation).etag, **form}
        )

    return send


@pytest.fixture
def playbook(flow, ana, installation):
    def send(**form):
        etag = stored(installation, BOOK).etag
        return ana.post("/rulesets/orders/playbooks/quality-hold", {"file": BOOK, "etag": etag, **form})

    return send


@pytest.mark.parametrize(("form", "old", "new"), [
    ({"do": "order_by", "text": "o.priority"}, "order by o.number", "order by o.priority"),
    ({"do": "identify_by", "text": ""}, "  identify by o.number\n", ""),
    ({"do": "receive", "part": "version", "text": "v2"}, 'shop.order "v1"\n  identify', 'shop.order "v2"\n  identify'),
    ({"do": "key", "name": "order", "text": "o.priority"}, "keys order = o.number", "keys order = o.priority"),
    ({"do": "add key", "name": "urgency", "formula": "o.priority"}, "keys order = o.number",
     "keys order = o.number, urgency = o.priority"),
    ({"do": "step", "number": "1", "text": "map with to_plant"}, "map with order_to_work", "map with to_plant"),
    ({"do": "move step", "number": "2", "before": "1"}, "  map with order_to_work\n  apply planning\n",
     "  apply planning\n  map with order_to_work\n"),
    ({"do": "remove step", "number": "2"}, "  apply planning\n", ""),
    ({"do": "playbook", "text": "quality-hold"}, "  apply planning\n", '  apply planning\n  on failure playbook "quality-hold"\n'),
])  # fmt: skip
def test_one_clause_is_one_change_of_the_text(flow, installation, form, old, new):
    before = stored(installation).content.decode()
    assert flow(**form).status_code == 200
    assert stored(installation).content.decode() == before.replace(old, new)


def test_a_step_that_is_none_is_refused(flow, installation):
    before = stored(installation).content
    assert flow(do="add step", text="walk the dog").status_code == 422
    assert stored(installation).content == before


def test_the_flow_offers_its_playbook(flow, ana):
    flow(do="playbook", text="quality-hold")
    assert "/rulesets/orders/playbooks/quality-hold" in ana.get("/rulesets/orders/flows/orders").text


@pytest.mark.parametrize(("form", "old", "new"), [
    ({"do": "runbook", "text": "docs/other.md"}, "docs/hold.md", "docs/other.md"),
    ({"do": "reaction", "number": "1", "text": "on transport hold"},
     'on transport retry for 6 hours then hold alert operations "no way to the plant"', "on transport hold"),
    ({"do": "add reaction", "text": "on mapping dead_letter"}, "plant\"\nend", "plant\"\n  on mapping dead_letter\nend"),
])  # fmt: skip
def test_one_reaction_is_one_change_of_the_text(playbook, installation, form, old, new):
    assert playbook(**form).status_code == 200
    assert stored(installation, BOOK).content.decode() == PLAYBOOK.replace(old, new)


def test_who_may_only_read_changes_nothing(flow, browse, installation):
    form = {"file": PATH, "etag": stored(installation).etag, "do": "remove step", "number": "1"}
    assert browse("olga").post("/rulesets/orders/flows/orders", form).status_code == 403
