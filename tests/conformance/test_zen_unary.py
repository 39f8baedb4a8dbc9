"""Cells of decision tables against the unary cases of GoRules ZEN; what differs is listed with its reason."""

import json
import re
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from dsl.checker import check
from rules import engine
from rules.compiler import compile_program
from tests.rules.rulebook import CONTEXT

HERE = Path(__file__).parent / "zen-unary"
LISTED = tomllib.loads((HERE / "cells.toml").read_text("utf-8"))
MANIFEST = 'name = "zen"\nlanguage = "1"\n'
PROPERTY = {
    "text": '{"type": "string"}',
    "boolean": '{"type": "boolean"}',
    "decimal": '{"type": "string", "format": "decimal"}',
}
PROGRAM = """use schema z.doc "v1"
use schema z.out "v1"
table t policy first
  | row | value: {kind}? => hit: boolean |
  | r1  | {cell} => true |
  otherwise => false
end
map m : doc in z.doc -> z.out
  on missing reject
  on error   reject
  hit = table t(doc.value)
end
"""


def csv_cases():
    """Expression, value and expected result of each line of unary.csv."""
    for line in (HERE / "unary.csv").read_text("utf-8").splitlines()[1:]:
        if line.strip() and not line.startswith("#"):
            expression, payload, expected = line.rsplit(";", 2)
            text = re.sub(r"([{,]\s*)(\$|a)\s*:", r'\1"\2":', payload.replace("'", '"'))
            yield expression.strip(), json.loads(text, parse_float=Decimal)["$"], expected.strip() == "true"


def kind_of(value):
    return "boolean" if isinstance(value, bool) else "text" if isinstance(value, str) else "decimal"


def program(cell, kind):
    """The cell in a table of one row."""
    guarded = cell.startswith("? ")
    text = PROGRAM.format(kind=kind, cell=f"? value is not missing and {cell[2:]}" if guarded else cell)
    schema = '{{"type": "object", {required} "properties": {{"{name}": {of}}}}}'
    return check(
        {
            "ruleset.toml": MANIFEST.encode(),
            "m.mw": text.encode(),
            "schemas/z.doc@v1.json": schema.format(required="", name="value", of=PROPERTY[kind]).encode(),
            "schemas/z.out@v1.json": schema.format(required="", name="hit", of=PROPERTY["boolean"]).encode(),
        }
    )


def mistakes(found):
    return [(d.code, d.message) for d in found.diagnostics if d.severity == "error"]


CSV = list(csv_cases())


@pytest.mark.parametrize(("expression", "value", "expected"), [c for c in CSV if c[0] in LISTED["cell"]])
def test_a_cell_says_the_same(expression, value, expected):
    kind = kind_of(value)
    found = program(LISTED["cell"][expression], kind)
    assert mistakes(found) == []
    wire = str(value) if kind == "decimal" else value
    outcome = engine.run_map(compile_program(found), "m", {"doc": {"value": wire}}, CONTEXT)
    assert outcome.event == {"hit": expected}


def test_every_case_is_listed_once_with_its_cell_or_its_reason():
    assert {case[0] for case in CSV} == LISTED["cell"].keys() | LISTED["differs"].keys()
    assert not LISTED["cell"].keys() & LISTED["differs"].keys()
    assert all(reason.endswith(".") for reason in LISTED["differs"].values())


TYPED = {
    test["expression"]: json.loads(test.get("input", '{"$": null}'))["$"]
    for test in tomllib.loads((HERE / "unary.toml").read_text("utf-8"))["test"]
}


def test_every_typed_case_is_listed():
    assert TYPED.keys() == LISTED["types"].keys() | LISTED["types_differs"].keys()
    assert not LISTED["types"].keys() & LISTED["types_differs"].keys()


@pytest.mark.parametrize("expression", LISTED["types"])
def test_a_typed_case_is_accepted(expression):
    assert mistakes(program(LISTED["types"][expression], kind_of(TYPED[expression]))) == []
