"""Edits of a decision table as a whole: its columns, its policy, its default."""

from collections.abc import Iterator, Sequence
from typing import Literal

from dsl import syntax
from dsl.diagnostics import Edit
from dsl.edits.applying import checked, end_of_block, indent_of, line_break, line_start, refused, whole_lines
from dsl.edits.rows import refilled, segments
from dsl.forms.reading import find
from dsl.parser import Parsed
from dsl.source import Span
from dsl.tree import Line

Side = Literal["input", "output"]


def add_column(
    parsed: Parsed, table: str, side: Side, name: str, type: str, value: str = "-"
) -> tuple[Edit, ...]:
    """A new last input or output; each row gets `value` in it (the default too, for an output)."""
    node = _whole(parsed, table)
    index = len(node.inputs) + (len(node.outputs) if side == "output" else 0)
    edits = [_appended(parsed, _header(parsed, node), index, f"{name.strip()}: {type.strip()}")]
    for line, before in _row_lines(parsed, node):
        if side == "output" or not before:
            edits.append(_appended(parsed, line, index - before, value.strip()))
    return checked(parsed, edits)


def remove_column(parsed: Parsed, table: str, column: str) -> tuple[Edit, ...]:
    """Take a column out of the head and of every row."""
    node = _whole(parsed, table)
    index, side = _index(node, column)
    if len(side) == 1:
        raise refused(f"{column} is the only column of its side: a table needs an input and an output")
    edits = [_without(parsed, _header(parsed, node), index)]
    for line, before in _row_lines(parsed, node):
        if index >= before:
            edits.append(_without(parsed, line, index - before))
    return checked(parsed, edits)


def set_column(parsed: Parsed, table: str, column: str, name: str, type: str) -> tuple[Edit, ...]:
    """Another name or type of a column; cells and calls stay as they are."""
    node = find(parsed, syntax.Table, table)
    index, _ = _index(node, column)
    segment = segments(parsed, _header(parsed, node))[index]
    text = refilled(segment.text, f"{name.strip()}: {type.strip()}")
    return checked(parsed, [Edit(parsed.source.path, segment.span, text)])


def set_table_policy(parsed: Parsed, table: str, policy: str, aggregation: str = "") -> tuple[Edit, ...]:
    """Another hit policy, for collect with what it makes of the rows."""
    node = find(parsed, syntax.Table, table)
    if policy.strip() == node.policy and (
        policy.strip() != "collect" or aggregation.strip() == node.aggregation
    ):
        return ()
    line = parsed.tree.line_at(node.span.start)
    assert line is not None
    words = " ".join(["policy", policy.strip(), *([aggregation.strip()] if aggregation.strip() else [])])
    return checked(
        parsed, [Edit(parsed.source.path, Span(line.tokens[1].span.end, line.span.end), f" {words}")]
    )


def set_otherwise(parsed: Parsed, table: str, values: Sequence[str] | None) -> tuple[Edit, ...]:
    """What the table gives where no row fits; None takes the default out."""
    node = find(parsed, syntax.Table, table)
    path = parsed.source.path
    if node.otherwise:
        span = whole_lines(parsed.source, Span(node.otherwise[0].span.start, node.otherwise[-1].span.end))
        if values is None:
            return checked(parsed, [Edit(path, span, "")])
        segs = segments(parsed, _line(parsed, node.otherwise[0].span.start))
        both = zip(segs, values, strict=True)
        return checked(
            parsed, [Edit(path, seg.span, refilled(seg.text, value.strip())) for seg, value in both]
        )
    if values is None:
        return ()
    place = line_start(parsed.source, end_of_block(parsed, node).start)
    indent = indent_of(parsed.source, _header(parsed, node).span.start)
    text = (
        f"{indent}otherwise => {' | '.join(value.strip() for value in values)} |{line_break(parsed.source)}"
    )
    return checked(parsed, [Edit(path, Span(place, place), text)])


def _whole(parsed: Parsed, table: str) -> syntax.Table:
    """A table whose rows all parse: a column of the others could not be told."""
    node = find(parsed, syntax.Table, table)
    if any(isinstance(row, syntax.Raw) for row in node.rows):
        raise refused(f"a row of {table} does not parse; mend it first, or its cells would go out of step")
    return node


def _index(node: syntax.Table, column: str) -> tuple[int, tuple[syntax.Column, ...]]:
    """Which segment of a row a column is (its id is the first), and the columns of its side."""
    for side, first in ((node.inputs, 1), (node.outputs, 1 + len(node.inputs))):
        for number, one in enumerate(side):
            if one.name == column:
                return first + number, side
    raise refused(f"table {node.name} has no column {column}")


def _line(parsed: Parsed, offset: int) -> Line:
    line = parsed.tree.line_at(offset)
    assert line is not None
    return line


def _header(parsed: Parsed, node: syntax.Table) -> Line:
    return _line(parsed, node.inputs[0].span.start)


def _row_lines(parsed: Parsed, node: syntax.Table) -> Iterator[tuple[Line, int]]:
    """The line of each row and of the default, with how many segments it lacks at its left."""
    for row in node.rows:
        yield _line(parsed, row.span.start), 0
    if node.otherwise:
        yield _line(parsed, node.otherwise[0].span.start), 1 + len(node.inputs)


def _appended(parsed: Parsed, line: Line, after: int, text: str) -> Edit:
    """A new segment after one of a line."""
    segment = segments(parsed, line)[after]
    gap = "" if segment.text.endswith(" ") else " "
    return Edit(parsed.source.path, Span(segment.span.end, segment.span.end), f"{gap}| {text} ")


def _without(parsed: Parsed, line: Line, index: int) -> Edit:
    """A segment out of a line, with the bar behind it, or before it where `=>` is behind it."""
    parts = segments(parsed, line)
    span, last = parts[index].span, index + 1 == len(parts)
    behind = "" if last else parsed.source.slice(Span(span.end, parts[index + 1].span.start))
    cut = (
        Span(span.start, parts[index + 1].span.start)
        if behind == "|"
        else Span(parts[index - 1].span.end, span.end)
    )
    return Edit(parsed.source.path, cut, "")
