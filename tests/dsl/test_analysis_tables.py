"""What the analysis says of a table: the finding, its example, its fix."""

import pytest

from dsl.edits import apply_edits
from tests.dsl.workshop import checked


def table(columns: str, *rows: str, policy: str = "unique", otherwise: str = "") -> str:
    lines = "".join(f"  | r{n} | {row} |\n" for n, row in enumerate(rows, 1))
    return f"table t policy {policy}\n  | row | {columns} => o: boolean |\n{lines}{otherwise}end\n"


def found(text: str) -> list[tuple[str, str]]:
    return [(d.code, d.message) for d in checked(text).diagnostics]


@pytest.mark.parametrize(
    ("columns", "rows", "example"),
    [
        ("a: integer", ["< 5 => true", "> 5 => true"], "a = 5"),
        ("a: decimal", ["<= 5 => true", ">= 6 => true"], "a = 5.1"),
        ("a: percent", ["< 1% => true", ">= 2% => true"], "a = 1%"),
        ("a: money(EUR)", ["< 1.50 EUR => true", "> 1.50 EUR => true"], "a = 1.50 EUR"),
        ("a: quantity(KGM)", ["< 1 KGM => true", ">= 3 KGM => true"], "a = 1 KGM"),
        ("a: date", ["< 2026-01-01 => true", "> 2026-01-02 => true"], "a = 2026-01-01"),
        ("a: time", ["< 12:00 => true", ">= 12:30 => true"], "a = 12:00"),
        (
            "a: datetime",
            ["< 2026-01-01T00:00:00Z => true", "> 2026-01-01T00:00:00Z => true"],
            "a = 2026-01-01T00:00:00Z",
        ),
        ("a: duration", ["4 hours, 1 days => true"], "a = another value"),
        ("a: boolean", ["true => true"], "a = false"),
        ("a: severity", ["not(major, minor) => true", "minor => true"], "a = major"),
        ("a: severity?", ["critical, major, minor => true"], "a = missing"),
        ("a: text", ['"A*" => true', 'not("A*", "B") => true'], 'a = "B"'),
        ("a: text", ['"A" => true'], 'a = "other"'),
        ("a: text", ['< "M" => true', '> "M" => true'], 'a = "M"'),
    ],
)
def test_a_gap_has_an_example(columns, rows, example):
    assert found(table(columns, *rows)) == [("M614", f"no row fits {example}")]


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        ("a: integer", ["<= 5 => true", ">= 6 => true"]),
        ("a: date", ["<= 2026-01-01 => true", ">= 2026-01-02 => true"]),
        ("a: integer?", ["missing => true", "not(missing) => true"]),
        ("a: decimal?", ["not(5) => true", "5 => true"]),
        ("a: text?", ['"A*" => true', 'not("A*") => true']),
        ("a: time", ["< 00:00 => true", ">= 00:00 => true"]),
    ],
)
def test_a_table_without_gap_has_no_finding_of_one(columns, rows):
    assert [code for code, _ in found(table(columns, *rows)) if code == "M614"] == []


@pytest.mark.parametrize(
    ("columns", "rows", "example"),
    [
        ("a: integer", ["[1..5] => true", "5, 9 => true"], "a = 5"),
        ("a: severity?", ["not(minor) => true", "missing => true"], "a = missing"),
        ("a: text", ['"A*" => true', '"*B" => true'], 'a = "AB"'),
        ("a: duration", ["4 hours => true", "240 minutes => true"], "a = 4 hours"),
    ],
)
def test_an_overlap_names_both_rows_and_an_input(columns, rows, example):
    text = table(columns, *rows, otherwise="  otherwise => false |\n")
    assert found(text) == [("M604", f"rows `r1` and `r2` both fit {example}")]


def test_patterns_that_no_text_fits_at_once_do_not_overlap():
    text = table(
        "a: text", '"A?" => true', '"A" => true', '"A??*" => true', otherwise="  otherwise => false |\n"
    )
    assert found(text) == []


def test_under_any_rows_may_overlap_that_say_the_same():
    text = table(
        "a: integer", "< 5 => true", "< 9 => true", policy="any", otherwise="  otherwise => false |\n"
    )
    assert [code for code, _ in found(text)] == ["M613"]


def test_under_first_several_rows_can_hide_one():
    text = table("a: integer", "< 5 => true", ">= 5 => false", "4, 6 => true", policy="first")
    assert found(text) == [
        ("M613", "row `r3` is never reached: rows `r1` and `r2` take everything it fits before it")
    ]


def test_under_first_a_row_that_one_below_repeats_adds_nothing():
    text = table("a: integer", "5 => true", "7 => false", "- => true", policy="first")
    assert found(text) == [
        ("M613", "row `r1` adds nothing: row `r3` takes everything it fits and gives the same")
    ]


def test_under_priority_the_order_of_the_outputs_decides_what_is_reached():
    text = "table t policy priority\n  | row | a: integer => o: enum{high, low} |\n  | r1 | 5 => low |\n  | r2 | - => high |\nend\n"
    assert found(text) == [("M613", "row `r1` is never reached: row `r2` takes everything it fits before it")]


def test_a_row_that_no_value_fits_is_named():
    text = table("a: boolean", "not(true, false) => true", "- => false")
    assert found(text) == [("M613", "row `r1` fits nothing: no value fits all its cells")]


def test_a_row_that_is_never_reached_can_be_removed():
    text = table("a: integer", "- => true", "5 => false", policy="first")
    program = checked(text)
    fix = program.diagnostics[0].fixes[0]
    assert fix.title == "Remove this row"
    assert found(apply_edits(program.sources["m.mw"].text, fix.edits)) == []


def test_a_condition_is_never_taken_to_cover():
    program = checked(table("a: integer", "? a < 5 => true", "? a >= 5 => true", policy="first"))
    (gap,) = program.diagnostics
    assert (gap.code, gap.labels[0].message) == ("M615", "can't be decided before it runs")


def test_a_condition_is_never_taken_to_overlap_for_sure():
    text = table("a: integer", "? a < 5 => true", "7 => true", otherwise="  otherwise => false |\n")
    assert [code for code, _ in found(text)] == ["M616"]


def test_a_gap_outside_of_conditions_is_certain():
    text = table("a: severity | b: integer", "minor | ? b < 5 => true", "major | - => true", policy="first")
    assert found(text) == [("M614", "no row fits a = critical")]


def test_tables_that_have_a_result_without_a_row_have_no_gap():
    assert (
        found(
            "table t policy collect list\n  | row | a: integer => o: boolean |\n  | r1 | 5 => true |\nend\n"
        )
        == []
    )


def test_the_default_is_the_other_fix_of_a_gap():
    program = checked(table("a: integer", "< 5 => true"))
    fix = program.diagnostics[0].fixes[1]
    assert fix.title == "Set otherwise"
    assert found(apply_edits(program.sources["m.mw"].text, fix.edits)) == []


def test_the_missing_row_stands_below_the_last_one_in_its_columns():
    program = checked(
        "table t policy unique\n  | row | a: integer => o: boolean |\n  | r1  | < 5        => true       |  # few\nend\n"
    )
    (edit,) = program.diagnostics[0].fixes[0].edits
    assert edit.text == "  | r2  | >= 5       => true       |\n"
    assert program.sources["m.mw"].text[edit.span.start :] == "end\n"


def test_a_complete_table_never_fails_as_no_match():
    rules = 'rules r : c in canon.case\n  let hold = table t(c.severity)\n  rule a\n    when hold\n    then ignore "x"\n  end\nend\n'
    assert found(table("a: severity", "minor => true", "not(minor) => false") + rules) == []


def test_a_table_that_is_too_large_is_named_and_may_fail(monkeypatch):
    monkeypatch.setattr("dsl.analysis.tables.MOST_PAIRS", 0)
    text = table("a: integer", "< 5 => true", "[1..77) => true", otherwise="  otherwise => false |\n")
    assert [code for code, _ in found(text)] == ["M617"]
