"""Tables and lookups as rows of a sheet.

Rows: `table`, name, comment - `policy`, policy, aggregation - `use schema`, name, version - the line of
      columns, `row` first - one line a row - `otherwise` - `end` where it has a comment. A line whose
      first cell is `#` is a comment that stands above the next line.
"""

from collections.abc import Iterator

from dsl.exchange.content import (
    ColumnContent,
    Content,
    LookupContent,
    Notes,
    RowContent,
    TableContent,
)
from dsl.exchange.sheets import Grid, write_csv, write_xlsx
from dsl.exchange.writing import key_text

COMMENT = "comment"
ARROW = "=>"


def to_csv(content: Content) -> bytes:
    """A table or lookup as a CSV file."""
    return write_csv(sheet_rows(content))


def to_xlsx(content: Content) -> bytes:
    """A table or lookup as an XLSX file."""
    rows = sheet_rows(content)
    heads = next(number for number, row in enumerate(rows) if row[0] == "row" and ARROW in "".join(row))
    return write_xlsx(rows, content.name, heads)


def sheet_rows(content: Content) -> Grid:
    """A table or lookup as rows of texts."""
    return list(_table(content) if isinstance(content, TableContent) else _lookup(content))


def _table(table: TableContent) -> Iterator[list[str]]:
    yield from _above(table.head)
    yield ["table", table.name, table.head.end]
    yield ["policy", table.policy, table.aggregation if table.policy == "collect" else ""]
    yield from (["use schema", *use] for use in table.uses)
    if table.columns.end:
        yield ["columns", table.columns.end]
    yield from _above(table.columns)
    yield _heads(table.inputs, table.outputs)
    for row in table.rows:
        yield from _row(row.id, row)
    if table.otherwise is not None:
        yield from _above(table.default)
        yield ["otherwise", *("" for _ in table.inputs), *table.otherwise, table.default.end]
    yield from _end(table.end)


def _lookup(lookup: LookupContent) -> Iterator[list[str]]:
    yield from _above(lookup.head)
    yield ["lookup", lookup.name, lookup.head.end]
    if lookup.two_way:
        yield ["two_way", "true"]
    yield from (["use schema", *use] for use in lookup.uses)
    yield _heads(lookup.keys, lookup.results)
    for number, row in enumerate(lookup.rows, 1):
        yield from _row(str(number), row)
    yield from _end(lookup.end)


def _heads(inputs: tuple[ColumnContent, ...], outputs: tuple[ColumnContent, ...]) -> list[str]:
    heads = [f"{key_text(c.name)}: {c.type}" if c.name else c.type for c in (*inputs, *outputs)]
    heads[len(inputs) - 1] += f" {ARROW}"  # a cell that begins with it would be taken for a formula
    return ["row", *heads, COMMENT]


def _row(first: str, row: RowContent) -> Iterator[list[str]]:
    yield from _above(row.notes)
    yield [first, *row.inputs, *row.outputs, row.notes.end]


def _end(notes: Notes) -> Iterator[list[str]]:
    yield from _above(notes)
    if notes != Notes():
        yield ["end", notes.end]


def _above(notes: Notes) -> Iterator[list[str]]:
    yield from (["#", comment] for comment in notes.above)
