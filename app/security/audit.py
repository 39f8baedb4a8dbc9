"""Who did what, when, why, from what to what: a chain of hashes that shows any later change."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from sqlalchemy import Connection

from app.storage import audit as stored
from app.storage.audit import AuditRow
from app.storage.database import now


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What verifying found: the first row that is not as it was written, if any."""

    ok: bool
    rows: int
    broken: int | None = None
    problem: str = ""


def append(
    tx: Connection,
    who: str,
    what: str,
    target: str,
    before: Any = None,
    after: Any = None,
    reason: str = "",
) -> AuditRow:
    """Chain one deed to the log, in the transaction of the deed itself."""
    seq, previous = stored.locked_head(tx)
    row: dict[str, Any] = {
        "seq": seq + 1,
        "at": now(tx),
        "who": who,
        "what": what,
        "target": target,
        "before": _json(before),
        "after": _json(after),
        "reason": reason,
        "previous": previous,
    }
    entry = AuditRow(**row, hash=row_hash(row))
    stored.add_row(tx, {**row, "hash": entry.hash})
    return entry


def verify(connection: Connection, anchor: tuple[int, str] | None = None) -> AuditCheck:
    """Walk the chain and name the first row that was edited, deleted or inserted.

    A truncated tail shows against the stored head; `anchor` (number and hash noted outside the
    database) shows it even where the head was rewritten too.
    """
    expected, previous, count = 1, "", 0
    for row in stored.rows(connection):
        problem = _problem(row, expected, previous)
        if problem:
            return AuditCheck(False, count, *problem)
        if anchor and row.seq == anchor[0] and row.hash != anchor[1]:
            return AuditCheck(False, count, row.seq, "the row differs from the one the anchor names")
        expected, previous, count = row.seq + 1, row.hash, count + 1
    ends = [stored.head(connection), *([anchor] if anchor else [])]
    if any(seq > expected - 1 for seq, _ in ends):
        return AuditCheck(False, count, expected, "the rows from here to the end of the log were deleted")
    if ends[0] != (expected - 1, previous):
        return AuditCheck(False, count, expected - 1, "the head of the log does not name this row")
    return AuditCheck(True, count)


def row_hash(row: dict[str, Any]) -> str:
    """sha256 over every column but the hash, as canonical JSON."""
    at = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    names = ("who", "what", "target", "before", "after", "reason", "previous")
    text = json.dumps([row["seq"], at, *(row[name] for name in names)], ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _problem(row: AuditRow, expected: int, previous: str) -> tuple[int, str] | None:
    if row.seq != expected:
        return expected, "the row was deleted"
    if row.hash != row_hash({name: getattr(row, name) for name in row.__slots__}):
        return row.seq, "the row was changed after it was written"
    if row.previous != previous:
        return max(row.seq - 1, 1), "the row was rewritten with a new hash"
    return None


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
