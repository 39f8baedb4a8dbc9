"""Lasting actions as forms: their parts, and edits that leave the rest of the text alone."""

from dsl.edits import apply_edits, set_action
from dsl.forms import map_form, rules_form
from dsl.parser import Parsed, parse
from dsl.source import Source

TEXT = """rules r : nc in canon.nc
  rule a
    then expect erp.done where event.lot = nc.lot within 2 business_days calendar "de"   # two days
         # tell quality
         else alert quality "late"   # who
    then collect by (nc.a, nc.b) for 15 minutes at most 200 then send erp.hold using digest to nc.p
    then each i in nc.items remember items key (i.plant, i.id) = { item: i.id }
    then forget items key nc.id
  end
end
"""


def read(text: str = TEXT) -> Parsed:
    return parse(Source("m.mw", text))


def actions() -> list[dict[str, object]]:
    found: list[dict[str, object]] = rules_form(read(), "r")["rules"][0]["actions"]
    return found


def test_an_expectation_shows_its_parts_on_one_line() -> None:
    form = actions()[0]
    assert form["text"] == (
        'expect erp.done where event.lot = nc.lot within 2 business_days calendar "de" else alert quality "late"'
    )
    assert (form["kind"], form["event"], form["where"]) == ("expect", "erp.done", "event.lot = nc.lot")
    assert (form["within"], form["calendar"]) == ("2 business_days", "de")
    assert isinstance(form["otherwise"], dict) and form["otherwise"]["message"] == '"late"'


def test_a_collection_shows_its_group_window_and_what_is_made() -> None:
    form = actions()[1]
    assert (form["by"], form["window"], form["at_most"]) == (["nc.a", "nc.b"], "15 minutes", 200)
    assert isinstance(form["action"], dict) and form["action"]["to"] == "nc.p"


def test_reference_state_shows_dataset_keys_and_record() -> None:
    remember, forget = actions()[2:]
    assert (remember["dataset"], remember["keys"], remember["record"]) == (
        "items",
        ["i.plant", "i.id"],
        "{ item: i.id }",
    )
    assert remember["each"] == {"variable": "i", "source": "nc.items"}
    assert (forget["dataset"], forget["keys"]) == ("items", ["nc.id"])


def test_another_deadline_leaves_the_comments_and_the_else_where_they_are() -> None:
    text = str(actions()[0]["text"]).replace("2 business_days", "3 hours").replace(' calendar "de"', "")
    made = apply_edits(TEXT, set_action(read(), "r", "a", 1, text))
    assert made == TEXT.replace('2 business_days calendar "de"', "3 hours")


def test_another_else_leaves_the_first_line_alone() -> None:
    text = str(actions()[0]["text"]).replace('"late"', '"too late"')
    assert apply_edits(TEXT, set_action(read(), "r", "a", 1, text)) == TEXT.replace('"late"', '"too late"')


def test_an_expectation_may_become_another_action() -> None:
    made = apply_edits(TEXT, set_action(read(), "r", "a", 1, 'ignore "no"'))
    assert 'then ignore "no"   # who' in made


def test_a_map_says_that_it_takes_a_list() -> None:
    form = map_form(read("map m : items in list of canon.x -> canon.y\n  a = 1\nend\n"), "m")
    assert form["parameters"] == [{"name": "items", "schema": "canon.x", "many": True}]
