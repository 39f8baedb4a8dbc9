"""Slivers: a single value, or a single step, between two rows that nothing but `otherwise` answers."""

from collections.abc import Iterator, Sequence

from dsl.analysis.boxes import Budget, OutOfBudget, uncovered
from dsl.analysis.domains import Domain
from dsl.analysis.findings import Sliver

Box = Sequence[int]
MOST = 20
_WORK = 40_000


def slivers(
    domains: Sequence[Domain], sure: Sequence[Box], may: Sequence[Box], rest: int | None = None
) -> list[Sliver]:
    """The slivers of a table, one for each pair of rows; looked for as far as the budget goes.

    `rest` is the row that takes what is left; None where `otherwise` does.
    """
    found: list[Sliver] = []
    budget = Budget(_WORK)
    try:
        for column, domain in enumerate(domains):
            for below, above, between in _neighbours(domain, [box[column] for box in sure], budget):
                example = _open(column, between, (sure[below], sure[above]), may, budget)
                if example and len(found) < MOST:
                    found.append(Sliver(below, above, column, domain.text(between), rest))
    except OutOfBudget:
        pass
    return found


def _neighbours(domain: Domain, sets: Sequence[int], budget: Budget) -> Iterator[tuple[int, int, int]]:
    """Rows of which one begins where the other has ended but for a sliver, with that sliver."""
    ends = [(box & domain.present).bit_length() for box in sets]
    starts = [(kept & -kept).bit_length() - 1 if (kept := box & domain.present) else -1 for box in sets]
    for below, end in enumerate(ends):
        for above, start in enumerate(starts):
            budget.spend(1)
            if 0 < end < start:
                between = ((1 << (start - end)) - 1) << end
                if domain.is_sliver(between):
                    yield below, above, between


def _open(column: int, between: int, rows: tuple[Box, Box], may: Sequence[Box], budget: Budget) -> bool:
    """Whether some input that both rows fit but for this column fits no row in between."""
    region = [one & other for one, other in zip(*rows, strict=True)]
    region[column] = between
    return all(region) and uncovered(region, may, budget) is not None
