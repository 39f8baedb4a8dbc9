"""Rows as boxes: one set of pieces a column. Whether boxes cover a region, and which boxes meet.

Covering is decided column by column. Pieces of a column that the same boxes contain are one class; the
boxes that are left after some columns, as an int of one bit a box, are all the columns behind have to know,
so each such set is looked at once. Where no two boxes meet, counting decides instead: what they hold has to
add up to the region. Both are exact; the first can take long, so it has a budget.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from dsl.analysis.domains import pieces, runs

Box = Sequence[int]
WORK = 400_000


class OutOfBudget(Exception):
    """The question would take longer than anyone waits for an answer."""


@dataclass(slots=True)
class Budget:
    """Steps that may still be taken."""

    left: int = WORK

    def spend(self, steps: int) -> None:
        """Take steps; OutOfBudget where there are none left."""
        self.left -= steps
        if self.left < 0:
            raise OutOfBudget


def uncovered(region: Box, boxes: Sequence[Box], budget: Budget, disjoint: bool = False) -> list[int] | None:
    """A box inside the region that meets none of the boxes, or None where they cover it all."""
    width = range(len(region))
    clipped = [part for box in boxes if all(part := [box[i] & region[i] for i in width])]
    budget.spend(len(boxes) // 8 + 1)
    cut = [i for i in width if any(part[i] != region[i] for part in clipped)]
    classes = {i: _classes(region[i], [part[i] for part in clipped]) for i in cut}
    order = sorted(cut, key=lambda i: len(classes[i]))
    everyone = (1 << len(clipped)) - 1
    if disjoint:
        found = _by_counting(order, classes, clipped, everyone, region)
    else:
        whole = [_whole(region, clipped, order[i:]) for i in range(len(order) + 1)]
        found = _Search(order, classes, whole, budget).run(0, everyone)
    if found is None:
        return None
    return [found.get(i, region[i]) for i in width]


def _classes(region: int, sets: Sequence[int]) -> dict[int, int]:
    """From each set of boxes (a bit each) to the pieces that are in exactly those."""
    rows: dict[int, int] = {}
    for number, chosen in enumerate(sets):
        rows[chosen] = rows.get(chosen, 0) | 1 << number
    toggles: dict[int, int] = dict.fromkeys(
        (place for run in runs(region) for place in (run[0], run[1] + 1)), 0
    )
    for chosen, numbers in rows.items():
        for first, last in runs(chosen):
            toggles[first] = toggles.get(first, 0) ^ numbers
            toggles[last + 1] = toggles.get(last + 1, 0) ^ numbers
    places = sorted(toggles)
    found: dict[int, int] = {}
    inside = 0
    for place, following in zip(places, places[1:], strict=False):
        inside ^= toggles[place]
        here = ((1 << (following - place)) - 1) << place & region
        if here:
            found[inside] = found.get(inside, 0) | here
    return found


def _whole(region: Box, boxes: Sequence[Box], columns: Sequence[int]) -> int:
    """The boxes that contain the region in all these columns."""
    found = 0
    for number, box in enumerate(boxes):
        if all(box[i] == region[i] for i in columns):
            found |= 1 << number
    return found


class _Search:
    """Goes through the classes of one column after the other, fewest boxes first."""

    def __init__(
        self, order: Sequence[int], classes: dict[int, dict[int, int]], whole: Sequence[int], budget: Budget
    ) -> None:
        self._order = order
        self._classes = [sorted(classes[i].items(), key=lambda entry: entry[0].bit_count()) for i in order]
        self._whole = whole
        self._budget = budget
        self._covered: list[set[int]] = [set() for _ in order]

    def run(self, depth: int, alive: int) -> dict[int, int] | None:
        """The pieces of a hole for each column from this depth on."""
        if not alive:
            return {}
        if depth == len(self._order) or alive & self._whole[depth] or alive in self._covered[depth]:
            return None
        for boxes, chosen in self._classes[depth]:
            self._budget.spend(1)
            found = self.run(depth + 1, alive & boxes)
            if found is not None:
                return {self._order[depth]: chosen, **found}
        self._covered[depth].add(alive)
        return None


def _by_counting(
    order: Sequence[int], classes: dict[int, dict[int, int]], boxes: Sequence[Box], alive: int, region: Box
) -> dict[int, int] | None:
    """For boxes that do not meet: follow the first class in each column that they do not fill."""
    holds = [[1] * len(boxes)]
    sizes = [1]
    for i in reversed(order):
        holds.append([below * box[i].bit_count() for below, box in zip(holds[-1], boxes, strict=True)])
        sizes.append(sizes[-1] * region[i].bit_count())
    if sum(holds[-1]) == prod(region[i].bit_count() for i in order):
        return None
    found: dict[int, int] = {}
    for depth, i in enumerate(order):
        below = len(order) - depth - 1
        for inside, chosen in classes[i].items():
            left = alive & inside
            if sum(holds[below][number] for number in pieces(left)) < sizes[below]:
                found[i], alive = chosen, left
                break
    return found


def meeting(boxes: Sequence[Box]) -> Iterator[tuple[int, int]]:
    """For each box (by number) the set of boxes before it that may meet it; only its empty sets are certain."""
    candidates = [(1 << number) - 1 for number in range(len(boxes))]
    for column in range(len(boxes[0]) if boxes else 0):
        _narrow(candidates, [box[column] for box in boxes])
    yield from ((number, chosen) for number, chosen in enumerate(candidates) if chosen)


def meeting_below(boxes: Sequence[Box]) -> dict[int, list[int]]:
    """For each box those after it that may meet it, in order."""
    last = len(boxes) - 1
    return {
        last - n: [last - other for other in reversed(pieces(chosen))] for n, chosen in meeting(boxes[::-1])
    }


def _narrow(candidates: list[int], sets: Sequence[int]) -> None:
    """Leave only boxes whose span of pieces in one column meets."""
    if len(set(sets)) == 1:
        return
    begins: dict[int, int] = {}
    ends: dict[int, int] = {}
    spans = []
    for number, chosen in enumerate(sets):
        first, last = (
            ((chosen & -chosen).bit_length() - 1, chosen.bit_length() - 1) if chosen else (1 << 60, -1)
        )
        spans.append((first, last))
        begins[first] = begins.get(first, 0) | 1 << number
        ends[last] = ends.get(last, 0) | 1 << number
    begun, ended = _Unions(begins), _Unions(ends)
    for number, (first, last) in enumerate(spans):
        if candidates[number]:
            candidates[number] &= begun(last) & ~ended(first - 1)


class _Unions:
    """The union of all sets up to a place."""

    def __init__(self, sets: dict[int, int]) -> None:
        self._places = sorted(sets)
        self._unions: list[int] = []
        union = 0
        for place in self._places:
            union |= sets[place]
            self._unions.append(union)

    def __call__(self, place: int) -> int:
        index = bisect_right(self._places, place)
        return self._unions[index - 1] if index else 0
