"""Cells of a decision table as tests on one input value.

A missing input (None) fits `-`, `missing` and a `not(...)` that does not name `missing`; nothing else.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from dsl import syntax
from dsl.errors import FunctionFailure

Test = Callable[[Any], bool]
Constant = Callable[[syntax.Expression], Any]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge, "=": eq, "<>": ne}
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}
MOST_KEYS = 64


def comparable(value: Any) -> Any:
    """The value in a form that Python compares and hashes: amounts and durations become tuples or numbers."""
    if isinstance(value, dict):
        if "currency" in value:
            return _Tagged(value["currency"], value["value"])
        if "unit" in value and "value" in value:
            return _Tagged(value["unit"], value["value"])
        if "amount" in value:
            return duration_key(value)
    return value


def duration_key(value: dict[str, Any]) -> Any:
    """Durations of fixed length compare by seconds; business days only with each other."""
    unit = value["unit"]
    if unit == "business_days":
        return _Tagged(unit, Decimal(value["amount"]))
    return value["amount"] * _SECONDS[unit]


@dataclass(frozen=True, slots=True)
class _Tagged:
    """A number with its unit, currency or kind: only equal kinds can be put in order."""

    tag: str
    value: Decimal

    def _other(self, other: Any) -> Decimal:
        if not isinstance(other, _Tagged) or other.tag != self.tag:
            raise FunctionFailure("error", f"{self.tag} and {getattr(other, 'tag', other)} can't be compared")
        return other.value

    def __lt__(self, other: Any) -> bool:
        return self.value < self._other(other)

    def __le__(self, other: Any) -> bool:
        return self.value <= self._other(other)

    def __gt__(self, other: Any) -> bool:
        return self.value > self._other(other)

    def __ge__(self, other: Any) -> bool:
        return self.value >= self._other(other)


def keys_of(cell: syntax.Cell, constant: Constant) -> tuple[Any, ...] | None:
    """The values a cell names one by one (None for `missing`), or None if it can't be put in a hash."""
    match cell:
        case syntax.ValueCell(value=value) | syntax.CompareCell(operator="=", value=value):
            return (comparable(constant(value)),)
        case syntax.MissingCell():
            return (None,)
        case syntax.ListCell(cells=cells):
            parts = [keys_of(inner, constant) for inner in cells]
            if any(part is None for part in parts):
                return None
            return tuple(dict.fromkeys(key for part in parts for key in part or ()))
        case _:
            return None


def key_product(columns: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]] | None:
    """All combinations of the columns' values, unless they are too many to list."""
    chosen = list(columns)
    size = 1
    for column in chosen:
        size *= len(column)
    return list(product(*chosen)) if size <= MOST_KEYS else None


def interval(cell: syntax.Cell, constant: Constant) -> tuple[Any, bool, Any, bool] | None:
    """(low, closed, high, closed) of a comparison or range; None at an open end; None if it is neither."""
    match cell:
        case syntax.RangeCell(low=low, high=high, low_closed=low_closed, high_closed=high_closed):
            return comparable(constant(low)), low_closed, comparable(constant(high)), high_closed
        case syntax.CompareCell(operator="<" | "<=" as operator, value=value):
            return None, False, comparable(constant(value)), operator == "<="
        case syntax.CompareCell(operator=">" | ">=" as operator, value=value):
            return comparable(constant(value)), operator == ">=", None, False
        case _:
            return None


def cell_test(cell: syntax.Cell, constant: Constant) -> Test | None:
    """The test of a cell on a comparable value; None for `-`. Condition cells are not for here."""
    match cell:
        case syntax.AnyCell():
            return None
        case syntax.MissingCell():
            return lambda value: value is None
        case syntax.ValueCell(value=value):
            return _compare("=", comparable(constant(value)))
        case syntax.CompareCell(operator=operator, value=value):
            return _compare(operator, comparable(constant(value)))
        case syntax.RangeCell():
            return _range(cell, constant)
        case syntax.PatternCell(pattern=pattern):
            return lambda value: isinstance(value, str) and matches_pattern(value, pattern)
        case syntax.ListCell(cells=cells):
            return _any_of([cell_test(inner, constant) for inner in cells])
        case syntax.NotCell(cells=cells):
            inner = _any_of([cell_test(part, constant) for part in cells])
            return lambda value: not inner(value)
        case _:
            raise TypeError(f"{type(cell).__name__} has no test of its own")


def _compare(operator: str, wanted: Any) -> Test:
    compare = _COMPARE[operator]
    return lambda value: value is not None and compare(value, wanted)


def _range(cell: syntax.RangeCell, constant: Constant) -> Test:
    low, high = comparable(constant(cell.low)), comparable(constant(cell.high))
    above = ge if cell.low_closed else gt
    below = le if cell.high_closed else lt
    return lambda value: value is not None and above(value, low) and below(value, high)


def _any_of(tests: list[Test | None]) -> Test:
    return lambda value: any(test is None or test(value) for test in tests)


def matches_pattern(value: str, pattern: str) -> bool:
    """Whether a text fits a pattern: `*` for any run of characters, `?` for one.

    Never backtracks further than the last `*`, so the work is bounded by length times length.
    """
    at = mark = position = 0
    star = -1
    while position < len(value):
        if at < len(pattern) and pattern[at] == "*":
            star, mark = at, position
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", value[position]):
            at += 1
            position += 1
        elif star >= 0:
            mark += 1
            at, position = star + 1, mark
        else:
            return False
    return all(char == "*" for char in pattern[at:])
