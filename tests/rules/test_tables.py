"""Decision tables: the index finds what a walk over the rows finds, and the seven policies decide."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest

from dsl import syntax
from rules import engine
from rules.cells import matches_pattern
from rules.referee.tables import fits
from rules.tables import TableIndex
from tests.rules.rulebook import CONTEXT, DOCUMENT, checked, compiled, run

HEAD = "table t policy {policy}\n  | row | c: text? | n: decimal? => o: text | p: integer |\n{rows}{otherwise}end\n"
OTHERWISE = '  otherwise => "none" | 0 |\n'
TEXTS = [
    '"a"',
    '"b"',
    '"a", "c"',
    "-",
    "missing",
    'not("a")',
    'not(missing, "b")',
    '"a*"',
    '"?b"',
    '"a", missing',
]
NUMBERS = [
    "1",
    "-",
    "missing",
    "< 3",
    "<= 3",
    "> 7.5",
    ">= 3",
    "[1..5)",
    "(1..5]",
    "not(3)",
    "1, [4..6]",
    "<> 2",
    "? n > 2",
]


def table(rows: list[tuple[str, str]], policy: str = "first", otherwise: str = "") -> str:
    """A table of text and number, its outputs numbered."""
    lines = "".join(f'  | r{i} | {c} | {n} => "o{i}" | {i} |\n' for i, (c, n) in enumerate(rows))
    return HEAD.format(policy=policy, rows=lines, otherwise=otherwise)


def random_rows(seed: int, count: int) -> list[tuple[str, str]]:
    draw = Random(seed)
    return [(draw.choice(TEXTS), draw.choice([n for n in NUMBERS if "?" not in n])) for _ in range(count)]


@pytest.mark.parametrize("seed", range(12))
def test_the_index_finds_what_a_walk_finds(seed: int) -> None:
    program = checked(table(random_rows(seed, 3 + seed * 4), otherwise=OTHERWISE))
    rows = [row for row in program.tables["t"].node.rows if isinstance(row, syntax.TableRow)]
    index = TableIndex(rows, lambda node: node.value, {})  # type: ignore[union-attr]
    for text in (None, "a", "b", "c", "ab", "xb", ""):
        for number in (None, *(Decimal(n) / 2 for n in range(-1, 18))):
            walked = [
                i
                for i, row in enumerate(rows)
                if fits(row.cells[0], text, lambda e: e.value)
                and fits(row.cells[1], number, lambda e: e.value)  # type: ignore[union-attr]
            ]
            assert index.matches((text, number)) == walked


def test_ranges_of_one_key_are_cut_into_pieces() -> None:
    rows = [(f'"{"a" if i % 2 else "b"}"', f"[{i}..{i + 2})") for i in range(400)]
    program = checked(table(rows, otherwise=OTHERWISE))
    index = TableIndex(program.tables["t"].node.rows, lambda node: node.value, {})  # type: ignore[arg-type,union-attr]
    assert index.matches(("a", Decimal(100))) == [99]
    assert index.matches(("b", Decimal("101.5"))) == [100]
    assert index.matches(("b", Decimal(1000))) == []


@pytest.mark.parametrize(
    ("value", "pattern", "expected"),
    [
        ("AB1", "AB*", True), ("AB", "AB*", True), ("XAB", "AB*", False), ("a-b", "a?b", True), ("ab", "a?b", False),
        ("aXbXc", "*X*c", True), ("", "*", True), ("", "?", False), ("a" * 5_000, "*a*a*a*b", False), ("a.b", "a.b", True),
    ],
)  # fmt: skip
def test_patterns(value: str, pattern: str, expected: bool) -> None:
    assert matches_pattern(value, pattern) is expected


def decide(
    policy: str, rows: list[str], outputs: str = "o: text", otherwise: str = "", kind: str = "t1", n: int = 5
) -> Any:
    """What a table over the number n gives, with the field that takes it."""
    lines = "".join(f"  | r{i} | {row} |\n" for i, row in enumerate(rows, 1))
    head = f"table t policy {policy}\n  | row | n: integer => {outputs} |\n{lines}{otherwise}end\n"
    return run(f"  {kind} = table t(doc.m)", head, m=n)


@pytest.mark.parametrize(
    ("policy", "kind", "expected"),
    [
        ("first", "t1", "low"),
        ("collect list", "ts", ["low", "any"]),
        ("rule_order", "ts", ["low", "any"]),
    ],
)
def test_policies_over_texts(policy: str, kind: str, expected: Any) -> None:
    outcome = decide(policy, ['< 10 => "low"', '- => "any"', '> 10 => "high"'], kind=kind)
    assert outcome.event == {kind: expected}


@pytest.mark.parametrize(("aggregation", "expected"), [("sum", 3), ("min", 1), ("max", 2), ("count", 2)])
def test_collect_aggregates(aggregation: str, expected: int) -> None:
    rows = ["< 10 => 1", "- => 2", "> 10 => 4"]
    assert decide(f"collect {aggregation}", rows, "p: integer", kind="i1").event == {"i1": expected}


def test_priority_takes_the_first_of_the_output_values() -> None:
    rows = ["- => green", "< 10 => red", "- => blue"]
    assert decide("priority", rows, "o: enum{red, green, blue}", kind="e1").event == {"e1": "red"}


def test_output_order_sorts_by_the_output_values() -> None:
    rows = ["- => green", "< 10 => red", "> 10 => blue"]
    assert decide("output_order", rows, "o: enum{red, green, blue}", kind="ts").event == {
        "ts": ["red", "green"]
    }


def test_any_takes_rows_that_agree() -> None:
    assert decide("any", ['< 10 => "x"', '- => "x"']).event == {"t1": "x"}


def test_otherwise_is_the_default_output() -> None:
    assert decide("unique", ['> 10 => "high"'], otherwise='  otherwise => "none"\n').event == {"t1": "none"}


def test_no_row_is_a_no_match() -> None:
    outcome = decide("first", ['? n > 10 => "high"'])
    assert [(f.kind, f.message) for f in outcome.failures] == [("no_match", "no row of table t fits")]


def test_a_free_condition_sees_all_inputs() -> None:
    rows = '  | r1 | ? n > m | - => "more" |\n  | r2 | - | - => "less" |\n'
    head = f"table t policy first\n  | row | n: integer | m: integer => o: text |\n{rows}end\n"
    assert run("  t1 = table t(doc.m, 2)", head, m=3).event == {"t1": "more"}
    assert run("  t1 = table t(doc.m, 2)", head, m=1).event == {"t1": "less"}


def test_a_missing_input_has_rows_of_its_own() -> None:
    head = table([("missing", "-"), ("-", "-")])
    assert run("  t1 = table t(doc.b, doc.n).o", head).event == {"t1": "o0"}
    assert run("  t1 = table t(doc.b, doc.n).o", head, b="x").event == {"t1": "o1"}


def test_the_deciding_row_is_told() -> None:
    head = table([('"zz"', "-"), ("-", "-")])
    rule_set = compiled(
        f"{head}map m : doc in s.doc -> t.out\n  on no_match reject\n  t1 = table t(doc.b, doc.n).o\nend\n"
    )
    outcome = engine.run_map(rule_set, "m", {"doc": DOCUMENT}, CONTEXT)
    assert outcome.lineage["t1"].decisions == ("table t r1",)
    assert list(outcome.decisions) == ["table t r1"]


def test_amounts_of_other_units_fail_instead_of_not_matching() -> None:
    rows = '  | r1 | < 5 KGM => "light" |\n  otherwise => "heavy"\n'
    head = f"table t policy first\n  | row | q: quantity => o: text |\n{rows}end\n"
    outcome = run("  t1 = table t(doc.q)", head, q={"value": "1", "uom": "EA"})
    assert [f.kind for f in outcome.failures] == ["error"]
