"""What rows give, as far as it is constant: which say the same, and which is the more important."""

from collections.abc import Sequence
from typing import Any

from dsl import syntax, types
from dsl.analysis.values import NotAnalysed, constant, identity

Columns = Sequence[tuple[str, types.Type]]


class Outputs:
    """The outputs of all rows of a table."""

    def __init__(self, rows: Sequence[syntax.TableRow], columns: Columns) -> None:
        self._columns = columns
        self.values = [_values(row) for row in rows]
        self._same: dict[Any, int] = {}
        for number, values in enumerate(self.values):
            if values is not None:
                self._same[values] = self._same.get(values, 0) | 1 << number

    def same(self, row: int) -> int:
        """The rows that give the same constants, a bit each, the row itself included."""
        values = self.values[row]
        return 1 << row if values is None else self._same[values]

    def surely_differ(self, one: int, other: int) -> bool:
        """Whether both rows give constants, and not the same."""
        left, right = self.values[one], self.values[other]
        return left is not None and right is not None and left != right

    def rank(self, row: int) -> list[int] | None:
        """How important a row is under priority (less is more); None where an output is not constant."""
        values = self.values[row]
        if values is None:
            return None
        ranks = []
        for value, (_, of) in zip(values, self._columns, strict=True):
            kind = types.present(of)
            if isinstance(kind, types.Enum):
                ranks.append(kind.values.index(value) if value in kind.values else len(kind.values))
        return ranks


def _values(row: syntax.TableRow) -> tuple[Any, ...] | None:
    try:
        return tuple(
            None if isinstance(node, syntax.MissingLiteral) else identity(constant(node))
            for node in row.outputs
        )
    except NotAnalysed:
        return None
