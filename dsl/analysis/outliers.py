"""Rows that break a pattern which all others show: one number below the other, numbers that rise with the input."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from dsl import syntax, types
from dsl.analysis.findings import Outlier
from dsl.analysis.values import NotAnalysed, constant

Columns = Sequence[tuple[str, types.Type]]
FEWEST = 5
_NUMBERS = (types.INTEGER, types.DECIMAL, types.PERCENT)
_WORDS = {1: ("less", "rises"), -1: ("greater", "falls")}


def outliers(
    rows: Sequence[syntax.TableRow], inputs: Columns, outputs: Columns, boxes: Sequence[Sequence[int]]
) -> list[Outlier]:
    """The odd row out of each pattern, where there are enough others to make one; at most one a row."""
    if len(rows) < FEWEST:
        return []
    numbers = {name: values for name, values in _columns(rows, outputs) if values}
    found = list(_pairs(numbers))
    if len(inputs) == 1:
        order = sorted(range(len(rows)), key=lambda row: boxes[row][0] & -boxes[row][0])
        found += _steps(numbers, order, inputs[0][0])
    return list({outlier.row: outlier for outlier in reversed(found)}.values())[::-1]


def _columns(rows: Sequence[syntax.TableRow], outputs: Columns) -> Iterator[tuple[str, list[Any]]]:
    for index, (name, of) in enumerate(outputs):
        if of in _NUMBERS:
            try:
                yield name, [constant(row.outputs[index]) for row in rows]
            except NotAnalysed:
                continue


def _pairs(numbers: dict[str, list[Any]]) -> Iterator[Outlier]:
    """Two columns of which one is below the other in all rows but one."""
    for (one, left), (other, right) in combinations(numbers.items(), 2):
        for sign, (word, _) in _WORDS.items():
            odd = [row for row, (a, b) in enumerate(zip(left, right, strict=True)) if (b - a) * sign <= 0]
            if len(odd) == 1:
                yield Outlier(
                    odd[0], f"`{one}` is not {word} than `{other}`", f"`{one}` is {word} than `{other}`"
                )


def _steps(numbers: dict[str, list[Any]], order: Sequence[int], along: str) -> Iterator[Outlier]:
    """A column that rises (or falls) along the input in all rows but one."""
    for name, values in numbers.items():
        line = [values[row] for row in order]
        for sign, (_, word) in _WORDS.items():
            if _goes(line, sign):
                continue
            odd = [place for place in range(len(line)) if _goes(line[:place] + line[place + 1 :], sign)]
            if odd:
                yield Outlier(
                    order[odd[-1]],
                    f"`{name}` goes against its neighbours",
                    f"`{name}` {word} with `{along}`",
                    tuple(order[place] for place in odd[:-1]),
                )


def _goes(line: Sequence[Any], sign: int) -> bool:
    return all((b - a) * sign > 0 for a, b in zip(line, line[1:], strict=False))
