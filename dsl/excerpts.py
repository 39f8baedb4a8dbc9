"""A finding as a terminal shows it: message, the lines it is about with carets and labels, help, numbered fixes.

The result is pieces of text with a role each (`error`, `warning`, `title`, `place`, `label`, or none), so that
whoever prints it may colour them. What stands in the lines is shown as it is, but no character of it moves the
cursor or colours the terminal.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from dsl.diagnostics import Diagnostic, Label
from dsl.source import Source, Span

TAB = "    "
LONGEST = 160
_AROUND = 40


class Piece(NamedTuple):
    """Some text and what it is."""

    text: str
    role: str = ""


class _Mark(NamedTuple):
    """Characters of one line that are pointed at."""

    line: int
    start: int
    end: int
    sign: str
    words: str


def excerpt(found: Diagnostic, sources: Mapping[str, Source]) -> list[Piece]:
    """The pieces of one finding, its line breaks included."""
    role = str(found.severity)
    pieces = [Piece(f"{role}[{found.code}]", role), Piece(f" {shown(found.message)}\n", "title")]
    source = sources.get(found.file)
    own = [label for label in found.labels if label.file == found.file]
    margin = 1
    if source is None:
        pieces.append(Piece(f"  --> {found.file}\n", "place"))
    else:
        marks = list(_marks(source, found, own))
        margin = max(len(str(mark.line)) for mark in marks)
        pieces += _lines(
            source, source.position(min(found.span.start, len(source.text))), marks, margin, role
        )
    for label in found.labels:
        if label.file != found.file:
            pieces += _elsewhere(label, sources, margin)
    for number, words in enumerate(found.help):
        pieces.append(Piece(f" {' ' * margin} = {'help:' if not number else '     '} {shown(words)}\n"))
    for number, fix in enumerate(found.fixes, 1):
        head = f"fix {number}:" if len(found.fixes) > 1 else "fix:"
        pieces.append(Piece(f" {' ' * margin} = {head:<5} {shown(fix.title)}\n"))
    return pieces


def _elsewhere(label: Label, sources: Mapping[str, Source], margin: int) -> list[Piece]:
    """A label in another file: its place, and its line where there is one."""
    source = sources.get(label.file)
    if source is None:
        return [
            Piece(f" {' ' * margin}::: {label.file}: ", "place"),
            Piece(f"{shown(label.message)}\n", "label"),
        ]
    mark = _mark(source, label.span, "-", label.message)
    place = source.position(min(label.span.start, len(source.text)))
    return _lines(source, place, [mark], max(margin, len(str(mark.line))), "label", ":::")


def _marks(source: Source, found: Diagnostic, labels: Sequence[Label]) -> Iterator[_Mark]:
    """The finding itself and its labels in the same file; one on the same span gives it its words."""
    same = [label.message for label in labels if label.span == found.span]
    yield _mark(source, found.span, "^", "; ".join(same))
    for label in labels:
        if label.span != found.span:
            yield _mark(source, label.span, "-", label.message)


def _mark(source: Source, span: Span, sign: str, words: str) -> _Mark:
    start = min(span.start, len(source.text))
    line, column = source.position(start)
    end_line, end_column = source.position(min(span.end, len(source.text)))
    end = end_column if end_line == line else len(source.line(line).rstrip()) + 1
    return _Mark(line, column - 1, max(end - 1, column), sign, words)


def _lines(
    source: Source, place: tuple[int, int], marks: Sequence[_Mark], margin: int, role: str, arrow: str = "-->"
) -> list[Piece]:
    """Every marked line once, in order, with its marks below it; lines between are left out."""
    space = " " * margin
    pieces = [
        Piece(f" {space}{arrow} {source.path}:{place[0]}:{place[1]}\n", "place"),
        Piece(f" {space} |\n", "place"),
    ]
    before = 0
    for line in sorted({mark.line for mark in marks}):
        if before and line > before + 1:
            pieces.append(Piece(f" {'.' * min(margin, 3)}\n", "place"))
        before = line
        text = source.line(line)
        here = sorted((mark for mark in marks if mark.line == line), key=lambda m: (m.sign != "^", m.start))
        cut = _cut(text, here[0])
        pieces += [
            Piece(f" {line:>{margin}} | ", "place"),
            Piece(f"{shown(text[cut.start : cut.end]).rstrip()}\n"),
        ]
        for mark in here:
            pieces += [Piece(f" {space} | ", "place"), *_carets(text, mark, cut, role)]
    return pieces


def _cut(text: str, mark: _Mark) -> Span:
    """The part of a long line around its mark."""
    if len(text) <= LONGEST:
        return Span(0, len(text))
    start = max(0, min(mark.start - _AROUND, len(text) - LONGEST))
    return Span(start, start + LONGEST)


def _carets(text: str, mark: _Mark, cut: Span, role: str) -> list[Piece]:
    start, end = max(mark.start, cut.start), min(mark.end, cut.end)
    indent = width(shown(text[cut.start : start])) if start <= cut.end else 0
    under = max(1, width(shown(text[start:end])))
    words = f" {shown(mark.words)}" if mark.words else ""
    own = role if mark.sign == "^" else "label"
    return [Piece(" " * indent), Piece(mark.sign * under + words + "\n", own)]


def shown(text: str) -> str:
    """A text on one line in which nothing acts on the terminal."""
    return "".join(
        TAB if char == "\t" else char if char.isprintable() else "\ufffd" for char in text.rstrip("\r\n")
    )


def width(text: str) -> int:
    """How many cells a text takes: wide characters two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )
