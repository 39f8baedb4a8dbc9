"""The how-to page of flows is a rule set without findings, and its tests pass."""

import re
from pathlib import Path

from dsl.checker import check
from rules.testing import run_tests

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "flows.md"
BLOCK = re.compile(r"^`([\w./@-]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_works_as_it_is_written() -> None:
    files = {path: text.encode() for path, text in BLOCK.findall(PAGE.read_text("utf-8"))}
    program = check(files)
    assert [d.message for d in program.diagnostics] == []
    report = run_tests(program, {})
    assert [(r.name, r.message) for r in report.results if not r.passed] == []
    assert report.coverage["steps"]["missing"] == []
