"""Decision tables as an index: hashes on the columns that name values, bisection on one that names ranges.

Rows are sorted into groups by which of their columns name values one by one. A group is a dict from
those values to the rows that name them; what a row asks beyond that is tested row by row. Where many
rows share one key and differ by ranges, the ranges are cut into pieces that hold their rows. So the
work of a decision follows the number of groups, not the number of rows.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dsl import syntax
from dsl.errors import FunctionFailure
from rules.cells import Constant, Test, cell_test, comparable, interval, key_product, keys_of

Condition = Callable[..., bool]
SMALL = 2
MOST_PIECES = 40


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row and what is left to test once its key fits: (column, test) pairs and free conditions."""

    row: int
    tests: tuple[tuple[int, Test], ...]
    conditions: tuple[Condition, ...]
    ranges: Mapping[int, tuple[Any, bool, Any, bool]]

    def fits(self, values: Sequence[Any], inputs: Sequence[Any], run: Any) -> bool:
        """Whether the remaining tests hold; `run` is handed to free conditions before the inputs."""
        for column, test in self.tests:
            if not test(values[column]):
                return False
        return not self.conditions or all(condition(run, *inputs) for condition in self.conditions)


@dataclass(slots=True)
class Group:
    """Rows that name values in the same columns."""

    columns: tuple[int, ...]
    buckets: dict[Any, "Bucket"] = field(default_factory=dict)

    def key(self, values: Sequence[Any]) -> Any:
        """The key of an input in this group."""
        if len(self.columns) == 1:
            return values[self.columns[0]]
        return tuple([values[column] for column in self.columns])


@dataclass(frozen=True, slots=True)
class Pieces:
    """The number line of one column cut at the ends of the rows' ranges.

    Piece 2i+1 is the point `points[i]` itself, piece 2i what lies below it (above the one before).
    """

    column: int
    points: tuple[Any, ...]
    candidates: tuple[tuple[Candidate, ...], ...]

    def at(self, value: Any) -> tuple[Candidate, ...]:
        """The rows whose range holds the value."""
        if value is None:
            return ()
        index = bisect_left(self.points, value)
        exact = index < len(self.points) and self.points[index] == value
        return self.candidates[2 * index + (1 if exact else 0)]


Bucket = list[Candidate] | Pieces


class TableIndex:
    """The rows of a table that fit an input, found without walking all of them."""

    def __init__(
        self,
        rows: Sequence[syntax.TableRow],
        constant: Constant,
        conditions: Mapping[syntax.ConditionCell, Condition],
    ) -> None:
        self._groups: list[Group] = []
        by_columns: dict[tuple[int, ...], Group] = {}
        for number, row in enumerate(rows):
            for columns, key, candidate in _entries(number, row, constant, conditions):
                group = by_columns.get(columns)
                if group is None:
                    group = by_columns[columns] = Group(columns)
                    self._groups.append(group)
                bucket = group.buckets.setdefault(key, [])
                assert isinstance(bucket, list)
                bucket.append(candidate)
        for group in self._groups:
            group.buckets = {key: _cut(bucket) for key, bucket in group.buckets.items()}

    def matches(self, inputs: Sequence[Any], run: Any = None) -> list[int]:
        """The numbers of all rows that fit, in the order of the table."""
        values = [comparable(value) if type(value) is dict else value for value in inputs]
        found: list[int] = []
        for group in self._groups:
            bucket = group.buckets.get(group.key(values))
            if bucket is not None:
                rows = bucket.at(values[bucket.column]) if isinstance(bucket, Pieces) else bucket
                for candidate in rows:
                    if candidate.fits(values, inputs, run):
                        found.append(candidate.row)
        if len(found) > 1:
            found.sort()
        return found


def _entries(
    number: int,
    row: syntax.TableRow,
    constant: Constant,
    conditions: Mapping[syntax.ConditionCell, Condition],
) -> list[tuple[tuple[int, ...], Any, Candidate]]:
    named = {c: keys for c, cell in enumerate(row.cells) if (keys := keys_of(cell, constant)) is not None}
    combined = key_product(named.values())
    if combined is None:
        named, combined = {}, [()]
    rest = [(c, cell) for c, cell in enumerate(row.cells) if c not in named]
    tests = tuple(
        (c, test)
        for c, cell in rest
        if not isinstance(cell, syntax.ConditionCell) and (test := cell_test(cell, constant)) is not None
    )
    free = tuple(conditions[cell] for _, cell in rest if isinstance(cell, syntax.ConditionCell))
    ranges = {c: found for c, cell in rest if (found := interval(cell, constant)) is not None}
    candidate = Candidate(number, tests, free, ranges)
    columns = tuple(named)
    single = len(columns) == 1
    return [(columns, key[0] if single else key, candidate) for key in combined]


def _cut(bucket: Bucket) -> Bucket:
    if isinstance(bucket, Pieces) or len(bucket) <= SMALL:
        return bucket
    for column in sorted({c for candidate in bucket for c in candidate.ranges}):
        pieces = _pieces(bucket, column)
        if pieces is not None:
            return pieces
    return bucket


def _pieces(bucket: list[Candidate], column: int) -> Pieces | None:
    """The bucket cut along one column, or None where that would not help."""
    if any(column not in candidate.ranges for candidate in bucket):
        return None
    ends = {end for c in bucket for end in (c.ranges[column][0], c.ranges[column][2]) if end is not None}
    try:
        points = sorted(ends)
    except (TypeError, FunctionFailure):
        return None
    place = {point: index for index, point in enumerate(points)}
    cells: list[list[Candidate]] = [[] for _ in range(2 * len(points) + 1)]
    total = 0
    for candidate in bucket:
        low, low_closed, high, high_closed = candidate.ranges[column]
        first = 0 if low is None else 2 * place[low] + (1 if low_closed else 2)
        last = 2 * len(points) if high is None else 2 * place[high] + (1 if high_closed else 0)
        total += max(0, last - first + 1)
        if total > MOST_PIECES * len(bucket) + 1000:
            return None
        rest = _without(candidate, column)
        for index in range(first, last + 1):
            cells[index].append(rest)
    return Pieces(column, tuple(points), tuple(map(tuple, cells)))


def _without(candidate: Candidate, column: int) -> Candidate:
    tests = tuple(test for test in candidate.tests if test[0] != column)
    return Candidate(candidate.row, tests, candidate.conditions, {})
