"""A table or lookup taken out of a module, its comments with it."""

from typing import TypeVar

from dsl import syntax
from dsl.errors import ExchangeError
from dsl.exchange.content import (
    ColumnContent,
    LookupContent,
    Notes,
    RowContent,
    TableContent,
)
from dsl.forms.reading import find
from dsl.parser import Parsed
from dsl.printing.spacing import spaced
from dsl.tree import Line

Row = TypeVar("Row", syntax.TableRow, syntax.LookupRow)
_BUILT_IN = frozenset(
    "text integer decimal percent boolean date time datetime duration quantity money any list enum".split()
)


def read_table(parsed: Parsed, name: str) -> TableContent:
    """The decision table of that name; ExchangeError where a line of it can't be read."""
    node = find(parsed, syntax.Table, name)
    rows = _whole(node.rows, f"table {name}", parsed)
    inputs, outputs = _columns(parsed, node.inputs), _columns(parsed, node.outputs)
    return TableContent(
        name,
        node.policy,
        node.aggregation,
        inputs,
        outputs,
        tuple(_row(parsed, row.id, row, row.cells, row.outputs) for row in rows),
        None if node.otherwise is None else tuple(text_of(parsed, value) for value in node.otherwise),
        _uses(parsed, (*inputs, *outputs)),
        _notes(parsed, node),
        _notes(parsed, node.inputs[0]) if node.inputs else Notes(),
        _notes(parsed, node.otherwise[0]) if node.otherwise else Notes(),
        _end(parsed, node),
    )


def read_lookup(parsed: Parsed, name: str) -> LookupContent:
    """The inline lookup of that name; ExchangeError where a line of it can't be read."""
    node = find(parsed, syntax.Lookup, name)
    rows = _whole(node.rows, f"lookup {name}", parsed)
    keys, results = _columns(parsed, node.keys), _columns(parsed, node.results)
    named = {c.span: c.name for c in (*node.keys, *node.results)}
    unnamed = {span for span in named if ":" not in parsed.source.slice(span)}
    keys, results = (
        tuple(
            ColumnContent("" if column.span in unnamed else column.name, content.type)
            for column, content in zip(nodes, contents, strict=True)
        )
        for nodes, contents in ((node.keys, keys), (node.results, results))
    )
    return LookupContent(
        name,
        keys,
        results,
        tuple(_row(parsed, "", row, row.keys, row.results) for row in rows),
        node.two_way,
        _uses(parsed, (*keys, *results)),
        _notes(parsed, node),
        _end(parsed, node),
    )


def text_of(parsed: Parsed, node: syntax.Node) -> str:
    """The text of a node on one line, one space where white space stood."""
    line = parsed.tree.line_at(node.span.start)
    tokens = line.tokens if line is not None else []
    return spaced([token for token in tokens if node.span.start <= token.start < node.span.end])


def _whole(rows: tuple[Row | syntax.Raw, ...], where: str, parsed: Parsed) -> list[Row]:
    broken = [row for row in rows if isinstance(row, syntax.Raw)]
    if broken:
        lines = [f"line {parsed.source.position(row.span.start)[0]}: {row.text.strip()}" for row in broken]
        raise ExchangeError(f"{where} has lines that can't be read", lines)
    return [row for row in rows if not isinstance(row, syntax.Raw)]


def _columns(parsed: Parsed, columns: tuple[syntax.Column, ...]) -> tuple[ColumnContent, ...]:
    return tuple(ColumnContent(column.name, text_of(parsed, column.type)) for column in columns)


def _row(
    parsed: Parsed,
    id: str,
    row: syntax.Node,
    inputs: tuple[syntax.Node, ...],
    outputs: tuple[syntax.Node, ...],
) -> RowContent:
    texts = [tuple(text_of(parsed, cell) for cell in side) for side in (inputs, outputs)]
    return RowContent(id, texts[0], texts[1], _notes(parsed, row))


def _notes(parsed: Parsed, node: syntax.Node) -> Notes:
    line = parsed.tree.line_at(node.span.start)
    return Notes() if line is None else _of_line(parsed, line)


def _of_line(parsed: Parsed, line: Line) -> Notes:
    """The comments of a line; those inside a line of several lines of text go above it."""
    inside = []
    if "\n" in parsed.source.slice(line.span):
        inside = [
            token.text[1:].strip()
            for token in parsed.tree.tokens
            if token.kind == "comment" and line.span.start < token.start < line.span.end
        ]
    above = (*(comment.text[1:].strip() for comment in line.above), *inside)
    return Notes(above, line.comment.text[1:].strip() if line.comment else "")


def _end(parsed: Parsed, node: syntax.Node) -> Notes:
    """The comments of the line that closes the block."""
    lines = parsed.tree.lines_between(node.span.start, node.span.end)
    closing = lines[-1] if lines and lines[-1].first == "end" else None
    if closing is None:
        closing = next((line for line in parsed.tree.lines_between(node.span.end, node.span.end + 1)), None)
    return _of_line(parsed, closing) if closing is not None and closing.first == "end" else Notes()


def _uses(parsed: Parsed, columns: tuple[ColumnContent, ...]) -> tuple[tuple[str, str], ...]:
    """The schemas the module uses, where a column has a type of one."""
    words = {word for column in columns for word in column.type.rstrip("?").replace("(", " ").split()[:1]}
    if all(word.partition("{")[0] in _BUILT_IN for word in words) and not any(
        "of " in c.type for c in columns
    ):
        return ()
    return tuple((use.name, use.version) for use in parsed.module.uses if isinstance(use, syntax.UseSchema))
