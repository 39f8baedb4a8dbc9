"""The domain of an ordered column: its number lines cut at the constants of its cells."""

from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Any

from dsl import syntax
from dsl.analysis.domains import Domain, Fit, constants, runs
from dsl.analysis.scales import Scale
from dsl.analysis.values import NotAnalysed, constant


class _Track:
    """One number line. Slot 2i+1 is point i, slot 2i what lies below it; slots in which nothing lies are no pieces."""

    def __init__(self, name: str, points: Sequence[Any], scale: Scale, base: int) -> None:
        self.name = name
        self.points = points
        ends = [None, *points, None]
        self.samples: list[Any] = []
        for index, (low, high) in enumerate(zip(ends, ends[1:], strict=False)):
            self.samples += [scale.between(low, high), *points[index : index + 1]]
        filled = [sample is not None for sample in self.samples]
        self.before = [base, *(base + count for count in accumulate(filled))]
        self.slots = [slot for slot, is_filled in enumerate(filled) if is_filled]
        self.base = base

    @property
    def end(self) -> int:
        """The number of the first piece behind this line."""
        return self.before[-1]

    def slot(self, place: Any) -> int:
        """The slot of a point."""
        return 2 * bisect_left(self.points, place) + 1

    def pieces(self, first: int, last: int) -> int:
        """The pieces of the slots from one to another."""
        if last < first:
            return 0
        low, high = self.before[first], self.before[last + 1]
        return ((1 << (high - low)) - 1) << low

    def is_step(self, first: int, last: int) -> bool:
        """Whether pieces are one point, or no wider than a unit in the last place of the points around them."""
        low, high = self.slots[first - self.base], self.slots[last - self.base]
        if low == high and low % 2 == 1:
            return True
        below, above = (low - 1) // 2, high // 2
        if below < 0 or above >= len(self.points):
            return False
        one, other = self.points[below], self.points[above]
        if isinstance(one, Decimal) and isinstance(other, Decimal):
            finest = min(int(one.as_tuple().exponent), int(other.as_tuple().exponent))
            return other - one <= Decimal(1).scaleb(finest)
        return isinstance(one, int) and isinstance(other, int) and other - one <= 1

    def parts(self, first: int, last: int, scale: Scale) -> str:
        """The cell that fits the pieces from one to another of this line."""
        low, high = self.slots[first - self.base], self.slots[last - self.base]
        if low == high and low % 2 == 1:
            return scale.text(self.name, self.points[low // 2])
        from_start, to_end = first == self.base, last == self.end - 1
        start = "" if from_start else scale.text(self.name, self.points[(low - 1) // 2])
        stop = "" if to_end else scale.text(self.name, self.points[high // 2])
        if from_start and to_end:
            middle = scale.text(self.name, self.samples[low])
            return f"< {middle}, >= {middle}"
        if from_start:
            return f"{'<=' if high % 2 else '<'} {stop}"
        if to_end:
            return f"{'>=' if low % 2 else '>'} {start}"
        return f"{'[' if low % 2 else '('}{start}..{stop}{']' if high % 2 else ')'}"


class Line(Domain):
    """Values in order; one line, or one a unit, with a last piece for values on none of the lines."""

    def __init__(self, scale: Scale, optional: bool, cells: Sequence[syntax.Cell], ordered: bool) -> None:
        self._scale = scale
        points: dict[str, set[Any]] = {track: set() for track in scale.tracks}
        for cell in cells:
            for node in constants(cell):
                track, place = scale.place(constant(node))
                points.setdefault(track, set()).add(place)
        self._tracks: dict[str, _Track] = {}
        base = 0
        for name, places in points.items():
            self._tracks[name] = track_ = _Track(name, sorted(places), scale, base)
            base = track_.end
        self._others = scale.is_open and not scale.tracks and not (ordered and points)
        super().__init__(base + self._others, optional)
        self.can_fail = scale.is_open and ordered

    def _at(self, node: syntax.Expression) -> tuple[_Track, int]:
        name, place = self._scale.place(constant(node))
        return self._tracks[name], self._tracks[name].slot(place)

    def value_fit(self, cell: syntax.Cell) -> Fit:
        match cell:
            case syntax.ValueCell(value=value):
                found = self._compare("=", value)
            case syntax.CompareCell(operator=operator, value=value):
                found = self._compare(operator, value)
            case syntax.RangeCell(low=low, high=high):
                found = self._compare(">=" if cell.low_closed else ">", low)
                found &= self._compare("<=" if cell.high_closed else "<", high)
            case syntax.PatternCell():
                return 0, self.present
            case _:
                raise NotAnalysed
        return found, found

    def _compare(self, operator: str, node: syntax.Expression) -> int:
        track, slot = self._at(node)
        last = 2 * len(track.points)
        match operator:
            case "=":
                return track.pieces(slot, slot)
            case "<>":
                return self.present & ~track.pieces(slot, slot)
            case "<":
                return track.pieces(0, slot - 1)
            case "<=":
                return track.pieces(0, slot)
            case ">":
                return track.pieces(slot + 1, last)
            case _:
                return track.pieces(slot, last)

    def parts(self, chosen: int) -> list[str] | None:
        if self._others and chosen & (1 << (self.present.bit_length() - 1)):
            return None
        found = []
        for track in self._tracks.values():
            here = chosen & track.pieces(0, 2 * len(track.points))
            found += [track.parts(first, last, self._scale) for first, last in runs(here)]
        return found

    def is_sliver(self, chosen: int) -> bool:
        for track in self._tracks.values():
            here = chosen & track.pieces(0, 2 * len(track.points))
            if here and here == chosen and len(runs(here)) == 1:
                return track.is_step(*runs(here)[0])
        return False

    def sample(self, piece: int) -> str:
        for track in self._tracks.values():
            if piece < track.end:
                return self._scale.text(track.name, track.samples[track.slots[piece - track.base]])
        return "another unit"

    def liked(self, present: int) -> int:
        """Not the open end below everything, where there is something else."""
        for track in self._tracks.values():
            low = 1 << track.base
            if present & low and present & ~low and track.slots and track.slots[0] == 0:
                present &= ~low
        return super().liked(present)
