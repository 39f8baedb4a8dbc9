"""Lanes as operations see them: what is said of each, how much waits, and which lots and plants that is about."""

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from app.storage.database import among, at_id, now
from app.storage.deliveries import OPEN, deliveries_table
from app.storage.identity import partition_of
from app.storage.lanes import lanes_table
from app.storage.messages import keys_of, messages_table
from app.storage.outages import reasons

PAUSE = "pause"
_MOST_COUNTED = 1_000
_c = lanes_table.c
_m = messages_table.c
_d = deliveries_table.c
_INBOX = and_(_m.partition == _c.partition, _m.lane == _c.id, _m.state == "received", _m.day >= _c.oldest_day)
_OUTBOX = and_(_d.partition == _c.partition, _d.lane == _c.id, OPEN, _d.day >= _c.oldest_day)
_INSIDE = ("partition", "oldest_day")


def said_of(state: str, moment: datetime, shut: Collection[str] = ()) -> ColumnElement[bool]:
    """The lanes of which this is said, as SQL; `app.runtime.states.lane_state` says the same of one row.

    `shut` are endpoints through which nothing leaves now.
    """
    blocked = _c.blocked_by.is_not(None)
    leased = and_(_c.lease_until.is_not(None), _c.lease_until > moment)
    held = or_(_c.parked != "", and_(_c.kind == "outbox", _c.endpoint.in_(sorted(shut))))
    untaken = and_(~blocked, or_(_c.lease_until.is_(None), _c.lease_until <= moment))
    conditions = {
        "blocked": blocked,
        "leased": and_(~blocked, leased),
        "parked": and_(untaken, _c.ready, held),
        "free": and_(untaken, or_(~_c.ready, ~held)),
    }
    return conditions[state]


def list_lanes(
    tx: Connection,
    environment: str,
    *,
    states: Sequence[str] = (),
    flow: str | None = None,
    endpoint: str | None = None,
    kind: str | None = None,
    order_key: str | None = None,
    everything: bool = False,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[list[dict[str, Any]], str | None]:
    """Lanes with work or that wait for somebody, longest wait first, and the cursor of the next page.

    `states` of blocked, leased, parked, free; `everything` also shows lanes in which nothing is to be done.
    """
    moment = now(tx)
    query = select(lanes_table).where(_c.environment == environment)
    query = query if everything else query.where(or_(_c.ready, _c.blocked_by.is_not(None)))
    shut = reasons(tx, environment)
    query = query.where(or_(*(said_of(state, moment, shut) for state in states))) if states else query
    for column, value in (
        (_c.flow, flow),
        (_c.endpoint, endpoint),
        (_c.kind, kind),
        (_c.order_key, order_key),
    ):
        query = query.where(column == value) if value else query
    limit = max(1, min(limit, 500))
    rows = [dict(row) for row in tx.execute(_page(query, cursor, limit)).mappings()]
    following = _cursor(rows[limit - 1]) if len(rows) > limit else None
    return _with_contents(tx, [_told(row, shut) for row in rows[:limit]]), following


def one_lane(tx: Connection, lane_id: str) -> dict[str, Any]:
    """One lane; LookupError where there is none."""
    query = select(lanes_table).where(_c.partition == partition_of(lane_id), _c.id == lane_id)
    found = tx.execute(query).mappings().first()
    if found is None:
        raise LookupError(f"no lane {lane_id}")
    return _with_contents(tx, [_told(dict(found), reasons(tx, found["environment"]))])[0]


def _told(row: dict[str, Any], shut: Mapping[str, str]) -> dict[str, Any]:
    """A lane to a connection that is shut says why as well."""
    why = shut.get(row["endpoint"], "") if row["kind"] == "outbox" and row["ready"] else ""
    return {**row, "parked": row["parked"] or why}


def _page(query: Select[Any], cursor: str | None, limit: int) -> Select[Any]:
    if cursor:
        at, id = _read_cursor(cursor)
        query = query.where(or_(_c.next_at > at, and_(_c.next_at == at, _c.id > id)))
    return query.order_by(_c.next_at, _c.id).limit(limit + 1)


def _cursor(row: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([row["next_at"].isoformat(), row["id"]]).encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        at, id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return datetime.fromisoformat(at), str(id)
    except (ValueError, TypeError):
        raise ValueError("the cursor is not one of ours") from None


def _with_contents(tx: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each with how much waits in it (up to 1,000), since when, and the business keys of what is first."""
    waiting = _contents(
        tx, [row["id"] for row in rows if row["kind"] == "inbox"], _INBOX, _m.id, _m.received_at, _m.seq
    )
    waiting |= _contents(
        tx,
        [row["id"] for row in rows if row["kind"] == "outbox"],
        _OUTBOX,
        _d.message_id,
        _d.created_at,
        _d.seq,
    )
    first = {row["id"]: _message_of(tx, row["blocked_by"]) or waiting[row["id"]][1] for row in rows}
    keys = keys_of(tx, {message_id for message_id in first.values() if message_id})
    return [
        {name: value for name, value in row.items() if name not in _INSIDE}
        | {
            "waiting": waiting[row["id"]][0],
            "since": waiting[row["id"]][2],
            "message_id": first[row["id"]] or "",
        }
        | {"keys": keys.get(first[row["id"]] or "", {})}
        for row in rows
    ]


def _contents(
    tx: Connection, ids: list[str], inside: ColumnElement[bool], message: Any, at: Any, seq: Any
) -> dict[str, tuple[int, str | None, datetime | None]]:
    if not ids:
        return {}
    some = select(seq).where(inside).limit(_MOST_COUNTED).correlate(lanes_table).subquery()
    count = select(func.count()).select_from(some).scalar_subquery()
    head, since = (
        select(what).where(inside).order_by(seq).limit(1).correlate(lanes_table).scalar_subquery()
        for what in (message, at)
    )
    query = select(_c.id, count, head, since).where(among(tx, _c.partition, _c.id, ids))
    return {row[0]: (row[1], row[2], row[3]) for row in tx.execute(query)}


def _message_of(tx: Connection, blocked_by: str | None) -> str | None:
    """The message that a lane waits for, or that of the delivery it waits for."""
    if not blocked_by or blocked_by == PAUSE:
        return None
    found: str | None = tx.execute(select(_m.id).where(at_id(_m.id, blocked_by))).scalar()
    if found is None:
        found = tx.execute(select(_d.message_id).where(at_id(_d.id, blocked_by))).scalar()
    return found
