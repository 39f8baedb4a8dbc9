"""Edits of decision tables: one cell, one row, one line."""

from collections.abc import Mapping, Sequence

from dsl import syntax
from dsl.diagnostics import Edit
from dsl.edits.applying import (
    checked,
    end_of_block,
    indent_of,
    line_break,
    line_start,
    moved,
    refused,
    single_line,
    whole_lines,
)
from dsl.edits.rows import refilled, segments
from dsl.forms.reading import find
from dsl.parser import Parsed
from dsl.source import Span
from dsl.tree import Line

Cells = Sequence[str] | Mapping[str, str]
OTHERWISE = "otherwise"


def set_cell(parsed: Parsed, table: str, row_id: str, column: str, text: str) -> tuple[Edit, ...]:
    """Put another text into a cell; columns are the inputs, the outputs, `row` (its id) and `comment`.

    The default of the table is the row `otherwise`.
    """
    node = find(parsed, syntax.Table, table)
    line = _line(parsed, node, row_id)
    if column == "comment":
        return checked(parsed, [_comment_edit(parsed, line, text)])
    index = _index(node, row_id, column)
    parts = segments(parsed, line)
    if index >= len(parts):
        raise refused(f"row {row_id} has no cell {column}")
    segment = parts[index]
    text = text.strip()
    if segment.text.strip() == text:
        return ()
    _cell_checked(text, is_output=column in _names(node.outputs), is_id=column == "row")
    return checked(parsed, [Edit(parsed.source.path, segment.span, refilled(segment.text, text))])


def add_row(
    parsed: Parsed, table: str, after: str | None, cells: Cells, row_id: str | None = None
) -> tuple[Edit, ...]:
    """Add a row after another one, or (None) as the last; its id is the next free one unless given.

    Cells come in the order of the columns, or by their names; an input left out is `-`.
    """
    node = find(parsed, syntax.Table, table)
    texts = [row_id or free_id(node), *_in_order(node, cells)]
    for text, column in zip(texts, _columns(node), strict=True):
        _cell_checked(text, is_output=column in _names(node.outputs), is_id=column == "row")
    place, indent = _place(parsed, node, after)
    row = _row_text(parsed, node, texts)
    return checked(
        parsed, [Edit(parsed.source.path, Span(place, place), indent + row + line_break(parsed.source))]
    )


def remove_row(parsed: Parsed, table: str, row_id: str) -> tuple[Edit, ...]:
    """Take a row out."""
    line = _line(parsed, find(parsed, syntax.Table, table), row_id)
    return checked(parsed, [Edit(parsed.source.path, whole_lines(parsed.source, line.span), "")])


def move_row(parsed: Parsed, table: str, row_id: str, before: str | None) -> tuple[Edit, ...]:
    """Put a row before another one, or (None) last."""
    if row_id == before:
        return ()
    node = find(parsed, syntax.Table, table)
    span = whole_lines(parsed.source, _line(parsed, node, row_id).span)
    if before is None:
        place, _ = _place(parsed, node, None)
    else:
        place = line_start(parsed.source, _line(parsed, node, before).span.start)
    return moved(parsed, span, place)


def _names(columns: Sequence[syntax.Column]) -> list[str]:
    return [column.name for column in columns]


def _columns(node: syntax.Table) -> list[str]:
    return ["row", *_names(node.inputs), *_names(node.outputs)]


def _index(node: syntax.Table, row_id: str, column: str) -> int:
    """Which segment of the row's line a column is."""
    columns = _names(node.outputs) if row_id == OTHERWISE else _columns(node)
    if column not in columns:
        raise refused(f"table {node.name} has no column {column} there")
    return columns.index(column)


def _line(parsed: Parsed, node: syntax.Table, row_id: str) -> Line:
    """The line of a row: by its id, `raw:<number>`, or `otherwise`."""
    start: int | None = None
    if row_id == OTHERWISE and node.otherwise:
        start = node.otherwise[0].span.start
    for number, row in enumerate(node.rows, 1):
        if row_id == (row.id if isinstance(row, syntax.TableRow) else f"raw:{number}"):
            start = row.span.start
    line = parsed.tree.line_at(start) if start is not None else None
    if line is None:
        raise refused(f"table {node.name} has no row {row_id}")
    return line


def _cell_checked(text: str, *, is_output: bool, is_id: bool) -> None:
    """A cell that would be more than one cell is refused."""
    row = f"| {text} | - => x |" if is_id else f"| r | - => {text} |" if is_output else f"| r | {text} => x |"
    line = single_line(row, "table_line", syntax.TableRow, f"the cell `{text}`")
    bars = sum(token.text == "|" for token in line.tokens)
    if bars != 3 or "\n" in text:
        raise refused(f"`{text}` is not one cell")


def _comment_edit(parsed: Parsed, line: Line, text: str) -> Edit:
    text = " ".join(text.split())
    path = parsed.source.path
    if line.comment is None:
        return Edit(path, Span(line.span.end, line.span.end), f"  # {text}" if text else "")
    if not text:
        return Edit(path, Span(line.span.end, line.comment.span.end), "")
    return Edit(path, line.comment.span, f"# {text}")


def free_id(node: syntax.Table) -> str:
    """An id that no row has yet."""
    used = {row.id for row in node.rows if isinstance(row, syntax.TableRow)}
    number = len(node.rows) + 1
    while f"r{number}" in used:
        number += 1
    return f"r{number}"


def _in_order(node: syntax.Table, cells: Cells) -> list[str]:
    columns = _columns(node)[1:]
    if isinstance(cells, Mapping):
        unknown = [name for name in cells if name not in columns]
        if unknown:
            raise refused(f"table {node.name} has no column {unknown[0]}")
        inputs = _names(node.inputs)
        return [cells.get(name, "-" if name in inputs else "").strip() for name in columns]
    if len(cells) != len(columns):
        raise refused(f"a row of {node.name} has {len(columns)} cells, not {len(cells)}")
    return [cell.strip() for cell in cells]


def _place(parsed: Parsed, node: syntax.Table, after: str | None) -> tuple[int, str]:
    """Where a new row goes, and its indentation."""
    source = parsed.source
    header = _header(parsed, node)
    indent = indent_of(source, header.span.start)
    if after is not None:
        return whole_lines(source, _line(parsed, node, after).span).end, indent
    if node.rows:
        return whole_lines(source, node.rows[-1].span).end, indent
    if node.otherwise:
        return line_start(source, node.otherwise[0].span.start), indent
    return line_start(source, end_of_block(parsed, node).start), indent


def _header(parsed: Parsed, node: syntax.Table) -> Line:
    line = parsed.tree.line_at(node.inputs[0].span.start)
    assert line is not None
    return line


def _row_text(parsed: Parsed, node: syntax.Table, texts: Sequence[str]) -> str:
    """A row with its cells as wide as those of the line of columns."""
    widths = [len(segment.text) for segment in segments(parsed, _header(parsed, node))]
    return row_line(widths, texts, len(node.inputs))


def row_line(widths: Sequence[int], texts: Sequence[str], inputs: int) -> str:
    """The line of a row: its id, so many inputs, its outputs, each as wide as is given where it fits."""
    filled = [
        refilled(" " * width, text) for text, width in zip(texts, [*widths, *[0] * len(texts)], strict=False)
    ]
    return "|" + "|".join(filled[: inputs + 1]) + "=>" + "|".join(filled[inputs + 1 :]) + "|"
