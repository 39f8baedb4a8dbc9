"""docs/faults.md names a test for each fault that must be survived, and every fault test stands there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "faults"
LEAST = 40


def rows() -> list[tuple[str, list[str]]]:
    """Each fault of the page with the tests that make it."""
    lines = (ROOT / "docs" / "faults.md").read_text("utf-8").splitlines()
    cells = [line.strip("|").split("|") for line in lines if line.startswith("| ") and "::" in line]
    return [(row[0].strip(), re.findall(r"`(\w+\.py::\w+)`", row[2])) for row in cells]


def written() -> set[str]:
    """Every test of tests/faults, as `file::test`."""
    return {
        f"{path.name}::{node.name}"
        for path in FOLDER.glob("test_*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_fault_of_the_page_has_a_test_that_is_there() -> None:
    named = {test for _, tests in rows() for test in tests}
    assert named <= written()
    assert all(tests for _, tests in rows())


def test_every_fault_test_stands_on_the_page() -> None:
    named = {test for _, tests in rows() for test in tests}
    files = {test.partition("::")[0] for test in named}
    assert {test for test in written() if test.partition("::")[0] in files} == named


def test_there_are_as_many_faults_as_were_promised() -> None:
    assert len({test for _, tests in rows() for test in tests}) >= LEAST
