"""Where-used: who depends on a field, a lookup, a table, a function; and who does not."""

import pytest

from dsl.navigation import Index, hover
from dsl.usage import UnknownSubject, as_json, where_used
from tests.dsl.workshop import USES, checked

MODULE = """use schema erp.notice "v1"
use schema canon.case "v1"
use schema qms.note "v1"
lookup codes : text -> severity
  | "1" => minor |
end
table hold policy unique
  | row | severity: severity | code: text => scope: text | due: integer |
  | r1  | minor    | "A" => "all"  | 1 |
  otherwise => "none" | 5 |
end
function shown(a: text, b: text) : text = upper(a) & "-" & b
map m : nc in erp.notice -> canon.case
  on missing reject
  on error reject
  on no_match reject
  let s = nc.sender
  id       = shown(nc.number, nc.lot)
  severity = lookup codes(nc.priority)
  supplier.id = s.id
  if nc.open
    note = "open"
  end
  each d in nc.defects where d.count > 1 into defects
    code = d.code
  end
end
rules act : c in canon.case
  let t = table hold(c.severity, c.id)
  rule stop
    when t.scope = "all" and c.supplier is not missing
    then send qms.notes using to_note
    because "x"
  end
  rule tell
    when c.note is not missing
    then alert quality c.id
    because "y"
  end
end
map to_note : c in canon.case -> qms.note
  text = c.id & c.severity
end
flow f
  receive erp.notices as nc : erp.notice "v1"
  identify by nc.number
  keys lot = nc.lot
  map with m
  apply act
end
"""

PROGRAM = checked(MODULE)


def uses(asked):
    return [step.use.words for step in where_used(PROGRAM, asked).steps]


def test_the_module_is_in_order():
    assert [d.message for d in PROGRAM.diagnostics if d.severity == "error"] == []


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            "erp.notice.priority",
            [
                "map m: severity",
                "lookup codes: key key",
                "rules act: let t",
                "map to_note: text",
                "table hold: input severity",
                "rules act: stop fires",
                "rules act: stop sends qms.notes",
            ],
        ),
        ("erp.notice.sender.name", ["map m: let s"]),
        ("erp.notice.open", ["map m: note", "rules act: tell fires", "rules act: tell alerts quality"]),
        ("erp.notice.defects.count", ["map m: rows of defects"]),
        ("erp.notice.defects.code", ["map m: defects.code"]),
        ("erp.notice.unit", []),
        ("table hold.scope", ["rules act: stop fires", "rules act: stop sends qms.notes"]),
        ("table hold.due", []),
        ("canon.case.note", ["rules act: tell fires", "rules act: tell alerts quality"]),
    ],
)
def test_who_depends_on_it(asked, expected):
    found = [words for words in uses(asked) if not words.startswith("rules act: let")]
    assert sorted(found) == sorted(words for words in expected if not words.startswith("rules act: let"))


def test_keys_of_a_flow_are_uses():
    assert "flow f: identify by" in uses("erp.notice.number")
    assert "flow f: key lot" in uses("erp.notice.lot")


def test_a_function_passes_its_arguments_on_and_is_a_subject_itself():
    assert "map m: id" in uses("erp.notice.lot") and "map m: id" in uses("function shown")


def test_a_field_of_a_record_is_followed_through_a_let():
    assert "map m: supplier.id" in uses("erp.notice.sender.id")
    assert "map m: supplier.id" not in uses("erp.notice.sender.name")


def test_the_way_to_a_use_is_told():
    told = as_json(PROGRAM, where_used(PROGRAM, "erp.notice.priority"))
    sent = next(use for use in told["uses"] if use["words"] == "rules act: stop sends qms.notes")
    assert (
        sent["way"][0] == "map m: severity"
        and not sent["direct"]
        and sent["file"] == "m.mw"
        and sent["line"] > 30
    )


def test_what_is_not_there_is_named_with_what_was_meant():
    with pytest.raises(UnknownSubject, match="did you mean erp.notice.priority"):
        where_used(PROGRAM, "erp.notice.prioritty")


def test_a_field_without_its_schema_is_answered_with_the_schemas_that_have_it():
    with pytest.raises(UnknownSubject, match="did you mean .*erp.notice.priority"):
        where_used(PROGRAM, "priority")


def test_what_resembles_nothing_is_answered_with_how_to_ask():
    with pytest.raises(UnknownSubject, match="say a field as schema.field"):
        where_used(PROGRAM, "xxyyzz")


def test_hover_over_a_field_says_who_uses_it():
    shown = hover(PROGRAM, "m.mw", PROGRAM.sources["m.mw"].text.index("nc.open") + 4, Index(PROGRAM))
    assert shown["doc"] == "Used by map m: note, rules act: tell fires, rules act: tell alerts quality."


def test_a_record_that_holds_itself_ends():
    tree = b"""{"type": "object", "$defs": {"node": {"type": "object", "properties": {
      "id": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}}}},
      "properties": {"top": {"$ref": "#/$defs/node"}}}"""
    module = 'use schema t.tree "v1"\nuse schema canon.case "v1"\nmap m : t in t.tree -> canon.case\n  on missing reject\n'
    module += '  id = join(t.top.children.children.id, "+")\n  severity = minor\nend\n'
    program = checked(module, {"schemas/t.tree@v1.json": tree})
    assert [step.use.words for step in where_used(program, "t.tree.top.id").steps] == ["map m: id"]


def test_all_of_a_copy_is_used():
    program = checked(
        USES
        + "map m : nc in erp.notice -> canon.case\n  on missing reject\n  id = nc.number\n  severity = minor\n  copy nc.* except qty\nend\n"
    )
    assert [step.use.words for step in where_used(program, "erp.notice.weight").steps] == ["map m: weight"]


LASTING = (
    USES
    + """use schema qms.note "v1"
dataset notes : number: text -> qms.note "v1"
rules keep : c in canon.case
  rule note
    when c.note is not missing
    then remember notes key c.id = { text: c.note }
    then expect erp.notices where event.number = c.id within 1 hours else alert quality c.id
    then collect by c.severity for 15 minutes then send qms.notes using digest
  end
end
map digest : items in list of canon.case -> qms.note
  on missing reject
  on many reject
  text = first(i.id for i in items)
end
map both : nc in erp.notice, n in qms.note -> canon.case
  on missing reject
  id = nc.number
  severity = minor
  note = n.text
end
map ask : nc in erp.notice -> qms.note
  on missing reject
  text = nc.unit
end
flow f
  receive erp.notices as nc : erp.notice "v1"
  enrich x = recall notes(nc.lot) on missing use { text: coalesce(nc.priority, "?") }
  map with both(nc, x)
  apply keep
end
flow g
  receive erp.questions as nc : erp.notice "v1"
  call qms.notes using ask as r : qms.note "v1" on error use { text: "none" }
  map with both(nc, r)
  reply using answer
end
map answer : c in canon.case -> qms.note
  text = c.id
end
"""
)
ANSWERS = """
name = "workshop"
language = "1"
[endpoints."erp.notices"]
direction = "in"
codec = "json"
schema = "erp.notice@v1"
[endpoints."erp.questions"]
direction = "in"
codec = "json"
schema = "erp.notice@v1"
answer = "qms.note@v1"
[endpoints."qms.notes"]
direction = "out"
codec = "json"
schema = "qms.note@v1"
answer = "qms.note@v1"
"""
KEPT = checked(LASTING, {"ruleset.toml": ANSWERS.encode()})


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("canon.case.note", {"rules keep: note fires", "flow f: enrich x", "map both: note"}),
        ("erp.notice.lot", {"flow f: enrich x", "map both: note"}),
        ("erp.notice.priority", {"flow f: enrich x", "map both: note"}),
        ("erp.notice.unit", {"map ask: text", "flow g: call qms.notes", "map both: note"}),
        ("dataset notes", {"flow f: enrich x", "map both: note"}),
        ("canon.case.id", {"map digest: text", "map answer: text", "flow g: reply"}),
        (
            "canon.case.severity",
            {"rules keep: note: collect by c.severity for 15 minutes then send qms.notes using digest"},
        ),
    ],
)
def test_reference_state_calls_and_replies_are_followed(asked, expected):
    assert [d.message for d in KEPT.diagnostics if d.severity == "error"] == []
    assert expected <= {step.use.words for step in where_used(KEPT, asked).steps}
