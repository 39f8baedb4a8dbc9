"""Characters that make a text read differently from what it says are errors with a position."""

from collections.abc import Callable

import pytest

from dsl.edits import apply_edits
from dsl.parser import Parsed, parse
from dsl.source import Source

Read = Callable[[str], Parsed]


def in_map(line: str) -> str:
    return f"map a : nc -> x\n  {line}\nend\n"


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("f\u200bg = 1", 4),  # zero width space
        ("f = \u202eabc", 7),  # right-to-left override
        ("\u0435vil = 1", 3),  # Cyrillic e
        ("f = nc.\u0391", 10),  # Greek capital alpha
        ("f\u00a0= 1", 4),  # no-break space
        ("f = \u201cx\u201d", 7),  # typographic quotes
        ("f = 1  # hidden \u2066 turn", 19),  # in a comment
        ('f = "a\u202eb"', 9),  # a direction mark even inside a text
    ],
)
def test_they_are_reported_where_they_stand(read: Read, line: str, column: int) -> None:
    parsed = read(in_map(line))
    assert {d.code for d in parsed.diagnostics} == {"M104"}
    assert parsed.source.position(parsed.diagnostics[0].span.start) == (2, column)


@pytest.mark.parametrize(
    "line",
    ['f = "Größe 直径 \u05d0\u05d1 \u0435"', "f = 1  # Prüfung: größer", 'f = nc."Größe"', 'f = "\\u{202E}"'],
)
def test_other_languages_are_welcome_in_texts_and_comments(read: Read, line: str) -> None:
    assert read(in_map(line)).diagnostics == ()


@pytest.mark.parametrize(
    ("line", "fixed"),
    [("f\u00a0= 1", "f = 1"), ("f\u200b = 1", "f = 1"), ("f = \u201cx\u201d", 'f = "x"'), ("f = a \u2212 b", "f = a - b")],
)  # fmt: skip
def test_fixes_make_the_line_plain(read: Read, line: str, fixed: str) -> None:
    parsed = read(in_map(line))
    edits = [edit for d in parsed.diagnostics for fix in d.fixes for edit in fix.edits]
    text = apply_edits(parsed.source.text, edits)
    assert text == in_map(fixed)
    assert parse(Source("a", text)).diagnostics == ()


def test_byte_order_mark_and_windows_line_breaks_are_white_space(read: Read) -> None:
    assert read("\ufeff" + in_map("f = 1 # x").replace("\n", "\r\n")).diagnostics == ()
