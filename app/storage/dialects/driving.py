"""Statements of PostgreSQL that go to its driver without SQLAlchemy, within its transactions; errors as it says them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.storage.dialects.nul import leave_texts, without_nul


def run(tx: Connection, statement: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Execute a statement; the rows it gives, if it gives any."""
    with _driver(tx, statement) as driver, driver.cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.fetchall() if cursor.description else []


def copy(tx: Connection, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """Send rows by COPY."""
    with _driver(tx, statement) as driver, driver.cursor() as cursor:
        leave_texts(cursor)
        with cursor.copy(statement) as sent:
            for row in rows:
                sent.write_row(without_nul(row))


@contextmanager
def _driver(tx: Connection, statement: str) -> Iterator[Any]:
    """The connection of the driver; whoever repeats transactions knows its errors as those of SQLAlchemy."""
    import psycopg  # not where SQLite is used: it takes a tenth of the start of a process

    if not tx.in_transaction():
        tx.begin()  # as every statement of SQLAlchemy does: a commit would leave out what it does not know of
    driver: Any = tx.connection.dbapi_connection  # also of a session that no pool has any more
    try:
        yield driver
    except psycopg.Error as error:
        lost = driver.closed
        if lost:
            tx.invalidate(error)  # no rollback is tried then, which would fail and hide why
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, connection_invalidated=lost, dialect=tx.dialect
        ) from error
