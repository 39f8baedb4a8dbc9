"""Recovery by statement: every mistake of a file in one pass, the rest stays usable."""

from collections.abc import Callable

import pytest

from dsl import syntax
from dsl.parser import Parsed

Read = Callable[[str], Parsed]
Findings = Callable[[str], list[tuple[str, int]]]

FIVE = """\
use schema sap.x "v1"
map a : nc -> canon.x
  id = nc.A &
  name = trim(nc.B
  size = 5 kilos
  good = nc.C
  each d in nc.D whre d.X is blank into defects
    line = d.L
  end
  text = "open
end
"""


def test_five_mistakes_give_five_findings_on_their_lines(findings: Findings) -> None:
    assert findings(FIVE) == [("M101", 3), ("M106", 4), ("M114", 5), ("M101", 7), ("M105", 10)]


def test_broken_lines_stay_as_raw_text_and_the_rest_is_read(read: Read) -> None:
    (node,) = read(FIVE).module.declarations
    assert isinstance(node, syntax.Map)
    kinds = [type(s).__name__ for s in node.body]
    assert kinds == ["Raw", "Raw", "Raw", "Field", "Raw", "Raw"]
    assert isinstance(node.body[4], syntax.Raw)
    assert node.body[4].text.startswith("each d in") and node.body[4].text.endswith("end")


def test_lines_inside_a_broken_block_are_read_too(findings: Findings) -> None:
    text = "map a : -> canon.x\n  id = nc.A &\n  each d in\n    x = = 1\n  end\nend\nmap b : nc -> canon.x\nend\n"
    assert findings(text) == [("M101", 1), ("M101", 2), ("M101", 3), ("M101", 4)]


def test_misspelt_head_opens_its_block_all_the_same(findings: Findings) -> None:
    assert findings("mpa a : nc -> canon.x\n  id = 1\nend\nmap b : nc -> canon.x\n  id = 1\nend\n") == [
        ("M101", 1)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("map a : nc -> x\n  f = 1\n", [("M102", 1)]),
        ("map a : nc -> x\n  f = 1\nmap b : nc -> x\n  f = 1\nend\n", [("M102", 1)]),
        ("map a : nc -> x\n  each d in l into t\n    f = 1\n  g = 1\nend\nmap b : nc -> x\nend\n", [("M102", 2)]),
        ("map a : nc -> x\n  if c\n    f = 1\nend\n", [("M102", 2)]),
        ("rules r : nc in x\n  rule a\n    then ignore \"x\"\n  rule b\n    then ignore \"y\"\n  end\nend\n", [("M102", 2)]),
        ("map a : nc -> x\n  f = 1\nend\nend\n", [("M103", 4)]),
        ("map a : nc -> x\n  f = 1\n  else\nend\n", [("M103", 3)]),
    ],
)  # fmt: skip
def test_blocks_that_do_not_add_up_blame_the_right_line(
    findings: Findings, text: str, expected: list[tuple[str, int]]
) -> None:
    assert findings(text) == expected


def test_block_without_end_keeps_its_lines(read: Read) -> None:
    (node,) = read("map a : nc -> x\n  f = 1\n  g = 2\n").module.declarations
    assert isinstance(node, syntax.Map)
    assert len(node.body) == 2


def test_open_bracket_does_not_swallow_the_lines_below(read: Read) -> None:
    parsed = read("map a : nc -> x\n  f = trim(nc.A\n  g = trim(nc.B)\nend\n")
    assert [(d.code, d.subject) for d in parsed.diagnostics] == [("M106", "map/a")]
    (node,) = parsed.module.declarations
    assert isinstance(node, syntax.Map)
    assert isinstance(node.body[1], syntax.Field)


@pytest.mark.parametrize(
    "text",
    [
        "map a : nc -> x\n  f = " + "(" * 10_000 + "1" + ")" * 10_000 + "\n  g = 1\nend\n",
        "map a : nc -> x\n  f = " + "[" * 10_000 + "\n  g = 1\nend\n",
        "map a : nc -> x\n  f = " + "(\n" * 10_000 + "\nend\n",
        "map a : nc -> x\n  f = " + "- " * 10_000 + "1\nend\n",
        "map a : nc -> x\n  f = nc" + ".a" * 10_000 + "\nend\n",
    ],
)
def test_nesting_without_end_is_one_finding(findings: Findings, text: str) -> None:
    assert [code for code, _ in findings(text)] == ["M107"]


def test_blocks_nest_only_so_deep(findings: Findings) -> None:
    text = "map a : nc -> x\n" + "if c\n" * 40 + "end\n" * 40 + "end\n"
    assert findings(text)[0] == ("M107", 32)


def test_very_large_module_is_refused(findings: Findings) -> None:
    assert findings("# " + "x" * 2_000_000) == [("M108", 1)]


def test_parts_that_are_missing_or_said_twice(findings: Findings) -> None:
    text = (
        "flow f\n  map with m\nend\n"
        'flow g\n  receive a.b as nc : s.x\n  owner "x"\n  owner "y"\nend\n'
        "table t policy unique\nend\n"
        'rules r : nc in x\n  rule a\n    because "no action"\n  end\nend\n'
        'test "t"\n  expect 1 = 1\nend\n'
    )
    assert findings(text) == [("M113", 1), ("M112", 7), ("M113", 9), ("M113", 12), ("M113", 16)]


def test_names_of_the_analyst_are_lower_case(findings: Findings) -> None:
    assert findings("map A : nc -> x\n  let B = 1\n  each C in l into t\n  end\nend\n") == [
        ("M116", 1),
        ("M116", 2),
        ("M116", 3),
    ]


def test_help_says_what_would_fit(read: Read) -> None:
    (found,) = read("map a : nc -> x\n  f = nc.A &\nend\n").diagnostics
    assert found.help == ("expected here: a value",)
