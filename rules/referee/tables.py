"""Tables and lookups row by row."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from dsl import syntax, types
from dsl.errors import FunctionFailure
from dsl.program import CheckedLookup, CheckedTable
from rules.arithmetic import plus
from rules.cells import comparable, matches_pattern
from rules.lookups import before

Evaluate = Callable[[syntax.Expression], Any]


def find_row(lookup: CheckedLookup, keys: Sequence[Any], now: date) -> int:
    """The number of the only row that fits the keys at a time."""
    found = [
        number
        for number, row in enumerate(lookup.rows)
        if all(comparable(cell) == comparable(key) for cell, key in zip(row, keys, strict=False))
        and (
            lookup.valid_from is None
            or row[lookup.valid_from] is None
            or not before(now, row[lookup.valid_from])
        )
        and (lookup.valid_to is None or row[lookup.valid_to] is None or not before(row[lookup.valid_to], now))
    ]
    if len(found) == 1:
        return found[0]
    shown = ", ".join(f'"{key}"' for key in keys)
    if found:
        raise FunctionFailure("many", f"lookup {lookup.name} has several rows for {shown}", shown.strip('"'))
    raise FunctionFailure("no_match", f"lookup {lookup.name} has no row for {shown}", shown.strip('"'))


def fits(cell: syntax.Cell, value: Any, evaluate: Evaluate) -> bool:
    """Whether an input fits a cell."""
    match cell:
        case syntax.AnyCell():
            return True
        case syntax.MissingCell():
            return value is None
        case syntax.ConditionCell(condition=condition):
            return bool(evaluate(condition))
        case syntax.ListCell(cells=cells):
            return any(fits(inner, value, evaluate) for inner in cells)
        case syntax.NotCell(cells=cells):
            return not any(fits(inner, value, evaluate) for inner in cells)
    if value is None:
        return False
    match cell:
        case syntax.ValueCell(value=wanted):
            return bool(comparable(value) == comparable(evaluate(wanted)))
        case syntax.PatternCell(pattern=pattern):
            return isinstance(value, str) and matches_pattern(value, pattern)
        case syntax.CompareCell(operator=operator, value=limit):
            return _compare(operator, comparable(value), comparable(evaluate(limit)))
        case syntax.RangeCell():
            low, high = comparable(evaluate(cell.low)), comparable(evaluate(cell.high))
            given = comparable(value)
            above = given >= low if cell.low_closed else given > low
            return bool(above and (given <= high if cell.high_closed else given < high))
    raise TypeError(type(cell).__name__)


def _compare(operator: str, left: Any, right: Any) -> bool:
    match operator:
        case "=":
            return bool(left == right)
        case "<>":
            return bool(left != right)
        case "<":
            return bool(left < right)
        case "<=":
            return bool(left <= right)
        case ">":
            return bool(left > right)
        case _:
            return bool(left >= right)


def decide(table: CheckedTable, inputs: Sequence[Any], evaluate: Evaluate) -> tuple[str, Any]:
    """The ids of the deciding rows (joined) and the value of the table."""
    node = table.node
    rows = [row for row in node.rows if isinstance(row, syntax.TableRow)]
    hits = [r for r in rows if all(fits(c, v, evaluate) for c, v in zip(r.cells, inputs, strict=True))]
    outputs = [(row.id, [evaluate(value) for value in row.outputs]) for row in hits]
    if node.policy == "collect" and node.aggregation == "count":
        return _ids(outputs), len(outputs)
    if not outputs and node.otherwise is not None:
        outputs = [("otherwise", [evaluate(value) for value in node.otherwise])]
    several = node.policy in ("collect", "rule_order", "output_order")
    if not outputs and (not several or node.aggregation in ("min", "max") and node.policy == "collect"):
        raise FunctionFailure("no_match", f"no row of table {node.name} fits")
    if several:
        return _several(table, outputs)
    chosen = outputs if len(outputs) == 1 else _single(table, outputs)
    return _ids(chosen), _value(table, chosen[0][1])


Outputs = list[tuple[str, list[Any]]]


def _ids(outputs: Outputs) -> str:
    return ", ".join(row for row, _ in outputs) or "no row"


def _single(table: CheckedTable, outputs: Outputs) -> Outputs:
    match table.node.policy:
        case "first":
            return outputs[:1]
        case "priority":
            return sorted(outputs, key=lambda output: _rank(table, output[1]))[:1]
        case "any":
            first = outputs[0][1]
            if all([comparable(v) for v in first] == [comparable(v) for v in other] for _, other in outputs):
                return outputs
    names = ", ".join(row for row, _ in outputs)
    raise FunctionFailure("error", f"several rows of table {table.node.name} fit: {names}")


def _rank(table: CheckedTable, values: Sequence[Any]) -> list[int]:
    ranks = []
    for (_, of), value in zip(table.outputs, values, strict=True):
        kind = types.present(of)
        if isinstance(kind, types.Enum):
            ranks.append(kind.values.index(value) if value in kind.values else len(kind.values))
    return ranks


def _value(table: CheckedTable, values: Sequence[Any]) -> Any:
    item = table.result.item if isinstance(table.result, types.ListOf) else table.result
    if isinstance(types.present(item), types.Record):
        return {
            name: value for (name, _), value in zip(table.outputs, values, strict=True) if value is not None
        }
    return values[0]


def _several(table: CheckedTable, outputs: Outputs) -> tuple[str, Any]:
    if table.node.policy == "output_order":
        outputs = sorted(outputs, key=lambda output: _rank(table, output[1]))
    if table.node.policy != "collect" or table.node.aggregation == "list":
        return _ids(outputs), [_value(table, values) for _, values in outputs]
    values = [values[0] for _, values in outputs]
    match table.node.aggregation:
        case "sum":
            total: Any = values[0] if values else 0
            for value in values[1:]:
                total = plus(total, value)
            return _ids(outputs), total
        case "min":
            return _ids(outputs), min(values, key=comparable)
        case _:
            return _ids(outputs), max(values, key=comparable)
