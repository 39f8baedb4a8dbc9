"""Gaps, overlaps and idle rows of one table."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

from dsl import syntax, types
from dsl.analysis.boxes import Budget, OutOfBudget, meeting, uncovered
from dsl.analysis.columns import domain_of
from dsl.analysis.domains import pieces
from dsl.analysis.findings import Example, Gap, Overlap, Sliver, TableAnalysis
from dsl.analysis.idle import idle_rows
from dsl.analysis.outliers import outliers
from dsl.analysis.outputs import Outputs
from dsl.analysis.slivers import slivers
from dsl.analysis.values import NotAnalysed

MOST_PAIRS = 1_000_000
MOST_OVERLAPS = 50
MOST_KEPT = 256
Columns = Sequence[tuple[str, types.Type]]
Box = tuple[int, ...]

_kept: OrderedDict[object, TableAnalysis | None] = OrderedDict()
_lock = Lock()


def analyse(node: syntax.Table, inputs: Columns, outputs: Columns, text: str) -> TableAnalysis | None:
    """The analysis of a table whose text is given; None where its rows can't be read or do not fit their columns.

    The result holds no place in the text, so it is kept for the next check of the same table.
    """
    key = (text, tuple(inputs), tuple(outputs))
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    try:
        found = _Analysis(node, inputs, outputs).run()
    except (NotAnalysed, TypeError, LookupError, ArithmeticError, AttributeError):
        found = None
    with _lock:
        _kept[key] = found
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return found


def asks_for_a_row(node: syntax.Table) -> bool:
    """Whether an input that no row fits has no result."""
    if node.otherwise is not None:
        return False
    if node.policy == "collect":
        return node.aggregation in ("min", "max")
    return node.policy in ("unique", "first", "priority", "any")


class _Analysis:
    """One table as boxes: for each row what fits it for sure, and what may fit it."""

    def __init__(self, node: syntax.Table, inputs: Columns, outputs: Columns) -> None:
        rows = [row for row in node.rows if isinstance(row, syntax.TableRow)]
        if len(rows) != len(node.rows) or any(len(row.cells) != len(inputs) for row in rows):
            raise NotAnalysed
        self._node = node
        self._names = [name for name, _ in inputs]
        self._domains = [domain_of(of, [row.cells[i] for row in rows]) for i, (_, of) in enumerate(inputs)]
        fits = [[d.fit(cell) for d, cell in zip(self._domains, row.cells, strict=True)] for row in rows]
        self._sure: list[Box] = [tuple(sure for sure, _ in row) for row in fits]
        self._may: list[Box] = [tuple(may for _, may in row) for row in fits]
        self._all: Box = tuple(domain.all for domain in self._domains)
        self._outputs = Outputs(rows, outputs)
        self._odd = outliers(rows, inputs, outputs, self._sure)
        self._too_large = False

    def run(self) -> TableAnalysis:
        """Everything there is to find."""
        overlaps = self._overlaps() if self._node.policy in ("unique", "any") else []
        gap = self._gap(not overlaps) if asks_for_a_row(self._node) else None
        idle, finished = idle_rows(self._node.policy, self._sure, self._may, self._outputs)
        undecided = [
            (number, column)
            for number, (sure, may) in enumerate(zip(self._sure, self._may, strict=True))
            for column in range(len(sure))
            if sure[column] != may[column]
        ]
        unsure = self._too_large or any(not overlap.certain for overlap in overlaps)
        return TableAnalysis(
            gap,
            tuple(overlaps),
            tuple(idle),
            tuple(undecided),
            self._too_large,
            slivers=tuple(self._slivers()),
            outliers=tuple(self._odd),
            idle_left=not finished,
            complete=gap is None and not self._too_large,
            can_differ=unsure or any(domain.can_fail for domain in self._domains),
        )

    def _overlaps(self) -> list[Overlap]:
        """For each row the first one above that fits an input of it and (under any) says something else."""
        found: list[Overlap] = []
        left = MOST_PAIRS
        for lower, above in meeting(self._may):
            others = pieces(above & ~self._outputs.same(lower) if self._node.policy == "any" else above)
            left -= len(others)
            if left < 0:
                self._too_large = True
                break
            met = self._first_met(lower, others)
            if met is not None:
                found.append(met)
        return sorted(found, key=lambda o: not o.certain)[:MOST_OVERLAPS]

    def _slivers(self) -> list[Sliver]:
        """Slivers between rows that say something, where `otherwise` or a row for everything takes what is left."""
        rest = [number for number, box in enumerate(self._sure) if box == self._all]
        if self._node.otherwise is None and not (rest and self._node.policy == "first"):
            return []
        nothing = (0,) * len(self._all)
        sure, may = (
            [nothing if n in rest else box for n, box in enumerate(boxes)]
            for boxes in (self._sure, self._may)
        )
        return slivers(self._domains, sure, may, rest[0] if self._node.otherwise is None else None)

    def _first_met(self, lower: int, others: Sequence[int]) -> Overlap | None:
        """The first certain overlap, or the first possible one."""
        possible = None
        for upper in others:
            may = _both(self._may[upper], self._may[lower])
            if not all(may):
                continue
            sure = _both(self._sure[upper], self._sure[lower])
            certain = all(sure) and (
                self._node.policy == "unique" or self._outputs.surely_differ(upper, lower)
            )
            if certain:
                return Overlap(upper, lower, self._example(sure), True)
            possible = possible or Overlap(upper, lower, self._example(may), False)
        return possible

    def _gap(self, disjoint: bool) -> Gap | None:
        disjoint = disjoint and self._node.policy == "unique" and not self._too_large
        try:
            for boxes, certain in ((self._may, True), (self._sure, False)):
                hole = uncovered(self._all, boxes, Budget(), disjoint)
                if hole is not None:
                    return self._described(self._widened(hole, boxes), certain)
        except OutOfBudget:
            self._too_large = True
        return None

    def _widened(self, hole: Sequence[int], boxes: Sequence[Box]) -> list[int]:
        """The hole made as large as it goes, first in the columns that rows mostly leave open."""
        wide = list(hole)
        columns = range(len(wide))
        for column in sorted(columns, key=lambda c: -sum(box[c] == self._all[c] for box in boxes)):
            rest = [c for c in columns if c != column]
            taken = 0
            for box in boxes:
                if all(box[c] & wide[c] for c in rest):
                    taken |= box[column]
            wide[column] = self._all[column] & ~taken
        return wide

    def _described(self, hole: Sequence[int], certain: bool) -> Gap:
        cells = tuple(domain.text(chosen) for domain, chosen in zip(self._domains, hole, strict=True))
        likeness = [sum(bool(a & b) for a, b in zip(box, hole, strict=True)) for box in self._may]
        like = max(range(len(likeness)), key=lambda n: (likeness[n], n)) if likeness else None
        beside = tuple(number for number, box in enumerate(self._may) if _is_beside(box, hole))
        return Gap(self._example(hole), cells, like, certain, beside)

    def _example(self, box: Sequence[int]) -> Example:
        values = [
            (name, domain.example(chosen))
            for name, domain, chosen in zip(self._names, self._domains, box, strict=True)
        ]
        limited = [
            name for name, whole, chosen in zip(self._names, self._all, box, strict=True) if chosen != whole
        ]
        return Example(tuple(values), frozenset(limited))


def _is_beside(box: Sequence[int], hole: Sequence[int]) -> bool:
    """Whether a box misses a hole in one column only, and borders on it there."""
    apart = [column for column, (a, b) in enumerate(zip(box, hole, strict=True)) if not a & b]
    return len(apart) == 1 and bool((box[apart[0]] << 1 | box[apart[0]] >> 1) & hole[apart[0]])


def _both(one: Box, other: Box) -> list[int]:
    return [a & b for a, b in zip(one, other, strict=True)]
