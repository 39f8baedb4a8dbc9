"""What holds for every program of the cases: nothing is lost, forms give back what they got, fixes fix."""

import json
from collections.abc import Iterator
from functools import cache

import pytest

from dsl.checker import check
from dsl.codes import CODES
from dsl.diagnostics import to_json
from dsl.edits import EditError
from dsl.parser import parse
from dsl.printer import format_text
from dsl.program import Program
from dsl.source import Source
from dsl.tree import parse_tree
from rules.diff import semantic_diff
from tests.spec.fixing import codes_in, samples, unsettled
from tests.spec.identity import changes
from tests.spec.rulesets import chapters, files

CHAPTERS = {chapter: (shared, cases) for chapter, shared, cases in chapters()}
pytestmark = pytest.mark.parametrize("chapter", CHAPTERS)


@cache
def programs(chapter: str) -> list[tuple[str, dict[str, bytes], Program]]:
    """Name, files and checked program of each case."""
    shared, cases = CHAPTERS[chapter]
    found = []
    for case in cases:
        sources = files(shared, case)
        found.append((case["name"], sources, check(sources, samples(sources))))
    return found


def modules(chapter: str) -> Iterator[tuple[str, str, dict[str, bytes], Program]]:
    """Each module: name of the case, its text, the files around it, the program."""
    for name, sources, program in programs(chapter):
        for path in sources:
            if path.endswith(".mw"):
                yield name, path, sources, program


def text_of(sources: dict[str, bytes], path: str) -> str:
    return sources[path].decode()


def test_tokens_give_the_text_back(chapter: str) -> None:
    for name, path, sources, _ in modules(chapter):
        text = text_of(sources, path)
        assert "".join(token.text for token in parse_tree(text).tokens) == text, name


def test_format_is_idempotent_and_changes_no_meaning(chapter: str) -> None:
    for name, path, sources, program in modules(chapter):
        once = format_text(Source(path, text_of(sources, path)))
        assert format_text(Source(path, once)) == once, name
        if once != text_of(sources, path):
            formatted = check({**sources, path: once.encode()}, samples(sources))
            assert codes_in(formatted) == codes_in(program), name
            assert semantic_diff(program, formatted) == [], name


def test_every_cell_of_a_form_gives_back_its_text(chapter: str) -> None:
    wrong = []
    for name, path, sources, _ in modules(chapter):
        parsed = parse(Source(path, text_of(sources, path)))
        try:
            wrong += [f"{name}: {where}" for where, edits in changes(parsed) if edits]
        except EditError as error:
            wrong.append(f"{name}: {error}")
    assert wrong == []


def test_a_program_differs_in_nothing_from_itself(chapter: str) -> None:
    for name, sources, program in programs(chapter):
        assert semantic_diff(program, check(sources, samples(sources))) == [], name


def test_findings_are_data(chapter: str) -> None:
    for name, _, program in programs(chapter):
        for diagnostic in program.diagnostics:
            shown = json.loads(json.dumps(to_json(diagnostic, program.sources)))
            assert (
                shown["code"] in CODES and shown["message"] and shown["line"] >= 1 and shown["column"] >= 1
            ), name
            assert "{" not in shown["message"].replace("enum{", "").replace("record{", ""), (
                name,
                shown["message"],
            )
            end = (shown["end_line"], shown["end_column"])
            assert end >= (shown["line"], shown["column"]), name


def test_every_fix_settles_its_finding(chapter: str) -> None:
    wrong = []
    for name, sources, program in programs(chapter):
        for diagnostic in program.diagnostics:
            wrong += [f"{name}: {text}" for text in unsettled(sources, program, diagnostic)]
    assert wrong == []
