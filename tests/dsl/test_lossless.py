"""Tokens give the text back byte for byte, whatever the text; parsing never raises."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.parser import parse
from dsl.source import Source
from dsl.tree import parse_tree

PIECES = st.sampled_from(
    ["map a : nc -> x\n", "  id = nc.A", "end\n", "\n", "  each d in l into t\n", "if c\n", "else\n", "(", ")", "[", "]",
     "{", "}", '"text"', '"open', "# note\n", "on missing skip", "&", "+", " and ", "| r1 | - => x |\n", "table t\n",
     "12.5 EUR", "5%", "2026-01-31", "\t", "\r\n", "\ufeff", "\u202e", "ä", "=>", "..", "rule a\n", "then ", "lookup l(",
     "use schema ", "flow f\n", 'test "t"\n', "otherwise", ":", ",", ".", "-", "not ", "\\", "\x00", "\u2028"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=40).map("".join))


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_tokens_rebuild_the_text(text: str) -> None:
    assert "".join(token.text for token in parse_tree(text).tokens) == text


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_parsing_never_raises_and_places_every_finding_in_the_text(text: str) -> None:
    parsed = parse(Source("a.mw", text))
    assert all(0 <= d.span.start <= d.span.end <= len(text) for d in parsed.diagnostics)


@pytest.mark.parametrize("path", sorted(Path("examples").rglob("*.mw")), ids=str)
def test_example_modules_have_no_fault_of_the_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    parsed = parse(Source(str(path), text))
    assert parsed.diagnostics == ()
    assert "".join(token.text for token in parsed.tree.tokens) == text
