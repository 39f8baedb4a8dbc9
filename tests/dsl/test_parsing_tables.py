"""Decision tables and lookups: columns, every kind of cell, rows."""

from collections.abc import Callable

import pytest

from dsl import syntax
from dsl.parser import Parsed

Read = Callable[[str], Parsed]

TABLE = """table t policy {policy}
  | row | a: text? | b: percent | "c d": enum{{x, "y z"}} => e: scope | f: list of text |
  | r1  | -        | >= 5%      | x                       => full    | ["a"]           |  # the first
  otherwise => none | [] |
end
"""


def the(parsed: Parsed) -> syntax.Declaration:
    assert parsed.diagnostics == ()
    (node,) = parsed.module.declarations
    return node


def cell(read: Read, text: str) -> syntax.Cell:
    node = the(read(f"table t\n | row | a: text => b: text |\n | r1 | {text} => x |\nend\n"))
    assert isinstance(node, syntax.Table)
    row = node.rows[0]
    assert isinstance(row, syntax.TableRow)
    return row.cells[0]


def test_table_has_columns_rows_and_default(read: Read) -> None:
    node = the(read(TABLE.format(policy="first")))
    assert isinstance(node, syntax.Table)
    assert node.policy == "first"
    assert [(c.name, c.type.name, c.type.optional) for c in node.inputs] == [
        ("a", "text", True),
        ("b", "percent", False),
        ("c d", "enum", False),
    ]
    assert node.inputs[2].type.values == ("x", "y z")
    assert node.outputs[1].type.item is not None and node.outputs[1].type.item.name == "text"
    assert node.otherwise is not None and len(node.otherwise) == 2
    row = node.rows[0]
    assert isinstance(row, syntax.TableRow)
    assert (row.id, row.comment) == ("r1", "the first")


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("unique", ("unique", "list")), ("priority", ("priority", "list")), ("collect sum", ("collect", "sum")),
     ("output_order", ("output_order", "list"))],
)  # fmt: skip
def test_policies(read: Read, policy: str, expected: tuple[str, str]) -> None:
    node = the(read(TABLE.format(policy=policy)))
    assert isinstance(node, syntax.Table)
    assert (node.policy, node.aggregation) == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("-", syntax.AnyCell), ("-5", syntax.ValueCell), ("major", syntax.ValueCell), ('"AB"', syntax.ValueCell),
        ('"AB*"', syntax.PatternCell), (">= 5%", syntax.CompareCell), ("<> 2026-01-01", syntax.CompareCell),
        ("[1..5)", syntax.RangeCell), ("(1 KGM..2 KGM]", syntax.RangeCell), ("missing", syntax.MissingCell),
        ("C, D", syntax.ListCell), ("not(C, missing)", syntax.NotCell), ("? a = b and c > 1", syntax.ConditionCell),
        ("first", syntax.ValueCell), ("true", syntax.ValueCell), ("[-5..-1], > 7", syntax.ListCell),
    ],
)  # fmt: skip
def test_cells(read: Read, text: str, kind: type[syntax.Node]) -> None:
    assert isinstance(cell(read, text), kind)


def test_range_knows_its_ends(read: Read) -> None:
    node = cell(read, "[1%..5%)")
    assert isinstance(node, syntax.RangeCell)
    assert (node.low_closed, node.high_closed) == (True, False)


def test_lookup_names_its_columns(read: Read) -> None:
    node = the(
        read('lookup l : text, plant: text -> severity, days: integer two_way\n | "1" | "a" => x | 5 |\nend')
    )
    assert isinstance(node, syntax.Lookup)
    assert [c.name for c in node.keys] == ["key", "plant"]
    assert [c.name for c in node.results] == ["value", "days"]
    assert node.two_way
    row = node.rows[0]
    assert isinstance(row, syntax.LookupRow)
    assert (len(row.keys), len(row.results)) == (2, 2)


def test_row_with_another_number_of_cells_is_raw(read: Read) -> None:
    parsed = read("table t\n | row | a: text => b: text |\n | r1 | x | y => z |\n | r2 | x => z |\nend\n")
    assert [(d.code, d.subject) for d in parsed.diagnostics] == [("M111", "table/t/r1")]
    (node,) = parsed.module.declarations
    assert isinstance(node, syntax.Table)
    assert [type(row) for row in node.rows] == [syntax.Raw, syntax.TableRow]
