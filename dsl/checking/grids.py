"""A column of a decision table as a row of sample points, and cells as sets of them.

The samples are every constant of the column, what lies below all, just above each, and `missing` where the
column may miss; of an enumeration its values. A set of samples is an integer, one bit a sample, so that
common inputs of two cells are `one & other`.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from dsl import syntax, types
from dsl.checking.constants import constant_value
from dsl.functions.lists import order_key


def decidable(row: syntax.TableRow) -> bool:
    """Whether it can be said at compile time which inputs a row fits: no patterns, no free conditions."""
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
            return [order_key(constant_value(value))]
        case syntax.RangeCell(low=low, high=high):
            return [order_key(constant_value(end)) for end in (low, high)]
        case syntax.ListCell(cells=cells) | syntax.NotCell(cells=cells):
            return [value for inner in cells for value in _constants(inner)]
        case _:
            return []


def _bits(first: int, last: int) -> int:
    return ((1 << (last - first + 1)) - 1) << first if last >= first else 0


class Grid:
    """The samples of one column. Raises TypeError where its constants have no common order."""

    def __init__(self, of: types.Type, cells: Sequence[syntax.Cell]) -> None:
        kind = types.present(of)
        closed = kind.values if isinstance(kind, types.Enum) else (False, True) if kind == types.BOOLEAN else None
        self._gaps = closed is None
        self._values: list[Any] = sorted(
            {value for cell in cells for value in _constants(cell)} if closed is None else set(closed)
        )
        width = 2 * len(self._values) + 1 if self._gaps else len(self._values)
        self._present = _bits(0, width - 1)
        self._missing = 1 << width if isinstance(of, types.Maybe) else 0
        self.all = self._present | self._missing

    def _at(self, value: Any) -> int:
        """The place of a value among the samples."""
        index = bisect_left(self._values, value)
        return 2 * index + 1 if self._gaps else index

    def mask(self, cell: syntax.Cell) -> int:
        """The samples that fit a cell."""
        match cell:
            case syntax.AnyCell():
                return self.all
            case syntax.MissingCell():
                return self._missing
            case syntax.ListCell(cells=cells):
                return self._union(cells)
            case syntax.NotCell(cells=cells):
                return self.all & ~self._union(cells)
            case syntax.ValueCell(value=value):
                return self._compare("=", value)
            case syntax.CompareCell(operator=operator, value=value):
                return self._compare(operator, value)
            case syntax.RangeCell(low=low, high=high, low_closed=low_closed, high_closed=high_closed):
                above = self._compare(">=" if low_closed else ">", low)
                return above & self._compare("<=" if high_closed else "<", high)
        return 0

    def _union(self, cells: Sequence[syntax.Cell]) -> int:
        result = 0
        for cell in cells:
            result |= self.mask(cell)
        return result

    def _compare(self, operator: str, node: syntax.Expression) -> int:
        place = self._at(order_key(constant_value(node)))
        match operator:
            case "=":
                return (1 << place) & self._present
            case "<>":
                return self._present & ~(1 << place)
            case "<":
                return _bits(0, place - 1)
            case "<=":
                return _bits(0, place) & self._present
            case ">":
                return self._present & ~_bits(0, place)
            case _:
                return self._present & ~_bits(0, place - 1)

    def example(self, mask: int) -> str:
        """One of the samples in words, a plain value if there is one; empty where any will do."""
        if mask == self.all:
            return ""
        places = [i for i in range(self.all.bit_length()) if mask >> i & 1]
        if self._missing and places == [self._missing.bit_length() - 1]:
            return "is missing"
        if not self._gaps:
            return f"= {self._words(places[0])}"
        exact = next((i for i in places if i % 2 == 1 and i < 2 * len(self._values) + 1), None)
        if exact is not None:
            return f"= {self._words(exact // 2)}"
        return "below all limits" if places[0] == 0 else f"just above {self._words(places[0] // 2 - 1)}"

    def _words(self, index: int) -> str:
        value = self._values[index]
        return str(value).lower() if isinstance(value, bool) else str(value)
