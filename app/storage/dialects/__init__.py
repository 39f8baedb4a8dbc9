"""Everything in which SQLite and PostgreSQL differ, said once for each; nobody else asks which of them it is.

`contract.py` says what a dialect answers, `sqlite.py` and `postgresql.py` answer it. Whoever has a connection
asks `dialect_of(tx)`. A house test keeps the names and the SQL of one database out of all other modules,
tests/app/storage/test_dialects.py asks both the same questions.
"""

from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url

from app.storage.dialects.contract import Dialect, Guards, Health, Partitions, Write
from app.storage.dialects.postgresql import Postgresql
from app.storage.dialects.sqlite import Sqlite

__all__ = [
    "URLS",
    "Dialect",
    "Guards",
    "Health",
    "Partitions",
    "Write",
    "by_day",
    "dialect_named",
    "dialect_of",
    "only_where",
]

URLS = "postgresql://USER@HOST/NAME or sqlite:///FILE"
"""How an address is written, for people."""
_BY_NAME: dict[str, Dialect] = {one.name: one for one in (Sqlite(), Postgresql())}


def dialect_of(tx: Connection | Engine) -> Dialect:
    """The dialect of a connection."""
    return _BY_NAME[tx.dialect.name]


def dialect_named(name: str) -> Dialect:
    """By the name SQLAlchemy gives it, or the URL of a database. Errors: KeyError for any other."""
    return _BY_NAME[make_url(name).get_backend_name() if ":" in name else name]


def only_where(condition: Any) -> dict[str, Any]:
    """The words for an index that holds only the rows of a condition."""
    return {f"{name}_where": condition for name in _BY_NAME}


def by_day() -> dict[str, Any]:
    """The words for a table of which each range of days stands by itself, where a database can do that."""
    return {f"{one.name}_partition_by": "RANGE (day)" for one in _BY_NAME.values() if one.partitions}
