"""The line of a table or lookup row as segments between its bars, and new text in one of them."""

from dataclasses import dataclass

from dsl.parser import Parsed
from dsl.source import Span
from dsl.tree import CLOSING, OPENING, Line, Token


@dataclass(frozen=True, slots=True)
class Segment:
    """What stands between two separators of a row, white space included."""

    span: Span
    text: str


def segments(parsed: Parsed, line: Line, commas: bool = False) -> list[Segment]:
    """The segments of a row; with `commas` those divide too, outside brackets."""
    bars = _bars(line, commas)
    found = [Span(a.span.end, b.start) for a, b in zip(bars, bars[1:], strict=False)]
    if bars and bars[-1] is not line.tokens[-1]:
        found.append(Span(bars[-1].span.end, line.span.end))
    return [Segment(span, parsed.source.slice(span)) for span in found]


def _bars(line: Line, commas: bool) -> list[Token]:
    depth = 0
    bars = []
    for token in line.tokens:
        if token.text in OPENING:
            depth += 1
        elif token.text in CLOSING:
            depth -= 1
        elif (
            token.kind == "operator"
            and depth == 0
            and (token.text in ("|", "=>") or (commas and token.text == ","))
        ):
            bars.append(token)
    return bars


def refilled(old: str, text: str) -> str:
    """New text in a segment: the same margin, and the same width where it fits."""
    if old.strip() == text.strip():
        return old
    left = " " if old == old.lstrip() or not old.strip() else old[: len(old) - len(old.lstrip())]
    right = 1 if len(left) + len(text) + 1 > len(old) else len(old) - len(left) - len(text)
    return left + text + " " * right
