"""The how-to page of flows is a rule set without findings, and its tests pass."""

import re
from datetime import UTC, datetime
from pathlib import Path

from dsl.checker import check
from rules import engine
from rules.compiler import compile_program
from rules.lineage import explain
from rules.outcome import Context
from rules.testing import run_tests

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "flows.md"
BLOCK = re.compile(r"^`([\w./@-]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def files() -> dict[str, bytes]:
    return {path: text.encode() for path, text in BLOCK.findall(PAGE.read_text("utf-8"))}


def test_the_page_works_as_it_is_written() -> None:
    program = check(files())
    assert [d.message for d in program.diagnostics] == []
    report = run_tests(program, {})
    assert [(r.name, r.message) for r in report.results if not r.passed] == []
    assert report.coverage["steps"]["missing"] == []


def test_a_value_from_a_record_says_which_record_it_was() -> None:
    text = (
        files()["flows/stock.mw"]
        .decode()
        .replace("  reply using", "  map with to_query(q, i)\n  reply using")
    )
    compiled = compile_program(check({**files(), "flows/stock.mw": text.encode()}))
    context = Context(
        datetime(2026, 1, 31, tzinfo=UTC),
        recalled={("items", "bolt"): {"number": "M-1"}},
        answers={"s": {"free": 3}},
    )
    found = explain(engine.run(compiled, "stock", {"item": "bolt"}, context), "number")
    assert found["sources"] == [{"path": "i.number", "value": "M-1"}]
    assert found["decisions"] == ['recall items "bolt"']
