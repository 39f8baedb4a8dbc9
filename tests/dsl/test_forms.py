"""Forms: what the text says, as rows with an identity, the text of each expression, lines and comments."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dsl.edits import set_cell, set_field, set_lookup_row
from dsl.errors import FormError
from dsl.forms import flow_form, lookup_form, map_form, outline, rules_form, table_form
from dsl.parser import Parsed, parse
from dsl.source import Source

Read = Callable[[str], Parsed]

MODULE = """\
# What a defect becomes.
map a : nc in sap.x -> canon.y
  on missing reject
  # the key
  id = "SAP-" & nc.A  # unique
  if nc.b = 1
    kind = x
  else
    kind = y on missing use z warn
  end
  each d in nc.D where d.X is blank order by d.N into defects
    line = d.N
    each e in d.E into parts
      no = e.N
    end
  end
  broken =
  check nc.q >= 0 else reject "negative"
end
"""


def rows(read: Read) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in map_form(read(MODULE), "a")["rows"]}


def test_outline_names_the_declarations(read: Read) -> None:
    text = (
        MODULE
        + 'lookup l : text -> text\nend\nflow f\n  receive a.b as n : s.x\nend\ntest "t"\n map a\nend\nnonsense\n'
    )
    assert outline(read(text)) == [
        {"kind": "map", "name": "a", "line": 2},
        {"kind": "lookup", "name": "l", "line": 20},
        {"kind": "flow", "name": "f", "line": 22},
        {"kind": "test", "name": "t", "line": 25},
        {"kind": "raw", "name": "", "line": 28},
    ]


def test_map_form_has_a_row_for_every_statement(read: Read) -> None:
    assert list(rows(read)) == [
        "id",
        "if:1",
        "kind@if:1",
        "if:1.else",
        "kind@if:1.else",
        "each:defects",
        "defects[].line",
        "each:defects[].parts",
        "defects[].parts[].no",
        "raw:1",
        "check:1",
    ]


def test_rows_nest_by_parent_and_depth(read: Read) -> None:
    row = rows(read)["defects[].parts[].no"]
    assert (row["parent"], row["depth"], row["path"]) == ("each:defects[].parts", 2, "defects[].parts[].no")


def test_row_has_text_line_and_comments(read: Read) -> None:
    row = rows(read)["id"]
    assert (row["expression"], row["line"], row["comment"], row["above"]) == (
        '"SAP-" & nc.A',
        5,
        "unique",
        ["the key"],
    )


def test_row_has_its_handlers(read: Read) -> None:
    assert rows(read)["kind@if:1.else"]["handlers"] == [
        {"on": "missing", "action": "use", "value": "z", "warn": True}
    ]


def test_each_shows_its_parts(read: Read) -> None:
    row = rows(read)["each:defects"]
    assert row["expression"] == "d in nc.D where d.X is blank order by d.N"
    assert (row["variable"], row["source"], row["where"], row["order_by"]) == (
        "d",
        "nc.D",
        "d.X is blank",
        ["d.N"],
    )


def test_branches_say_which_they_are(read: Read) -> None:
    found = rows(read)
    assert (found["if:1"]["branch"], found["if:1"]["expression"], found["if:1"]["line"]) == (
        "if",
        "nc.b = 1",
        6,
    )
    assert (found["if:1.else"]["branch"], found["if:1.else"]["line"]) == ("else", 8)


def test_line_that_does_not_parse_is_a_raw_row(read: Read) -> None:
    row = rows(read)["raw:1"]
    assert (row["kind"], row["text"], row["line"]) == ("raw", "broken =", 17)


def test_form_of_what_is_not_there_is_an_error(read: Read) -> None:
    with pytest.raises(FormError) as error:
        map_form(read(MODULE), "b")
    assert error.value.code == "not_in_module"


def test_table_form(read: Read) -> None:
    form = table_form(
        read(
            "table t policy first\n  | row | a: text? => b: percent |\n"
            '  | r1 | "x*", y => 5% |  # why\n  | r2 | =\n  otherwise => 1% |\nend\n'
        ),
        "t",
    )
    assert form["inputs"] == [{"name": "a", "type": "text?"}]
    assert form["rows"][0] | {"above": []} == {
        "id": "r1",
        "kind": "row",
        "cells": ['"x*", y'],
        "outputs": ["5%"],
        "line": 3,
        "comment": "why",
        "above": [],
    }
    assert (form["rows"][1]["id"], form["rows"][1]["text"]) == ("raw:2", "| r2 | =")
    assert form["otherwise"] == ["1%"]


def test_lookup_form(read: Read) -> None:
    form = lookup_form(read('lookup l : text, n: integer -> text\n  | "a" | 1 => "b" |\nend\n'), "l")
    assert [column["name"] for column in form["keys"]] == ["key", "n"]
    assert (form["rows"][0]["keys"], form["rows"][0]["results"]) == (['"a"', "1"], ['"b"'])


def test_rules_form(read: Read) -> None:
    form = rules_form(
        read(
            "rules r : nc in canon.x\n  let d = nc.a\n  rule one\n    when d = 1\n"
            '    then each o in nc.l send a.b using m(o) to o.p\n    because "so"\n  end\nend\n'
        ),
        "r",
    )
    (rule,) = form["rules"]
    assert (rule["when"], rule["because"], form["lets"][0]["expression"]) == ("d = 1", "so", "nc.a")
    (action,) = rule["actions"]
    assert (action["kind"], action["endpoint"], action["map"], action["to"]) == ("send", "a.b", "m", "o.p")
    assert action["each"] == {"variable": "o", "source": "nc.l"}


def test_flow_form(read: Read) -> None:
    form = flow_form(
        read(
            'flow f\n  receive a.b as nc : s.x "v1"\n  sla 5 minutes\n  keys lot = nc.c\n  map with m\nend\n'
        ),
        "f",
    )
    assert (form["endpoint"], form["sla"], form["keys"]) == (
        "a.b",
        "5 minutes",
        [{"name": "lot", "expression": "nc.c"}],
    )
    assert [(step["kind"], step["name"]) for step in form["steps"]] == [("map", "m")]


@pytest.mark.parametrize("path", sorted(Path("examples").rglob("*.mw")), ids=str)
def test_saving_a_form_unchanged_changes_nothing(path: Path) -> None:
    parsed = parse(Source(str(path), path.read_text(encoding="utf-8")))
    for entry in outline(parsed):
        if entry["kind"] == "map":
            _map_unchanged(parsed, entry["name"])
        elif entry["kind"] == "table":
            _table_unchanged(parsed, entry["name"])
        elif entry["kind"] == "lookup":
            for row in lookup_form(parsed, entry["name"])["rows"]:
                cells = [*row["keys"], *row["results"]]
                assert set_lookup_row(parsed, entry["name"], int(row["id"]), cells) == ()


def _map_unchanged(parsed: Parsed, name: str) -> None:
    for row in map_form(parsed, name)["rows"]:
        if row["expression"]:
            handlers = row["handlers"] if row["kind"] in ("field", "let") else None
            assert set_field(parsed, name, row["id"], row["expression"], handlers) == (), row["id"]


def _table_unchanged(parsed: Parsed, name: str) -> None:
    form = table_form(parsed, name)
    columns = [column["name"] for column in [*form["inputs"], *form["outputs"]]]
    for row in form["rows"]:
        for column, text in zip(columns, [*row["cells"], *row["outputs"]], strict=True):
            assert set_cell(parsed, name, row["id"], column, text) == ()


def test_a_copy_is_a_row_with_what_it_leaves_out() -> None:
    text = 'map m : nc -> canon.x\n  copy nc.part.* except a, "B C"  # all else\nend\n'
    (row,) = map_form(parse(Source("a.mw", text)), "m")["rows"]
    assert (row["kind"], row["id"], row["path"]) == ("copy", "copy:1", "*")
    assert (row["source"], row["excepted"], row["comment"]) == ("nc.part", ["a", "B C"], "all else")
