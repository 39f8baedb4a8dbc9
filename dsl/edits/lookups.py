"""Edits of inline lookups: rows by their number from 1."""

from collections.abc import Sequence

from dsl import syntax
from dsl.diagnostics import Edit
from dsl.edits.applying import (
    checked,
    end_of_block,
    expression_checked,
    indent_of,
    line_break,
    line_start,
    refused,
    whole_lines,
)
from dsl.edits.rows import refilled, segments
from dsl.forms.reading import find
from dsl.parser import Parsed
from dsl.source import Span
from dsl.tree import Line


def set_lookup_row(parsed: Parsed, lookup: str, number: int, cells: Sequence[str]) -> tuple[Edit, ...]:
    """Other keys and results in a row; cells that stay the same keep their text."""
    node = find(parsed, syntax.Lookup, lookup)
    texts = _texts(node, cells)
    line = _line(parsed, node, number)
    parts = segments(parsed, line, commas=True)
    path = parsed.source.path
    if len(parts) != len(texts):
        return checked(parsed, [Edit(path, line.span, _row_text(node, texts, []))])
    return checked(
        parsed,
        [
            Edit(path, part.span, refilled(part.text, text))
            for part, text in zip(parts, texts, strict=True)
            if part.text.strip() != text
        ],
    )


def add_lookup_row(parsed: Parsed, lookup: str, after: int | None, cells: Sequence[str]) -> tuple[Edit, ...]:
    """A new row after the one of that number, or (None) as the last; after 0 it is the first."""
    node = find(parsed, syntax.Lookup, lookup)
    texts = _texts(node, cells)
    source = parsed.source
    if node.rows and after != 0:
        row = node.rows[-1] if after is None else node.rows[_position(node, after)]
        place, indent = whole_lines(source, row.span).end, indent_of(source, row.span.start)
    elif node.rows:
        place, indent = (
            line_start(source, node.rows[0].span.start),
            indent_of(source, node.rows[0].span.start),
        )
    else:
        end = end_of_block(parsed, node).start
        place, indent = line_start(source, end), indent_of(source, end) + "  "
    text = indent + _row_text(node, texts, _widths(parsed, node)) + line_break(source)
    return checked(parsed, [Edit(source.path, Span(place, place), text)])


def remove_lookup_row(parsed: Parsed, lookup: str, number: int) -> tuple[Edit, ...]:
    """Take a row out."""
    line = _line(parsed, find(parsed, syntax.Lookup, lookup), number)
    return checked(parsed, [Edit(parsed.source.path, whole_lines(parsed.source, line.span), "")])


def _texts(node: syntax.Lookup, cells: Sequence[str]) -> list[str]:
    expected = len(node.keys) + len(node.results)
    if len(cells) != expected:
        raise refused(f"a row of {node.name} has {expected} cells, not {len(cells)}")
    return [expression_checked(cell) for cell in cells]


def _position(node: syntax.Lookup, number: int) -> int:
    if not 1 <= number <= len(node.rows):
        raise refused(f"lookup {node.name} has no row {number}")
    return number - 1


def _line(parsed: Parsed, node: syntax.Lookup, number: int) -> Line:
    line = parsed.tree.line_at(node.rows[_position(node, number)].span.start)
    assert line is not None
    return line


def _widths(parsed: Parsed, node: syntax.Lookup) -> list[int]:
    """How wide the cells of the last row are."""
    if not node.rows or isinstance(node.rows[-1], syntax.Raw):
        return []
    return [len(part.text) for part in segments(parsed, _line(parsed, node, len(node.rows)), commas=True)]


def _row_text(node: syntax.Lookup, texts: Sequence[str], widths: Sequence[int]) -> str:
    filled = [
        refilled(" " * width, text) for text, width in zip(texts, [*widths, *[0] * len(texts)], strict=False)
    ]
    keys = len(node.keys)
    return "|" + "|".join(filled[:keys]) + "=>" + "|".join(filled[keys:]) + "|"


def set_two_way(parsed: Parsed, lookup: str, two_way: bool) -> tuple[Edit, ...]:
    """Declare that a lookup can be read backwards, or that it can't."""
    node = find(parsed, syntax.Lookup, lookup)
    if node.two_way is two_way:
        return ()
    end = node.results[-1].span.end
    if two_way:
        return checked(parsed, [Edit(parsed.source.path, Span(end, end), " two_way")])
    line = parsed.tree.line_at(node.span.start)
    assert line is not None
    return checked(parsed, [Edit(parsed.source.path, Span(end, line.tokens[-1].span.end), "")])
