"""The analysis of a table agrees with trying every value, and the rows it offers close every gap."""

import itertools
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.analysis import analyse
from dsl.analysis.values import constant
from dsl.edits import apply_edits
from dsl.source import Source
from rules.cells import cell_test
from tests.dsl.workshop import checked

COLUMNS = {
    "integer": (["0", "2", "3", "5"], [None, *range(-1, 8)]),
    "decimal": (["0", "2.5", "3"], [None, *(Decimal(n) / 4 for n in range(-2, 16))]),
    "enum{a, b, c}": (["a", "b", "c"], [None, "a", "b", "c"]),
    "boolean": (["true", "false"], [None, True, False]),
    "date": (
        ["2026-01-01", "2026-01-02", "2026-01-09"],
        [None, *(date(2026, 1, d) for d in range(1, 12)), date(2025, 12, 31)],
    ),
    "text": (
        ['"A"', '"AB"', '"A*"', '"*B"', '"A?"', '"?"'],
        [None, *("".join(p) for n in range(4) for p in itertools.product("ABx", repeat=n))],
    ),
}
ORDERED = {"integer", "decimal", "date"}


@st.composite
def cells(draw, of, optional, depth=0):
    """A cell of a column."""
    constants, _ = COLUMNS[of]
    kinds = ["value", "list", "not"] + (["any"] * 2 if depth == 0 else []) + (["missing"] if optional else [])
    kinds += ["compare", "range"] if of in ORDERED else []
    kind = draw(st.sampled_from(kinds if depth < 2 else ["value"]))
    if kind == "any":
        return "-"
    if kind == "missing":
        return "missing"
    if kind == "compare":
        return draw(st.sampled_from(["<", "<=", ">", ">="])) + " " + draw(st.sampled_from(constants))
    if kind == "range":
        low, high = draw(st.sampled_from(list(itertools.combinations(constants, 2))))
        return f"{draw(st.sampled_from('[('))}{low}..{high}{draw(st.sampled_from('])'))}"
    if kind == "value":
        return draw(st.sampled_from(constants))
    inner = ", ".join(draw(st.lists(cells(of, optional, depth + 1), min_size=1, max_size=2)))
    return f"not({inner})" if kind == "not" else inner


@st.composite
def tables(draw):
    """A small table: its policy, the types of its columns, its rows."""
    types = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=2))
    columns = [(of, draw(st.booleans())) for of in types]
    row = st.tuples(*(cells(of, optional) for of, optional in columns), st.sampled_from(["x", "y"]))
    policy = draw(st.sampled_from(["unique", "first", "any", "priority"]))
    return policy, columns, draw(st.lists(row, min_size=1, max_size=4))


def module(policy, columns, rows):
    head = " | ".join(f"c{n}: {of}{'?' if optional else ''}" for n, (of, optional) in enumerate(columns))
    lines = [f"  | r{n} | {' | '.join(row[:-1])} => {row[-1]} |" for n, row in enumerate(rows, 1)]
    return "\n".join([f"table t policy {policy}", f"  | row | {head} => o: enum{{x, y}} |", *lines, "end\n"])


class Tried:
    """A table as the rows that each input of a grid fits."""

    def __init__(self, program):
        table = program.tables["t"]
        self.rows = table.node.rows
        self.found = analyse(table.node, table.inputs, table.outputs, program.sources["m.mw"].text)
        self.gives = [row.outputs[0].name for row in self.rows]
        self.fitting = {values: self._fitting(values) for values in self._inputs(table)}

    def _inputs(self, table) -> Iterator[tuple]:
        kept = []
        for column in table.node.inputs:
            of = "enum{a, b, c}" if column.type.values else column.type.name
            kept.append([v for v in COLUMNS[of][1] if v is not None or column.type.optional])
        return itertools.product(*kept)

    def _fitting(self, values):
        fits = []
        for number, row in enumerate(self.rows):
            tests = [cell_test(cell, constant) for cell in row.cells]
            if all(test is None or test(value) for test, value in zip(tests, values, strict=True)):
                fits.append(number)
        return tuple(fits)


def tried(drawn):
    program = checked(module(*drawn))
    assert [d for d in program.diagnostics if d.code not in {"M604", "M605", "M613", "M614"}] == []
    return Tried(program)


@settings(max_examples=150, deadline=None)
@given(tables())
def test_there_is_a_gap_where_some_input_fits_no_row(drawn):
    table = tried(drawn)
    assert (table.found.gap is not None) == (() in table.fitting.values())
    assert table.found.complete == (() not in table.fitting.values())


@settings(max_examples=150, deadline=None)
@given(tables())
def test_rows_overlap_where_some_input_fits_both(drawn):
    table = tried(drawn)
    pairs = {pair for fits in table.fitting.values() for pair in itertools.combinations(fits, 2)}
    if drawn[0] == "any":
        pairs = {(a, b) for a, b in pairs if table.gives[a] != table.gives[b]}
    wanted = {lower for _, lower in pairs} if drawn[0] in ("unique", "any") else set()
    assert {overlap.lower for overlap in table.found.overlaps} == wanted
    assert all((overlap.upper, overlap.lower) in pairs for overlap in table.found.overlaps)


@settings(max_examples=150, deadline=None)
@given(tables())
def test_rows_are_idle_where_they_never_decide(drawn):
    table = tried(drawn)
    policy = drawn[0]
    order = {"first": lambda n: n, "priority": lambda n: (table.gives[n], n)}.get(policy)
    used = {min(fits, key=order) for fits in table.fitting.values() if fits} if order else set()
    fitting = {number for fits in table.fitting.values() for number in fits}
    for idle in table.found.idle:
        if idle.why == "fits nothing":
            assert idle.row not in fitting
        elif idle.why == "never reached":
            assert idle.row not in used
    if order:
        told = {idle.row for idle in table.found.idle if idle.why != "adds nothing"}
        assert told == set(range(len(table.rows))) - used


@settings(max_examples=100, deadline=None)
@given(tables())
def test_adding_the_missing_row_again_and_again_closes_every_gap(drawn):
    text = module(*drawn)
    for _ in range(60):
        program = checked(text)
        gap = next((d for d in program.diagnostics if d.code == "M614"), None)
        if gap is None:
            break
        before = {d.message for d in program.diagnostics if d.code in ("M604", "M605")}
        source: Source = program.sources["m.mw"]
        text = apply_edits(source.text, gap.fixes[0].edits)
        after = checked(text)
        assert {d.message for d in after.diagnostics if d.code in ("M604", "M605")} <= before
        assert not [d for d in after.diagnostics if d.code not in ("M604", "M605", "M613", "M614")]
    assert () not in Tried(checked(text)).fitting.values()
