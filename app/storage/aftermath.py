"""What messages led to and where they stood, for many of them at once."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, exists, func, or_, select

from app.storage.database import among, chunks, now
from app.storage.deliveries import Delivery, deliveries_table
from app.storage.flows import flow_policies_table
from app.storage.identity import partition_of
from app.storage.lanes import LaneKey, lanes_table
from app.storage.messages import Message, messages_table
from app.storage.outcomes import outcomes_table

_DELIVERY = list(Delivery.__slots__)


def deliveries_of(tx: Connection, message_ids: Collection[str]) -> list[Delivery]:
    """What some messages caused, in order."""
    c = deliveries_table.c
    found: list[Delivery] = []
    for some in chunks(sorted(message_ids)):
        query = select(deliveries_table).where(c.message_id.in_(some))
        rows = tx.execute(query.order_by(c.message_id, c.created_at, c.rules, c.rule, c.ordinal)).mappings()
        found += [Delivery(**{name: row[name] for name in _DELIVERY}) for row in rows]
    return found


def some_deliveries(tx: Connection, ids: Collection[str]) -> dict[str, Delivery]:
    """Some deliveries by id."""
    if not ids:
        return {}
    c = deliveries_table.c
    rows = tx.execute(select(deliveries_table).where(among(tx, c.partition, c.id, ids))).mappings()
    return {row["id"]: Delivery(**{name: row[name] for name in _DELIVERY}) for row in rows}


def outcomes(tx: Connection, message_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """The outcomes of those messages that ran."""
    if not message_ids:
        return {}
    c = outcomes_table.c
    query = select(c.message_id, c.content).where(among(tx, c.partition, c.message_id, message_ids))
    return {row.message_id: row.content for row in tx.execute(query)}


def order_keys(tx: Connection, lane_ids: Collection[str]) -> dict[str, str]:
    """The order keys of those lanes that keep an order."""
    if not lane_ids:
        return {}
    c = lanes_table.c
    query = select(c.id, c.order_key).where(among(tx, c.partition, c.id, lane_ids), c.ordered)
    return {row.id: row.order_key for row in tx.execute(query)}


def lane_key(tx: Connection, lane_id: str) -> LaneKey:
    """What a lane was made from; LookupError where there is none."""
    c = lanes_table.c
    query = select(lanes_table).where(c.partition == partition_of(lane_id), c.id == lane_id)
    row = tx.execute(query).mappings().first()
    if row is None:
        raise LookupError(f"no lane {lane_id}")
    words = (row["environment"], row["ruleset"], row["flow"], row["endpoint"], row["order_key"])
    return LaneKey(row["kind"], *words, row["ordered"])


def siblings(tx: Connection, found: Message) -> int:
    """How many other messages were made of the same body."""
    c = messages_table.c
    here = and_(c.correlation_id == found.correlation_id, c.body_id == found.body_id, c.id != found.id)
    return int(tx.execute(select(func.count()).where(here)).scalar_one())


def longest_wait(tx: Connection) -> float:
    """Seconds that the lane has waited which waits longest for a worker; lanes of paused flows wait for a person."""
    c, flow = lanes_table.c, flow_policies_table.c
    same = and_(flow.environment == c.environment, flow.ruleset == c.ruleset, flow.flow == c.flow)
    moment = now(tx)
    due = select(func.min(c.next_at)).where(
        c.kind == "inbox",
        c.ready,
        c.next_at <= moment,
        c.blocked_by.is_(None),
        or_(c.lease_until.is_(None), c.lease_until < moment),
        ~exists(select(flow.flow).where(same, flow.paused)),
    )
    since: datetime | None = tx.execute(due).scalar()
    return (moment - since).total_seconds() if since is not None else 0.0
