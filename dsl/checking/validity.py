"""Rows of lookups that answer one key: at most one of them at any time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from dsl.functions.lists import identity_key

Place = TypeVar("Place")
Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Clash(Generic[Place]):
    """An earlier row that answers the same key; `when` says at which time both do, empty for always."""

    place: Place
    key: str
    when: str


@dataclass(slots=True)
class Answered(Generic[Place]):
    """The rows of each key so far; `columns` are the key, `start` and `end` the columns of the validity."""

    columns: Sequence[int]
    start: int | None = None
    end: int | None = None
    rows: dict[Any, list[tuple[Place, Row]]] = field(default_factory=dict)

    def add(self, place: Place, row: Row) -> Clash[Place] | None:
        """Take a row in; the first earlier one that it contradicts."""
        values = [row[column] for column in self.columns]
        if any(value is None for value in values):
            return None
        others = self.rows.setdefault(identity_key(values), [])
        clash = next(
            (
                Clash(at, shown(values), self._when(row, other))
                for at, other in others
                if self._meet(row, other)
            ),
            None,
        )
        others.append((place, row))
        return clash

    def _bounds(self, row: Row) -> tuple[Any, Any]:
        return (
            None if self.start is None else row[self.start],
            None if self.end is None else row[self.end],
        )

    def _meet(self, row: Row, other: Row) -> bool:
        (low, high), (other_low, other_high) = self._bounds(row), self._bounds(other)
        before = high is not None and other_low is not None and _day(high) < _day(other_low)
        after = other_high is not None and low is not None and _day(other_high) < _day(low)
        return not before and not after

    def _when(self, row: Row, other: Row) -> str:
        if self.start is None and self.end is None:
            return ""
        (low, high), (other_low, other_high) = self._bounds(row), self._bounds(other)
        first = max((_day(day) for day in (low, other_low) if day is not None), default=None)
        last = min((_day(day) for day in (high, other_high) if day is not None), default=None)
        if first is None and last is None:
            return ", and both rows are valid at any time"
        words = [f"from {first}" if first is not None else "", f"until {last}" if last is not None else "on"]
        return f", and both rows are valid {' '.join(word for word in words if word)}".replace(
            "valid on", "valid"
        )


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def shown(values: Iterable[Any]) -> str:
    """A key as people read it."""
    return ", ".join(f'"{value}"' for value in values)
