"""Lookups as a hash: several keys, several results, rows that are valid for a time."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from dsl import types
from dsl.errors import FunctionFailure
from dsl.program import CheckedLookup
from rules.cells import comparable


class LookupIndex:
    """The row of a lookup for its keys at a moment."""

    def __init__(self, lookup: CheckedLookup) -> None:
        self.name = lookup.name
        self.rows = lookup.rows
        self._from = lookup.valid_from
        self._to = lookup.valid_to
        self._dated = self._from is not None or self._to is not None
        self._single = len(lookup.keys) == 1
        self._index: dict[Any, list[int]] = {}
        for number, row in enumerate(lookup.rows):
            keys = [comparable(value) for value in row[: len(lookup.keys)]]
            self._index.setdefault(keys[0] if self._single else tuple(keys), []).append(number)

    def unique_rows(self) -> dict[Any, int] | None:
        """The row of each key, where one plain key always gives at most one row whatever the time."""
        if self._dated or not self._single or any(len(rows) > 1 for rows in self._index.values()):
            return None
        return {key: rows[0] for key, rows in self._index.items()}

    def find(self, keys: Sequence[Any], now: date) -> int:
        """The number of the row; FunctionFailure no_match where none fits, many where several do."""
        values = [comparable(value) for value in keys]
        found: Sequence[int] = self._index.get(values[0] if self._single else tuple(values), ())
        if self._dated:
            found = [number for number in found if self._valid(self.rows[number], now)]
        if len(found) == 1:
            return found[0]
        shown = ", ".join(f'"{key}"' for key in keys)
        if not found:
            raise FunctionFailure("no_match", f"lookup {self.name} has no row for {shown}", shown.strip('"'))
        raise FunctionFailure("many", f"lookup {self.name} has several rows for {shown}", shown.strip('"'))

    def _valid(self, row: tuple[Any, ...], now: date) -> bool:
        start = None if self._from is None else row[self._from]
        end = None if self._to is None else row[self._to]
        return (start is None or not before(now, start)) and (end is None or not before(end, now))


def result_of(lookup: CheckedLookup, row: Sequence[Any]) -> Any:
    """What a look-up without a column gives: the one result, or a record of several."""
    answers = lookup.answers
    if len(answers) == 1:
        return row[answers[0][0]]
    return {name: row[index] for index, name, _ in answers if row[index] is not None}


def fields_of(lookup: CheckedLookup) -> tuple[str, ...]:
    """The fields that may be named behind a look-up whose one result is a record."""
    of = types.present(lookup.answers[0][2]) if len(lookup.answers) == 1 else None
    return tuple(of.fields) if isinstance(of, types.Record) else ()


def before(left: Any, right: Any) -> bool:
    """Whether one moment or day lies before another; a day counts whole."""
    if isinstance(left, datetime) and isinstance(right, datetime):
        return left < right
    return _day(left) < _day(right)


def _day(moment: Any) -> date:
    if isinstance(moment, datetime):
        return moment.date()
    return moment if isinstance(moment, date) else date.fromisoformat(str(moment))
