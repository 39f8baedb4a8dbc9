"""The form of rules: conditions, actions and reasons edited on their cards; undo takes the last change back."""

import pytest

from app.design import rulesets

PATH = "rules/shop.mw"
FILE = """\
use schema plant.work_order "v1"

rules shop : w in plant.work_order
  # urgent ones first
  rule urgent
    when w.priority = "high"
    then alert planning "urgent"
    because "The night shift has to know"
  end
  rule rest
    then set seen = "yes"
  end
end
"""


def stored(installation):
    with installation.database.read() as connection:
        return rulesets.read_file(connection, "orders", PATH)


@pytest.fixture
def shop(ana, installation):
    """Changes the rules through their form; gives the answer."""
    with installation.database.begin() as tx:
        rulesets.write_file(tx, "orders", PATH, FILE.encode(), "setup")

    def send(**form):
        etag = form.pop("etag", None) or stored(installation).etag
        return ana.post("/rulesets/orders/rules/shop", {"file": PATH, "etag": etag, **form})

    return send


def test_a_card_shows_condition_actions_and_reason(shop, ana):
    page = ana.get("/rulesets/orders/rules/shop").text
    for text in (
        "w.priority = &#34;high&#34;",
        "alert planning &#34;urgent&#34;",
        "The night shift has to know",
    ):
        assert text in page


@pytest.mark.parametrize(("form", "old", "new"), [
    ({"do": "when", "rule": "urgent", "text": 'w.priority = "top"'}, '"high"', '"top"'),
    ({"do": "because", "rule": "urgent", "text": "Because"}, "The night shift has to know", "Because"),
    ({"do": "action", "rule": "rest", "number": "1", "text": 'set seen = "no"'}, '"yes"', '"no"'),
    ({"do": "rename", "rule": "rest", "text": "others"}, "rule rest", "rule others"),
    ({"do": "first", "text": "first"}, "plant.work_order\n  #", "plant.work_order first\n  #"),
    ({"do": "let", "name": "", "text": "a = 1"}, "  # urgent", "  let a = 1\n  # urgent"),
    ({"do": "add action", "rule": "rest", "text": 'alert planning "x"'}, '"yes"\n', '"yes"\n    then alert planning "x"\n'),
])  # fmt: skip
def test_one_change_is_one_change_of_the_text(shop, installation, form, old, new):
    assert shop(**form).status_code == 200
    assert stored(installation).content.decode() == FILE.replace(old, new)


def test_a_rule_is_added_with_its_action(shop, installation):
    assert shop(do="add", name="late", when='w.priority = "low"', action='ignore "later"').status_code == 200
    assert 'rule late\n    when w.priority = "low"\n    then ignore "later"\n  end\nend\n' in (
        stored(installation).content.decode()
    )


def test_an_action_that_is_none_is_refused_and_says_why(shop, installation):
    answer = shop(do="add action", rule="rest", text="sned x")
    assert answer.status_code == 422
    assert "sned" in answer.text
    assert stored(installation).content.decode() == FILE


def test_a_change_over_somebody_elses_is_refused(shop, installation):
    assert shop(do="remove", rule="rest", etag="old").status_code == 412
    assert stored(installation).content.decode() == FILE


def test_undo_takes_the_last_change_back_and_comes_back_to_the_page(shop, ana, installation):
    shop(do="remove", rule="rest")
    form = {"do": "undo", "etag": stored(installation).etag, "back": "/rulesets/orders/rules/shop"}
    answer = ana.post(f"/rulesets/orders/history/{PATH}", form)
    assert (answer.status_code, answer.location) == (303, "/rulesets/orders/rules/shop")
    assert stored(installation).content.decode() == FILE


def test_undo_never_leads_to_another_site(shop, ana, installation):
    shop(do="remove", rule="rest")
    form = {"do": "undo", "etag": stored(installation).etag, "back": "//evil.example/"}
    assert ana.post(f"/rulesets/orders/history/{PATH}", form).location == f"/rulesets/orders/history/{PATH}"


def test_the_history_shows_what_a_change_changed(shop, ana):
    shop(do="rename", rule="rest", text="others")
    page = ana.get(f"/rulesets/orders/history/{PATH}").text
    assert '<span class="del">-  rule rest</span>' in page
    assert '<span class="add">+  rule others</span>' in page


def test_an_earlier_text_is_put_back_from_the_history(shop, ana, installation):
    shop(do="rename", rule="rest", text="others")
    page = ana.get(f"/rulesets/orders/history/{PATH}").text
    first = page.rsplit(f"/history/{PATH}?change=", 1)[1].split('"')[0]
    form = {"do": "restore", "etag": stored(installation).etag, "change": first}
    assert ana.post(f"/rulesets/orders/history/{PATH}", form).status_code == 303
    assert stored(installation).content.decode() == FILE


@pytest.mark.parametrize(
    "form", [{"do": "explode"}, {"do": "restore", "change": "x"}, {"do": "restore", "change": "9" * 30}]
)
def test_a_step_that_is_none_is_refused(shop, ana, form):
    assert ana.post(f"/rulesets/orders/history/{PATH}", form).status_code == 400


def test_who_may_only_read_gets_no_fields_to_change(shop, browse):
    page = browse("olga").get("/rulesets/orders/rules/shop").text
    assert "New rule" not in page
    assert page.count("readonly") == page.count("<textarea")
