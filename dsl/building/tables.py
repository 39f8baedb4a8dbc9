"""The lines of lookups and decision tables."""

from typing import Any

from dsl import syntax
from dsl.building.expressions import collected
from dsl.building.parts import ColumnsLine, Leaf, OtherwiseLine, Several
from dsl.source import Span

Expression = syntax.Expression


def lookup_row(
    span: Span, _bar: Leaf, keys: Several[Expression], _arrow: Leaf, results: Several[Expression], *_end: Leaf
) -> syntax.LookupRow:
    """`| "1" => critical |`."""
    return syntax.LookupRow(span, tuple(keys.items), tuple(results.items))


def row_items(span: Span, *parts: Any) -> Several[Expression]:
    """Constants with `|` or commas between them."""
    return collected(span, parts)


def table_columns_line(
    span: Span,
    _bar: Leaf,
    _row: Leaf,
    _bar2: Leaf,
    inputs: Several[syntax.Column],
    _arrow: Leaf,
    outputs: Several[syntax.Column],
    *_end: Leaf,
) -> ColumnsLine:
    """`| row | a: text => b: text |`."""
    return ColumnsLine(span, tuple(inputs.items), tuple(outputs.items))


def first_column(span: Span, key: Leaf, _colon: Leaf, type: syntax.TypeRef) -> Several[syntax.Column]:
    """The first column of a side."""
    return Several(span, [syntax.Column(span, key.name, type)])


def more_columns(
    span: Span, columns: Several[syntax.Column], _bar: Leaf, key: Leaf, _colon: Leaf, type: syntax.TypeRef
) -> Several[syntax.Column]:
    """One column more."""
    return columns.add(span, syntax.Column(key.span.to(type.span), key.name, type))


def table_row(
    span: Span,
    _bar: Leaf,
    id: Leaf,
    _bar2: Leaf,
    cells: Several[syntax.Cell],
    _arrow: Leaf,
    outputs: Several[Expression],
    *_end: Leaf,
) -> syntax.TableRow:
    """`| r1 | a | - => b |`."""
    return syntax.TableRow(span, id.text, tuple(cells.items), tuple(outputs.items))


def otherwise(
    span: Span, _word: Leaf, _arrow: Leaf, outputs: Several[Expression], *_end: Leaf
) -> OtherwiseLine:
    """`otherwise => b |`."""
    return OtherwiseLine(span, tuple(outputs.items))


def cells(span: Span, *parts: Any) -> Several[syntax.Cell]:
    """Cells with `|` between them."""
    return collected(span, parts)


def outputs(span: Span, *parts: Any) -> Several[Expression]:
    """Output values with `|` between them."""
    return collected(span, parts)


def any_cell(span: Span, _minus: Leaf) -> syntax.AnyCell:
    """`-`."""
    return syntax.AnyCell(span)


def listed_cell(span: Span, items: Several[syntax.Cell]) -> syntax.Cell:
    """One condition, or several with commas between them."""
    return items.items[0] if len(items.items) == 1 else syntax.ListCell(span, tuple(items.items))


def condition_cell(span: Span, _mark: Leaf, condition: Expression) -> syntax.ConditionCell:
    """`? expr`."""
    return syntax.ConditionCell(span, condition)


def cell_items(span: Span, *parts: Any) -> Several[syntax.Cell]:
    """Conditions with commas between them."""
    return collected(span, parts)


def value_cell(span: Span, value: Expression) -> syntax.Cell:
    """One value; a text with * or ? in it is a pattern."""
    if isinstance(value, syntax.Literal) and value.kind == "text" and set(value.value) & {"*", "?"}:
        return syntax.PatternCell(span, value.value)
    return syntax.ValueCell(span, value)


def compare_cell(span: Span, sign: Leaf, value: Expression) -> syntax.CompareCell:
    """`>= 5%`."""
    return syntax.CompareCell(span, sign.text, value)


def range_cell(
    span: Span, open: Leaf, low: Expression, _dots: Leaf, high: Expression, close: Leaf
) -> syntax.RangeCell:
    """`[1..5)`."""
    return syntax.RangeCell(span, low, high, open.text == "[", close.text == "]")


def range_open(span: Span, bracket: Leaf) -> Leaf:
    """`[` takes the low end in, `(` leaves it out."""
    return bracket


def range_close(span: Span, bracket: Leaf) -> Leaf:
    """`]` takes the high end in, `)` leaves it out."""
    return bracket


def missing_cell(span: Span, _word: Leaf) -> syntax.MissingCell:
    """`missing`."""
    return syntax.MissingCell(span)


def not_cell(
    span: Span, _not: Leaf, _open: Leaf, items: Several[syntax.Cell], _close: Leaf
) -> syntax.NotCell:
    """`not(a, b)`."""
    return syntax.NotCell(span, tuple(items.items))


def cell_value(span: Span, value: Expression) -> Expression:
    """A constant as the value of a cell."""
    return value
