"""What pages, the API and the command line read: messages, deliveries, lanes, figures."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
    tuple_,
)

from app.storage.alerts import alerts
from app.storage.attempts import of_deliveries
from app.storage.bodies import body
from app.storage.database import at_id, now
from app.storage.deliveries import Delivery, deliveries_table, delivery_body, of_message
from app.storage.groups import assignments, waiting_by_group
from app.storage.identity import MILLISECONDS_A_DAY, day_of, milliseconds, partition_of
from app.storage.lanes import Kind, lanes_table
from app.storage.lateness import deadlines, late_by_flow
from app.storage.messages import (
    Message,
    has_key,
    has_reason,
    history,
    keys_of,
    message,
    messages_table,
)
from app.storage.origins import edited_from, edited_to
from app.storage.outages import reasons, waiting_lanes
from app.storage.outcomes import outcome
from app.storage.timers import OF_MESSAGES, Timer, timers_of
from app.storage.workers import living_groups, workers

_LOOKS_BACK = (1, 7, 40, 10_000_000)
_ASKS_AFTER = 1
_LAST_DAY = 2_147_483_647
_EVER = {"since_day": 0, "until_day": _LAST_DAY}
_UNSEEN = ("partition", "day")
PROBLEM_STATES = ("dead", "held", "quarantined", "rejected")
_m = messages_table.c
_d = deliveries_table.c


@dataclass(frozen=True, slots=True)
class Page:
    """Some items, and where to go on; None at the end."""

    items: list[dict[str, Any]]
    next_cursor: str | None


def search_messages(
    tx: Connection,
    environment: str,
    *,
    key: str | None = None,
    state: str | Sequence[str] | None = None,
    flow: str | None = None,
    endpoint: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    q: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """Messages, latest first. `key` is `lot:L1` or `L1`; `q` an id or a key; where it is none, words of the reason.

    `late` is by when one had to be done that was not done in time.
    """
    query = select(messages_table).where(_m.environment == environment)
    states = [state] if isinstance(state, str) else list(state or ())
    if states:
        query = query.where(_m.state.in_(states))
    for column, value in ((_m.flow, flow), (_m.endpoint, endpoint)):
        query = query.where(column == value) if value else query
    query = query.where(_m.received_at >= since) if since else query
    query = query.where(_m.received_at < until) if until else query
    query = query.where(has_key(environment, key, _within)) if key else query
    query = query.where(_matches(tx, environment, q)) if q else query
    limit = max(1, min(limit, 500))
    ever = _lanes_of("inbox", environment, lanes_table.c.flow, flow)
    rows = latest(tx, query, (_m.day, _m.received_at, _m.id), cursor, limit + 1, ever)
    ids = [row["id"] for row in rows[:limit]]
    keys, late = keys_of(tx, ids), deadlines(tx, ids)
    items = [
        _message_item(row) | {"keys": keys[row["id"]], "late": late.get(row["id"])} for row in rows[:limit]
    ]
    return Page(items, _cursor(rows[limit - 1], "received_at") if len(rows) > limit else None)


def _matches(tx: Connection, environment: str, q: str) -> ColumnElement[bool]:
    """An id or a key where there is one, else words: each alone goes by an index, one or the other by none."""
    here = _m.environment == environment
    asked = (_is_id(q), _m.correlation_id == q, has_key(environment, q, _within))
    known = [one for one in asked if tx.execute(select(_m.id).where(here, one).limit(1), _EVER).first()]
    return or_(*known) if known else has_reason(q)


def _is_id(q: str) -> ColumnElement[bool]:
    try:
        return at_id(_m.id, q)
    except LookupError:
        return false()


def latest(
    tx: Connection,
    query: Select[Any],
    order: tuple[Any, Any, Any],
    cursor: str | None,
    limit: int,
    ever: Select[Any] | None = None,
) -> list[Any]:
    """The latest rows by day, moment and id, after a cursor: the last days first, older ones only if need be.

    So that a list reads the partitions of a few days, however many are kept. Where the last days have nothing, older
    days are looked into only if `ever` says that there may have been something.
    """
    day, at, id = order
    first = milliseconds() // MILLISECONDS_A_DAY
    if cursor:
        last_at, last_id = _read_cursor(cursor)
        first = day_of(last_id)
        earlier = tuple_(*order) < tuple_(first, bindparam(None, last_at, at.type), last_id)
        query = query.where(earlier, day <= first)
    rows: list[Any] = []
    some = query.where(*_within(day)).order_by(day.desc(), at.desc(), id.desc())
    until = _LAST_DAY
    for back in _LOOKS_BACK:
        days = {"since_day": first - back, "until_day": until}
        rows += tx.execute(some.limit(limit - len(rows)), days).mappings().all()
        until = first - back
        if len(rows) >= limit:
            break
        if ever is not None and not rows and back == _ASKS_AFTER and not tx.execute(ever).scalar():
            break
    return rows


def _lanes_of(kind: Kind, environment: str, column: Column[str], value: str | None) -> Select[Any] | None:
    """Whether a flow or an endpoint ever had a lane: nothing goes without one, and lanes stay for good."""
    c = lanes_table.c
    return (
        select(exists().where(c.kind == kind, c.environment == environment, column == value))
        if value
        else None
    )


def _within(day: Column[int]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The days that `latest` looks at; said of every table that is joined, for each leaves out its own partitions."""
    return day >= bindparam("since_day", type_=Integer()), day < bindparam("until_day", type_=Integer())


def _cursor(row: Any, at: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([row[at].isoformat(), row["id"]]).encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        at, id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        day_of(str(id))
        return datetime.fromisoformat(at), str(id)
    except (ValueError, TypeError, LookupError):
        raise ValueError("the cursor is not one of ours") from None


def _message_item(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in (*_UNSEEN, "body_id", "lane", "seq")}


def message_view(tx: Connection, id: str) -> dict[str, Any]:
    """Everything about one message; LookupError where there is none.

    Shape: message, raw (bytes), media_type, headers, document, event, outcome, faults, lineage, rules,
           deliveries (each with attempts and payload bytes), history, children, timers,
           edited_from (an id or nothing), edited_to
    """
    found = message(tx, id)
    raw = body(tx, found.body_id)
    decided = outcome(tx, id) or {}
    return {
        "message": _shown(found) | {"keys": keys_of(tx, [id])[id], "late": deadlines(tx, [id]).get(id)},
        "raw": raw.content,
        "media_type": raw.media_type,
        "headers": dict(raw.headers),
        "document": decided.get("document"),
        "event": decided.get("event"),
        "outcome": decided,
        "faults": decided.get("faults", []),
        "lineage": decided.get("lineage", {}),
        "rules": decided.get("rules", []),
        "deliveries": message_deliveries(tx, id),
        "history": history(tx, id),
        "children": _children(tx, found),
        "edited_from": edited_from(tx, id),
        "edited_to": edited_to(tx, id),
        "timers": [_timer_item(timer) for timer in timers_of(tx, id) if timer.kind in OF_MESSAGES],
    }


def _timer_item(timer: Timer) -> dict[str, Any]:
    """What a message waits for, is awaited by it or is collected with it."""
    names = (
        "id",
        "kind",
        "state",
        "event",
        "key",
        "deadline",
        "rules",
        "rule",
        "count",
        "message_id",
        "closed_by",
    )
    return {name: getattr(timer, name) for name in names}


def _shown(found: Message) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Message.__slots__ if name not in ("body_id", "keys")}


def _children(tx: Connection, found: Message) -> list[dict[str, Any]]:
    here = and_(_m.correlation_id == found.correlation_id, _m.causation_id == found.id)
    query = select(messages_table).where(here, _m.day >= day_of(found.id))
    return [_message_item(row) for row in tx.execute(query.order_by(_m.received_at)).mappings()]


def message_deliveries(tx: Connection, message_id: str) -> list[dict[str, Any]]:
    """What a message caused, each with its attempts and the bytes that are sent."""
    found = of_message(tx, message_id)
    attempts = of_deliveries(tx, [d.id for d in found])
    parked = _parked(tx, {d.lane for d in found})
    return [
        _delivery_item(d, parked.get(d.lane))
        | {"attempts": attempts[d.id], "payload": delivery_body(tx, d.id)}
        for d in found
    ]


def delivery_view(tx: Connection, id: str) -> dict[str, Any]:
    """One delivery with its attempts and bytes; LookupError where there is none."""
    row = tx.execute(select(deliveries_table).where(at_id(_d.id, id))).mappings().first()
    if row is None:
        raise LookupError(f"no delivery {id}")
    item = {name: value for name, value in row.items() if name not in _UNSEEN}
    item["waiting"] = (_parked(tx, {row["lane"]}).get(row["lane"]) or {}).get("waiting", "")
    return item | {"attempts": of_deliveries(tx, [id])[id], "payload": delivery_body(tx, id)}


def deliveries(
    tx: Connection,
    environment: str,
    *,
    state: str | Sequence[str] | None = None,
    endpoint: str | None = None,
    message_id: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """Deliveries, latest first; `waiting` says why one is not sent now."""
    query = select(deliveries_table).where(_d.environment == environment)
    states = [state] if isinstance(state, str) else list(state or ())
    query = query.where(_d.state.in_(states)) if states else query
    query = query.where(_d.endpoint == endpoint) if endpoint else query
    query = query.where(_d.message_id == message_id) if message_id else query
    limit = max(1, min(limit, 500))
    ever = _lanes_of("outbox", environment, lanes_table.c.endpoint, endpoint)
    rows = latest(tx, query, (_d.day, _d.created_at, _d.id), cursor, limit + 1, ever)
    parked = _parked(tx, {row["lane"] for row in rows[:limit]})
    items = [
        {n: v for n, v in row.items() if n not in _UNSEEN} | (parked.get(row["lane"]) or {"waiting": ""})
        for row in rows[:limit]
    ]
    return Page(items, _cursor(rows[limit - 1], "created_at") if len(rows) > limit else None)


def _delivery_item(d: Delivery, parked: dict[str, Any] | None) -> dict[str, Any]:
    return {name: getattr(d, name) for name in Delivery.__slots__} | (parked or {"waiting": ""})


def _parked(tx: Connection, lane_ids: set[str]) -> dict[str, dict[str, Any]]:
    if not lane_ids:
        return {}
    c = lanes_table.c
    here = c.partition.in_(sorted({partition_of(id) for id in lane_ids})) & c.id.in_(sorted(lane_ids))
    rows = tx.execute(select(c.id, c.parked, c.blocked_by, c.environment, c.endpoint).where(here)).all()
    shut = {name: reasons(tx, name) for name in {r.environment for r in rows}}
    return {
        r.id: {
            "waiting": (f"waits for {r.blocked_by}" if r.blocked_by else "")
            or shut[r.environment].get(r.endpoint, "")
            or r.parked
        }
        for r in rows
    }


def counts(tx: Connection, environment: str) -> dict[str, Any]:
    """Figures of the home page: the last day by state, what needs a person, what waits, who works."""
    moment = now(tx)
    since = moment - timedelta(days=1)
    day = milliseconds() // MILLISECONDS_A_DAY - 2
    open_deliveries = _by_state(
        tx, _d, and_(_d.environment == environment, _d.state.in_(("dead", "uncertain", "retry")))
    )
    c = lanes_table.c
    here = and_(c.environment == environment, c.kind == "inbox")
    blocked = select(func.count()).where(c.environment == environment, c.blocked_by.is_not(None))
    waiting = select(func.count()).where(_m.environment == environment, _m.state.in_(("received", "waiting")))
    return {
        "messages": _by_state(
            tx, _m, and_(_m.environment == environment, _m.day >= day, _m.received_at >= since)
        ),
        "problems": _by_state(tx, _m, and_(_m.environment == environment, _m.state.in_(PROBLEM_STATES))),
        "deliveries": _by_state(
            tx, _d, and_(_d.environment == environment, _d.day >= day, _d.created_at >= since)
        ),
        "delivery_problems": open_deliveries,
        "waiting": tx.execute(waiting).scalar_one(),
        "waiting_lanes": tx.execute(select(func.count()).where(here, c.ready)).scalar_one(),
        "blocked_lanes": tx.execute(blocked).scalar_one(),
        "parked": _parked_reasons(tx, environment),
        "alerts": alerts(tx, environment, 10),
        "workers": workers(tx),
        "unserved": unserved(tx),
        "late": late_by_flow(tx, environment),
        "at": moment,
    }


def unserved(tx: Connection) -> dict[str, int]:
    """Groups whose lanes have work and that no living worker serves, with the number of those lanes."""
    living = living_groups(tx)
    waiting = waiting_by_group(tx, assignments(tx))
    return {group: count for group, count in sorted(waiting.items()) if group not in living}


def problem_count(tx: Connection, environment: str) -> int:
    """How many messages and deliveries wait for a person."""
    stuck = and_(_m.environment == environment, _m.state.in_(PROBLEM_STATES))
    unsent = and_(_d.environment == environment, _d.state.in_(("dead", "uncertain")))
    return sum(_by_state(tx, _m, stuck).values()) + sum(_by_state(tx, _d, unsent).values())


def _by_state(tx: Connection, columns: Any, where: ColumnElement[bool]) -> dict[str, int]:
    rows = tx.execute(select(columns.state, func.count()).where(where).group_by(columns.state))
    return {row[0]: row[1] for row in rows}


def _parked_reasons(tx: Connection, environment: str) -> dict[str, int]:
    c = lanes_table.c
    query = select(c.parked, func.count()).where(c.environment == environment, c.parked != "", c.ready)
    found = {row[0]: row[1] for row in tx.execute(query.group_by(c.parked))}
    return found | {
        why: waiting_lanes(tx, environment, name) for name, why in reasons(tx, environment).items()
    }
