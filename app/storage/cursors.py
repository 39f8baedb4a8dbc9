"""Cursors of lists that are ordered by a moment and an id, latest first."""

import base64
import json
from datetime import datetime


def row_cursor(at: datetime, id: str) -> str:
    """Where the page after this row begins."""
    return base64.urlsafe_b64encode(json.dumps([at.isoformat(), id]).encode()).decode()


def read_cursor(cursor: str) -> tuple[datetime, str]:
    """What `row_cursor` wrote. Errors: ValueError for anything else."""
    try:
        at, id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return datetime.fromisoformat(at), str(id)
    except (ValueError, TypeError):
        raise ValueError("the cursor is not one of ours") from None
