"""What a form shows, put back unchanged, changes neither the form nor the text's meaning; format changes no form."""

from collections.abc import Iterator
from typing import Any

import pytest

from dsl import edits, syntax
from dsl.forms import map_form, table_form
from dsl.parser import Parsed, parse
from dsl.printer import format_text
from dsl.source import Source
from tests.fuzzing.inputs import modules
from tests.rules.documents import HEAD
from tests.rules.programs import Generator

TEXTS = [*modules(), *(format_text(Source("m.mw", HEAD + Generator(seed).program())) for seed in range(12))]


def read(text: str) -> Parsed:
    """A module."""
    return parse(Source("m.mw", text))


def without_lines(form: Any) -> Any:
    """A form without where its rows stand."""
    if isinstance(form, dict):
        return {name: without_lines(value) for name, value in form.items() if name != "line"}
    return [without_lines(value) for value in form] if isinstance(form, list) else form


def names(parsed: Parsed, kind: type) -> Iterator[str]:
    """The declarations of a kind."""
    yield from (node.name for node in parsed.module.declarations if isinstance(node, kind))


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_row_put_back_as_it_is_changes_nothing(text: str) -> None:
    parsed = read(text)
    for name in names(parsed, syntax.Map):
        before = map_form(parsed, name)
        for row in before["rows"]:
            if row["kind"] in ("field", "let", "each", "check") and row.get("expression"):
                handlers = row["handlers"] if row["kind"] in ("field", "let") else None
                made = edits.set_field(parsed, name, row["id"], row["expression"], handlers)
                after = map_form(read(edits.apply_edits(text, made)), name)
                assert without_lines(after) == without_lines(before), row["id"]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_cell_put_back_as_it_is_changes_no_byte(text: str) -> None:
    parsed = read(text)
    for name in names(parsed, syntax.Table):
        form = table_form(parsed, name)
        columns = [column["name"] for column in form["inputs"]]
        for row in form["rows"]:
            for column, cell in zip(columns, row["cells"], strict=True):
                assert edits.set_cell(parsed, name, row["id"], column, cell) == ()


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_format_changes_no_form(text: str) -> None:
    parsed, made = read(text), read(format_text(Source("m.mw", text)))
    for name in names(parsed, syntax.Map):
        spread = without_lines(map_form(parsed, name)), without_lines(map_form(made, name))
        assert " ".join(str(spread[0]).replace("\\n", " ").split()) == " ".join(
            str(spread[1]).replace("\\n", " ").split()
        )
