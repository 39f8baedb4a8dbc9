"""Values as a driver takes them; most columns need nothing done."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Dialect, Table

Converter = Callable[[Any], Any]


def converted(row: Sequence[Any], converters: Sequence[tuple[int, Converter]]) -> tuple[Any, ...]:
    """A row with the values at these places converted."""
    values = list(row)
    for place, convert in converters:
        values[place] = convert(values[place])
    return tuple(values)


@cache
def converters(
    table: Table, columns: tuple[str, ...], dialect: Dialect, writes_itself: Callable[[Any], bool]
) -> tuple[tuple[int, Converter], ...]:
    """What there is to be done, by the place of the column; nothing for types that a driver writes itself."""
    found = (
        (place, _converter(table.c[name].type, dialect, writes_itself)) for place, name in enumerate(columns)
    )
    return tuple((place, convert) for place, convert in found if convert is not None)


def _converter(type_: Any, dialect: Dialect, writes_itself: Callable[[Any], bool]) -> Converter | None:
    if writes_itself(getattr(type_, "impl", type_)):
        return None
    found: Converter | None = type_.dialect_impl(dialect).bind_processor(dialect)
    return found
