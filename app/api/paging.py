"""Cursors of lists: where the next page begins."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from app.errors import AppError


class CursorInvalid(AppError):
    """This cursor was not given out by this list."""

    code = "cursor_invalid"
    status = 422


@contextmanager
def cursors() -> Iterator[None]:
    """Turn what a query says of a foreign cursor into an answer."""
    try:
        yield
    except ValueError:
        raise CursorInvalid() from None


def numbered_page(items: Sequence[Any], query: Mapping[str, Any]) -> dict[str, Any]:
    """A page of a list short enough to be read at once; the cursor is how many went before."""
    cursor, limit = query.get("cursor") or "0", query["limit"]
    if not (cursor.isascii() and cursor.isdecimal()) or len(cursor) > 9:
        raise CursorInvalid()
    start = int(cursor)
    end = start + limit
    return {"items": list(items[start:end]), "next_cursor": str(end) if end < len(items) else None}
