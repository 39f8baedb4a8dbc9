"""Rows of a table that fit one input, found without comparing every row with every other.

The column in which the fewest pairs of rows meet is swept; only those pairs are looked at in the others.
"""

from collections.abc import Iterator, Sequence

from dsl import syntax
from dsl.checking.grids import Grid, decidable
from dsl.checking.session import Session, Site
from dsl.program import CheckedTable

MOST_PAIRS = 2_000_000
_MOST_REPORTED = 50
Masks = list[list[int]]
"""For each row the samples of each column that fit it."""


def check_overlaps(session: Session, site: Site, checked: CheckedTable, rows: Sequence[syntax.TableRow]) -> None:
    """Under unique and any: rows that fit one input. Under first: rows that one row above takes whole."""
    node = checked.node
    plain = [row for row in rows if decidable(row)]
    if node.policy not in ("unique", "any", "first") or len(plain) < 2:
        return
    try:
        grids = [Grid(of, [row.cells[i] for row in plain]) for i, (_, of) in enumerate(checked.inputs)]
        masks = [[grid.mask(cell) for grid, cell in zip(grids, row.cells, strict=True)] for row in plain]
    except (TypeError, LookupError):
        return
    _Finder(session, site, checked, plain, grids, masks).run()


class _Finder:
    """Reports what the pairs of one table have in common."""

    def __init__(
        self, session: Session, site: Site, checked: CheckedTable, rows: Sequence[syntax.TableRow],
        grids: Sequence[Grid], masks: Masks,
    ) -> None:  # fmt: skip
        self._session = session
        self._site = site
        self._checked = checked
        self._rows = rows
        self._grids = grids
        self._masks = masks

    def run(self) -> None:
        """Go through the pairs; each row is reported once."""
        reported: set[int] = set()
        for upper, lower in sorted(meeting_pairs(self._masks)):
            if lower in reported or len(reported) >= _MOST_REPORTED:
                continue
            common = [one & other for one, other in zip(self._masks[upper], self._masks[lower], strict=True)]
            if all(common) and self._judge(upper, lower, common):
                reported.add(lower)

    def _judge(self, upper: int, lower: int, common: list[int]) -> bool:
        one, other = self._rows[upper], self._rows[lower]
        policy, name = self._checked.node.policy, self._checked.node.name
        site = self._site.at(f"table/{name}/{other.id}")
        label = [(one.span, f"row {one.id}")]
        if policy == "first":
            hidden = common == self._masks[lower]
            if hidden:
                self._session.report("M613", site, other.span, labels=label, row=other.id, above=one.id)
            return hidden
        example = self._example(common)
        if policy == "unique":
            self._session.report("M604", site, other.span, labels=label, first=one.id, second=other.id, example=example)
            return True
        differ = self._outputs(one) != self._outputs(other)
        if differ:
            self._session.report("M605", site, other.span, labels=label, first=one.id, second=other.id, example=example)
        return differ

    def _outputs(self, row: syntax.TableRow) -> list[str]:
        source = self._session.sources[self._site.file]
        return [source.slice(output.span) for output in row.outputs]

    def _example(self, common: Sequence[int]) -> str:
        """An input that both rows fit, in words."""
        names = [name for name, _ in self._checked.inputs]
        parts = [(name, grid.example(mask)) for name, grid, mask in zip(names, self._grids, common, strict=True)]
        return ", ".join(f"{name} {words}" for name, words in parts if words) or "everything"


def meeting_pairs(masks: Masks) -> Iterator[tuple[int, int]]:
    """Pairs of rows (lower number first) that meet in the column where fewest do."""
    columns = range(len(masks[0]))
    ranges = [[_hull(row[column]) for row in masks] for column in columns]
    best = min(columns, key=lambda column: _count(ranges[column]))
    budget = MOST_PAIRS
    active: list[tuple[int, int]] = []
    for start, end, row in sorted((low, high, i) for i, (low, high) in enumerate(ranges[best]) if high >= 0):
        active = [(last, other) for last, other in active if last >= start]
        budget -= len(active)
        if budget < 0:
            return
        for _, other in active:
            yield (min(row, other), max(row, other))
        active.append((end, row))


def _hull(mask: int) -> tuple[int, int]:
    """The first and last sample of a set; (0, -1) of none."""
    return ((mask & -mask).bit_length() - 1, mask.bit_length() - 1) if mask else (0, -1)


def _count(ranges: Sequence[tuple[int, int]]) -> int:
    """How many pairs of ranges meet."""
    events = sorted([(low, 0) for low, high in ranges if high >= 0] + [(high, 1) for _, high in ranges if high >= 0])
    open_ranges = pairs = 0
    for _, kind in events:
        if kind == 0:
            pairs += open_ranges
            open_ranges += 1
        else:
            open_ranges -= 1
    return pairs
