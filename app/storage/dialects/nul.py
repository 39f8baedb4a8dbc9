"""U+0000, which JSON may hold and no text of PostgreSQL: it is stored as U+FFFD, the sign for what can't be shown."""

from collections.abc import Sequence
from functools import cache
from typing import Any

_NUL, _SHOWN = "\x00", "\ufffd"


def without_nul(row: Sequence[Any]) -> Sequence[Any]:
    """A row with nothing in its texts that can't be stored."""
    return [value.replace(_NUL, _SHOWN) if isinstance(value, str) else value for value in row]


def mend_texts(connection: Any) -> None:
    """Every text that is given to a statement of this connection of the driver."""
    connection.adapters.register_dumper(str, _mending())


def leave_texts(cursor: Any) -> None:
    """As the driver writes them by itself, several times as quick: for rows that are mended already."""
    import psycopg

    cursor.adapters.register_dumper(str, psycopg.adapters.get_dumper(str, psycopg.adapt.PyFormat.AUTO))


@cache
def _mending() -> Any:
    import psycopg
    from psycopg.types.string import StrDumperUnknown

    class Mending(StrDumperUnknown):
        def dump(self, obj: str) -> Any:
            """Looked at only where the driver refuses it."""
            try:
                return super().dump(obj)
            except psycopg.DataError:
                return super().dump(obj.replace(_NUL, _SHOWN))

    return Mending
