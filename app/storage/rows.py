"""Many rows at once, as tuples: COPY on PostgreSQL, executemany on SQLite; and rows read as records.

The hot tables come and go through here, because building a dictionary a row cost more than the database did.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import psycopg
from sqlalchemy import Boolean, Connection, DateTime, Dialect, LargeBinary, Table
from sqlalchemy.exc import DBAPIError

_FEW = 8
_NATIVE = (Boolean, DateTime, LargeBinary)
"""Types that psycopg writes by itself."""
Converter = Callable[[Any], Any]


def write_rows(tx: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows whose values stand in the order of these columns."""
    if not rows:
        return
    ready = _converted(tx.dialect, table, columns, rows)
    if tx.dialect.name == "postgresql" and len(rows) >= _FEW:
        _copy(tx, table, columns, ready)
    else:
        mark = "?" if tx.dialect.name == "sqlite" else "%s"
        given = list(ready)
        tx.exec_driver_sql(_insert(table, tuple(columns), mark), given[0] if len(given) == 1 else given)


def _converted(
    dialect: Dialect, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> Iterable[Sequence[Any]]:
    """As the driver takes them; most columns need nothing done."""
    found = _converters(table, tuple(columns), dialect)
    return (_row(row, found) for row in rows) if found else (tuple(row) for row in rows)


def _row(row: Sequence[Any], converters: Sequence[tuple[int, Converter]]) -> Sequence[Any]:
    values = list(row)
    for place, convert in converters:
        values[place] = convert(values[place])
    return tuple(values)


@cache
def _converters(
    table: Table, columns: tuple[str, ...], dialect: Dialect
) -> tuple[tuple[int, Converter], ...]:
    found = ((place, _converter(table.c[name].type, dialect)) for place, name in enumerate(columns))
    return tuple((place, convert) for place, convert in found if convert is not None)


def _converter(type_: Any, dialect: Dialect) -> Converter | None:
    if dialect.name == "postgresql" and isinstance(getattr(type_, "impl", type_), _NATIVE):
        return None
    found: Converter | None = type_.dialect_impl(dialect).bind_processor(dialect)
    return found


@cache
def _insert(table: Table, columns: tuple[str, ...], mark: str) -> str:
    return f'INSERT INTO "{table.name}" ({_names(columns)}) VALUES ({", ".join([mark] * len(columns))})'


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _copy(tx: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    statement = f'COPY "{table.name}" ({_names(columns)}) FROM STDIN'
    cursor = tx.connection.driver_connection.cursor()  # type: ignore[union-attr]
    try:
        with cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except (
        psycopg.Error
    ) as error:  # as SQLAlchemy would say it, so that whoever repeats transactions knows it
        lost = tx.dialect.is_disconnect(error, None, None)  # type: ignore[arg-type]
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, connection_invalidated=lost, dialect=tx.dialect
        ) from error
