"""What the analysis of a table says, as plain values: rows by number (from 0), inputs as text."""

from dataclasses import dataclass
from typing import Literal as OneOf


@dataclass(frozen=True, slots=True)
class Example:
    """One input in full, as text a column; `limited` are the columns in which not every value would do."""

    values: tuple[tuple[str, str], ...]
    limited: frozenset[str]

    def words(self) -> str:
        """The columns that matter, as an analyst says it."""
        shown = [f"{name} = {value}" for name, value in self.values if name in self.limited]
        return ", ".join(shown) or ", ".join(f"{name} = {value}" for name, value in self.values)


@dataclass(frozen=True, slots=True)
class Gap:
    """Inputs that no row fits: one of them, the cells of a row that fits all of them, the row most like it.

    Not `certain` where only rows that can't be decided might fit.
    """

    example: Example
    cells: tuple[str, ...]
    like: int | None
    certain: bool
    beside: tuple[int, ...] = ()
    """Rows that would fit it too, were it not for one column, in which they end where the gap begins."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two rows that fit one input; not `certain` where a cell of them can't be decided."""

    upper: int
    lower: int
    example: Example
    certain: bool


@dataclass(frozen=True, slots=True)
class Idle:
    """A row that changes nothing: it fits nothing, others are always taken before it, or others say the same."""

    row: int
    why: OneOf["fits nothing", "never reached", "adds nothing"]
    others: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Sliver:
    """A single value or step of one column between two rows, as text, that only `otherwise` (or row `rest`) answers."""

    below: int
    above: int
    column: int
    text: str
    rest: int | None = None


@dataclass(frozen=True, slots=True)
class Outlier:
    """A row that breaks a pattern all others show, in words; `others` are rows that may be the wrong ones instead."""

    row: int
    found: str
    pattern: str
    others: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TableAnalysis:
    """Everything found in one table. `complete`: some row fits every input, or `otherwise` does."""

    gap: Gap | None = None
    overlaps: tuple[Overlap, ...] = ()
    idle: tuple[Idle, ...] = ()
    undecided: tuple[tuple[int, int], ...] = ()
    too_large: bool = False
    slivers: tuple[Sliver, ...] = ()
    outliers: tuple[Outlier, ...] = ()
    idle_left: bool = False
    """Whether the search for idle rows came to the end of its budget before its end."""
    complete: bool = False
    can_differ: bool = True
    """Whether rows that must not may fit one input, or units that can't be compared may meet."""
