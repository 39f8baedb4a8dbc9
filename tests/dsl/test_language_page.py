"""The page about the language: every example is read without a finding and stands as the formatter lays it out."""

import re
from pathlib import Path

import pytest

from dsl import syntax
from dsl.parser import parse
from dsl.printer import format_text
from dsl.source import Source

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "language.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```mw\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.split("\n")[0][:40])
def test_an_example_is_read_without_a_finding(text: str) -> None:
    assert [d.message for d in parse(Source("page.mw", text)).diagnostics] == []


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.split("\n")[0][:40])
def test_an_example_is_laid_out_as_the_formatter_does(text: str) -> None:
    assert format_text(Source("page.mw", text)) == text


def test_the_page_shows_every_declaration_there_is() -> None:
    shown = {type(node) for text in EXAMPLES for node in parse(Source("page.mw", text)).module.declarations}
    wanted = {
        syntax.Map,
        syntax.Lookup,
        syntax.Table,
        syntax.Rules,
        syntax.Flow,
        syntax.Test,
        syntax.Function,
    }
    assert shown >= wanted | {syntax.Dataset, syntax.Playbook, syntax.Type}


def test_every_link_inside_the_page_leads_somewhere() -> None:
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in PAGE.splitlines()
        if line.startswith("#")
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors
