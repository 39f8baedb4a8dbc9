"""Rows of a table that can fit one input: decided for values, comparisons, ranges, lists and `missing`.

A cell becomes a set over its column: finitely many points, the open gaps between them, and `missing`.
Patterns and free conditions can't be decided here and count as never overlapping.
"""

from collections.abc import Callable, Sequence
from typing import Any

from dsl import syntax, types
from dsl.checking.constants import constant_value
from dsl.checking.session import Session, Site
from dsl.functions.lists import order_key
from dsl.program import CheckedTable

_MISSING: Any = type("Missing", (), {"__repr__": lambda self: "missing"})()
_MOST_ROWS = 400
Member = Callable[["Point"], bool]


class Point:
    """A sample of a column: a value itself, what lies just above it, or `missing`; side -1 is below all."""

    __slots__ = ("side", "value")

    def __init__(self, value: Any, side: int = 0) -> None:
        self.value = value
        self.side = side


def order_value(value: Any) -> Any:
    """What a value is compared by."""
    return order_key(value)


def decidable(row: syntax.TableRow) -> bool:
    """Whether it can be said at compile time which inputs a row fits."""
    return all(map(_decidable_cell, row.cells))


def _decidable_cell(cell: syntax.Cell) -> bool:
    match cell:
        case syntax.PatternCell() | syntax.ConditionCell():
            return False
        case syntax.ListCell(cells=cells) | syntax.NotCell(cells=cells):
            return all(map(_decidable_cell, cells))
        case _:
            return True


def _constants(cell: syntax.Cell) -> list[Any]:
    match cell:
        case syntax.ValueCell(value=value) | syntax.CompareCell(value=value):
            return [order_value(constant_value(value))]
        case syntax.RangeCell(low=low, high=high):
            return [order_value(constant_value(end)) for end in (low, high)]
        case syntax.ListCell(cells=cells) | syntax.NotCell(cells=cells):
            return [value for inner in cells for value in _constants(inner)]
        case _:
            return []


def _fits(cell: syntax.Cell, point: Point) -> bool:
    """Whether a sample of the column fits the cell."""
    gone = point.value is _MISSING
    match cell:
        case syntax.AnyCell():
            return True
        case syntax.MissingCell():
            return gone
        case syntax.ListCell(cells=cells):
            return any(_fits(inner, point) for inner in cells)
        case syntax.NotCell(cells=cells):
            return not any(_fits(inner, point) for inner in cells)
        case _ if gone:
            return False
        case syntax.ValueCell(value=value):
            return _compare(point, "=", order_value(constant_value(value)))
        case syntax.CompareCell(operator=operator, value=value):
            return _compare(point, operator, order_value(constant_value(value)))
        case syntax.RangeCell(low=low, high=high, low_closed=closed, high_closed=high_closed):
            above = _compare(point, ">=" if closed else ">", order_value(constant_value(low)))
            return above and _compare(point, "<=" if high_closed else "<", order_value(constant_value(high)))
    return False


def _compare(point: Point, operator: str, value: Any) -> bool:
    same = point.side == 0 and point.value == value
    less = point.side < 0 or (point.value is not None and point.value < value)
    match operator:
        case "=":
            return bool(same)
        case "<>":
            return not same
        case "<":
            return bool(less)
        case "<=":
            return bool(less or same)
        case ">":
            return not (less or same)
        case _:
            return not less


def samples(of: types.Type, cells: Sequence[syntax.Cell]) -> list[Point]:
    """Samples of a column that tell its cells apart."""
    points: list[Point] = []
    kind = types.present(of)
    if isinstance(kind, types.Enum):
        points = [Point(value) for value in kind.values]
    elif kind == types.BOOLEAN:
        points = [Point(True), Point(False)]
    else:
        values = sorted({value for cell in cells for value in _constants(cell)})
        points = [Point(None, -1)] if values else [Point("", 0)]
        for value in values:
            points += [Point(value), Point(value, 1)]
    return points + [Point(_MISSING)] if isinstance(of, types.Maybe) else points


def check_overlaps(session: Session, site: Site, checked: CheckedTable, rows: Sequence[syntax.TableRow]) -> None:
    """Under unique and any: rows that fit one input. Under first: rows that one row above takes whole."""
    node = checked.node
    plain = [row for row in rows if decidable(row)][:_MOST_ROWS]
    if node.policy not in ("unique", "any", "first") or len(plain) < 2:
        return
    try:
        grids = [samples(of, [row.cells[i] for row in plain]) for i, (_, of) in enumerate(checked.inputs)]
        masks = {row: [_mask(cell, grid) for cell, grid in zip(row.cells, grids, strict=True)] for row in plain}
    except (TypeError, LookupError):
        return
    for index, row in enumerate(plain):
        for above in plain[:index]:
            if node.policy == "first":
                if all(mine & ~theirs == 0 for mine, theirs in zip(masks[row], masks[above], strict=True)):
                    _report_hidden(session, site, node, row, above)
                    break
                continue
            common = [mine & theirs for mine, theirs in zip(masks[row], masks[above], strict=True)]
            if all(common):
                _report_overlap(session, site, checked, above, row, _example(checked, grids, common))


def _mask(cell: syntax.Cell, grid: Sequence[Point]) -> int:
    return sum(1 << i for i, point in enumerate(grid) if _fits(cell, point))


def _report_hidden(
    session: Session, site: Site, node: syntax.Table, row: syntax.TableRow, above: syntax.TableRow
) -> None:
    session.report("M613", site.at(f"table/{node.name}/{row.id}"), row.span, row=row.id, above=above.id)


def _report_overlap(
    session: Session, site: Site, checked: CheckedTable, one: syntax.TableRow, other: syntax.TableRow, example: str
) -> None:
    node = checked.node
    at = site.at(f"table/{node.name}/{other.id}")
    if node.policy == "unique":
        session.report("M604", at, other.span, first=one.id, second=other.id, example=example)
    elif _outputs(session, site, one) != _outputs(session, site, other):
        session.report("M605", at, other.span, first=one.id, second=other.id, example=example)


def _outputs(session: Session, site: Site, row: syntax.TableRow) -> list[str]:
    return [session.sources[site.file].slice(output.span) for output in row.outputs]


def _example(checked: CheckedTable, grids: Sequence[Sequence[Point]], common: Sequence[int]) -> str:
    """An input that both rows fit, in words."""
    parts = []
    for (name, _), grid, mask in zip(checked.inputs, grids, common, strict=True):
        chosen = [point for i, point in enumerate(grid) if mask >> i & 1]
        if len(chosen) == len(grid) and len(grid) > 1:
            continue
        point = min(chosen, key=lambda p: abs(p.side))
        parts.append(f"{name} {_words(point)}")
    return ", ".join(parts) or "everything"


def _words(point: Point) -> str:
    if point.value is _MISSING:
        return "is missing"
    if point.side < 0:
        return "below all limits"
    return f"= {point.value}" if point.side == 0 else f"just above {point.value}"
