"""Many rows at once, as tuples: COPY on PostgreSQL, executemany on SQLite; and rows read as records.

The hot tables come and go through here, because building a dictionary a row cost more than the database did.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table

from app.storage.dialects import Write, dialect_named, dialect_of
from app.storage.dialects.converting import converted, converters


def write_rows(tx: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows whose values stand in the order of these columns."""
    if rows:
        names = tuple(columns)
        dialect_of(tx).write(tx, table, names, _converted(tx.dialect, table, names, rows))


def write_together(tx: Connection, writes: Sequence[Write]) -> None:
    """The same for several tables, in the order given."""
    some = [
        Write(table, columns, _converted(tx.dialect, table, columns, rows))
        for table, columns, rows in writes
        if rows
    ]
    if some:
        dialect_of(tx).write_together(tx, some)


def change_rows(
    tx: Connection, table: Table, keys: Sequence[str], values: Sequence[str], rows: Sequence[Sequence[Any]]
) -> int:
    """Update rows that are found by all of these columns; each row holds its keys and then its values. How many were found."""
    if not rows:
        return 0
    dialect = dialect_of(tx)
    given = dialect.renewed(table, keys, values, rows)
    return int(tx.execute(_changing(dialect, table, tuple(keys), tuple(values)), given).rowcount)


@cache
def _changing(dialect: Any, table: Table, keys: tuple[str, ...], values: tuple[str, ...]) -> Any:
    """One statement, compiled once."""
    return dialect.update_many(table, keys, values)


def _converted(
    dialect: Dialect, table: Table, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]
) -> Sequence[Sequence[Any]]:
    """As the driver takes them; most columns need nothing done."""
    found = converters(table, columns, dialect, dialect_named(dialect.name).writes_itself)
    return [converted(row, found) for row in rows] if found else [tuple(row) for row in rows]
