"""The audit log: read, and verified row by row."""

from typing import Any

from app.api import schemas
from app.api.calls import installation, needs
from app.api.document import Resource
from app.api.paging import CursorInvalid
from app.security import audit
from app.storage import audit as stored

blueprint = Resource("v1-audit", __name__, url_prefix="/v1/audit", description="Who did what, chained")


class AnchorQuery(schemas.Strict):
    """A number and hash noted outside, against which a truncated or rewritten log shows."""

    seq = schemas.digits(1, 999_999_999)
    hash = schemas.text(64, 64)


@blueprint.route("", methods=["GET"])
@needs("audit")
@blueprint.arguments(schemas.PageQuery, location="query")
@blueprint.alt_response(200, schema=schemas.Page)
def index(query: dict[str, Any]) -> Any:
    """Rows, latest first."""
    cursor = query.get("cursor") or ""
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise CursorInvalid()
    with installation().database.read() as connection:
        rows = stored.latest_rows(connection, int(cursor) if cursor else None, query["limit"])
    following = str(rows[-1].seq) if rows and rows[-1].seq > 1 else None
    return {"items": [row.as_json() for row in rows], "next_cursor": following}


@blueprint.route("/verify", methods=["GET"])
@needs("audit")
@blueprint.arguments(AnchorQuery, location="query")
def verify(query: dict[str, Any]) -> Any:
    """Walk the chain and name the first row that is not as it was written; the head is an anchor to keep."""
    anchor = (query["seq"], query["hash"]) if {"seq", "hash"} <= set(query) else None
    with installation().database.read() as connection:
        found = audit.verify(connection, anchor)
        seq, head = stored.head(connection)
    return {
        "ok": found.ok,
        "rows": found.rows,
        "broken": found.broken,
        "problem": found.problem,
        "head": {"seq": seq, "hash": head},
    }
