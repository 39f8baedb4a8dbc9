"""What the engine decided about each message: the whole outcome as JSON, written once a run."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, String, delete, select

from app.storage.database import Json, UtcTime, among, at_id, kept_by_day
from app.storage.identity import place_of
from app.storage.rows import write_rows

outcomes_table = kept_by_day(
    "outcomes",
    "message_id",
    Column("message_id", String(40), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("content", Json, nullable=False),
)


def decoded(outcome: Any) -> dict[str, Any]:
    """An outcome as data, ready as bytes or not."""
    found: dict[str, Any] = (
        msgspec.json.decode(outcome) if isinstance(outcome, msgspec.Raw) else dict(outcome)
    )
    return found


def put_outcomes(
    tx: Connection, outcomes: Mapping[str, Any], at: datetime, again: Sequence[str] = ()
) -> None:
    """Store outcomes by message id, as data or as msgspec.Raw; `again`: replace those of earlier runs."""
    if again:
        c = outcomes_table.c
        here = among(tx, c.partition, c.message_id, again)
        tx.execute(delete(outcomes_table).where(here))
    rows = [(*place_of(id), id, at, content) for id, content in outcomes.items()]
    write_rows(tx, outcomes_table, ("partition", "day", "message_id", "at", "content"), rows)


def outcome(tx: Connection, message_id: str) -> dict[str, Any] | None:
    """The outcome of a message, if it ran."""
    c = outcomes_table.c
    query = select(c.content).where(at_id(c.message_id, message_id))
    found: dict[str, Any] | None = tx.execute(query).scalar()
    return found
