"""The values of one column, cut into pieces that no cell of the column tells apart.

A domain numbers its pieces; a set of pieces is an int, one bit a piece, `missing` the last. What fits two
cells is then `one & other`, and what fits neither is `all & ~(one | other)`. `fit` gives two sets for a
cell: what fits it for sure, and what may fit it; they differ only for cells that can't be decided.
"""

from collections.abc import Iterable

from dsl import syntax, types
from dsl.analysis.values import NotAnalysed, constant, identity, literal

Fit = tuple[int, int]


class Domain:
    """What the domains of all types share; a subclass knows the pieces of present values."""

    def __init__(self, size: int, optional: bool) -> None:
        self.present = (1 << size) - 1
        self.missing = 1 << size if optional else 0
        self.all = self.present | self.missing
        self.can_fail = False

    def fit(self, cell: syntax.Cell) -> Fit:
        """What fits a cell for sure, and what may fit it."""
        match cell:
            case syntax.AnyCell():
                return self.all, self.all
            case syntax.MissingCell():
                return self.missing, self.missing
            case syntax.ConditionCell():
                return 0, self.all
            case syntax.ListCell(cells=cells):
                return self._any_of(cells)
            case syntax.NotCell(cells=cells):
                sure, may = self._any_of(cells)
                return self.all & ~may, self.all & ~sure
            case _:
                return self.value_fit(cell)

    def _any_of(self, cells: Iterable[syntax.Cell]) -> Fit:
        sure = may = 0
        for cell in cells:
            one = self.fit(cell)
            sure |= one[0]
            may |= one[1]
        return sure, may

    def value_fit(self, cell: syntax.Cell) -> Fit:
        """The fit of a cell about present values."""
        raise NotImplementedError

    def parts(self, chosen: int) -> list[str] | None:
        """Cells that fit exactly these pieces of present values together; None where only `not(...)` can say it."""
        raise NotImplementedError

    def sample(self, piece: int) -> str:
        """A value of a piece as text."""
        raise NotImplementedError

    def is_sliver(self, chosen: int) -> bool:
        """Whether a run of pieces is a single value or a single step; only values in order have such."""
        return False

    def example(self, chosen: int) -> str:
        """One value of a set, a present one if there is one."""
        present = chosen & self.present
        return self.sample(self.liked(present)) if present else "missing"

    def liked(self, present: int) -> int:
        """The piece whose sample says most."""
        return (present & -present).bit_length() - 1

    def text(self, chosen: int) -> str:
        """The cell that fits exactly a set that is not empty."""
        if chosen == self.all:
            return "-"
        if chosen == self.present:
            return "not(missing)"
        plain, rest = self._listed(chosen), self._listed(self.all & ~chosen)
        if plain is None or (rest is not None and len(rest) < len(plain)):
            return f"not({', '.join(rest or ())})"
        return ", ".join(plain)

    def _listed(self, chosen: int) -> list[str] | None:
        words = ["missing"] if chosen & self.missing else []
        if not chosen & self.present:
            return words
        parts = self.parts(chosen & self.present)
        return None if parts is None else words + parts


class Choice(Domain):
    """Enumerations and booleans: a piece a value."""

    def __init__(self, of: types.Type, optional: bool) -> None:
        self._values = of.values if isinstance(of, types.Enum) else (True, False)
        self._of = of
        self._places = {value: index for index, value in enumerate(self._values)}
        super().__init__(len(self._values), optional)

    def value_fit(self, cell: syntax.Cell) -> Fit:
        match cell:
            case syntax.ValueCell(value=value) | syntax.CompareCell(operator="=", value=value):
                found = self._bit(value)
            case syntax.CompareCell(operator="<>", value=value):
                found = self.present & ~self._bit(value)
            case _:
                raise NotAnalysed
        return found, found

    def _bit(self, node: syntax.Expression) -> int:
        place = self._places.get(constant(node))
        if place is None:
            raise NotAnalysed
        return 1 << place

    def parts(self, chosen: int) -> list[str] | None:
        return [self.sample(piece) for piece in pieces(chosen)]

    def sample(self, piece: int) -> str:
        return literal(self._values[piece], self._of)


class Points(Domain):
    """Values that are only compared for being equal: a piece a constant, and one for all others.

    Patterns of texts are not decided here.
    """

    def __init__(self, of: types.Type, optional: bool, cells: Iterable[syntax.Cell]) -> None:
        self._of = of
        values = [constant(node) for cell in cells for node in constants(cell)]
        self._values = list({identity(value): value for value in reversed(values)}.values())[::-1]
        self._places = {identity(value): index for index, value in enumerate(self._values)}
        super().__init__(len(self._values) + 1, optional)

    def value_fit(self, cell: syntax.Cell) -> Fit:
        match cell:
            case syntax.ValueCell(value=value) | syntax.CompareCell(operator="=", value=value):
                found = 1 << self._places[identity(constant(value))]
            case syntax.CompareCell(operator="<>", value=value):
                found = self.present & ~(1 << self._places[identity(constant(value))])
            case syntax.PatternCell():
                return 0, self.present
            case _:
                raise NotAnalysed
        return found, found

    def parts(self, chosen: int) -> list[str] | None:
        if chosen >> len(self._values) & 1:
            return None
        return [self.sample(piece) for piece in pieces(chosen)]

    def sample(self, piece: int) -> str:
        if piece < len(self._values):
            return literal(self._values[piece], self._of)
        if self._of == types.TEXT:
            return literal(next(text for text in _TEXTS if text not in self._places), self._of)
        return "another value"


_TEXTS = [*(f"other{number}" for number in ("", *range(2, 50_000))), "\0"]


def leaves(cell: syntax.Cell) -> Iterable[syntax.Cell]:
    """A cell, or what a list or `not(...)` is made of."""
    if isinstance(cell, syntax.ListCell | syntax.NotCell):
        for inner in cell.cells:
            yield from leaves(inner)
    else:
        yield cell


def constants(cell: syntax.Cell) -> list[syntax.Expression]:
    """Every constant in a cell."""
    found: list[syntax.Expression] = []
    for leaf in leaves(cell):
        match leaf:
            case syntax.ValueCell(value=value) | syntax.CompareCell(value=value):
                found.append(value)
            case syntax.RangeCell(low=low, high=high):
                found += [low, high]
    return found


def pieces(chosen: int) -> list[int]:
    """The numbers of the bits that are set."""
    found = []
    while chosen:
        low = chosen & -chosen
        found.append(low.bit_length() - 1)
        chosen ^= low
    return found


def runs(chosen: int) -> list[tuple[int, int]]:
    """Runs of bits that are set, as (first, last)."""
    found, base = [], 0
    while chosen:
        skip = (chosen & -chosen).bit_length() - 1
        chosen >>= skip
        length = (~chosen & (chosen + 1)).bit_length() - 1
        found.append((base + skip, base + skip + length - 1))
        chosen >>= length
        base += skip + length
    return found
