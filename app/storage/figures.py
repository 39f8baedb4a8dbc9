"""The figures of operations on one screen: what waits, where, since when, and how fast it leaves."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from app.storage.breakers import breakers
from app.storage.database import now
from app.storage.deliveries import OPEN, deliveries_table
from app.storage.flows import flow_policies
from app.storage.lane_list import list_lanes
from app.storage.messages import keys_of, messages_table
from app.storage.queries import counts

_m = messages_table.c
_d = deliveries_table.c
_STUCK_LANES = 8
_LOOKED_INTO = 2_000
_VALUES = 6


def figures(tx: Connection, environment: str) -> dict[str, Any]:
    """Everything that the screen of operations shows."""
    moment = now(tx)
    known = counts(tx, environment)
    flows, endpoints = _waiting_flows(tx, environment), _waiting_endpoints(tx, environment)
    oldest = [one["since"] for one in (*flows, *endpoints)]
    stuck, more = list_lanes(tx, environment, states=("blocked", "parked"), limit=_STUCK_LANES)
    return {
        "environment": environment,
        "at": moment,
        "messages": known["messages"],
        "problems": known["problems"],
        "delivery_problems": known["delivery_problems"],
        "waiting_flows": flows,
        "waiting_endpoints": endpoints,
        "oldest_waiting": min(oldest) if oldest else None,
        "stuck_lanes": stuck,
        "more_stuck_lanes": more is not None,
        "delivered_last_minute": _delivered(tx, environment, moment - timedelta(minutes=1), moment),
        "late": known["late"],
        "breakers": [
            {"endpoint": one.endpoint, "state": one.state, "since": one.since, "reason": one.reason}
            for one in breakers(tx, environment)
            if one.state != "closed"
        ],
        "paused_flows": sorted(
            f"{ruleset}/{flow}"
            for (where, ruleset, flow), p in flow_policies(tx).items()
            if p.paused and where == environment
        ),
        "alerts": known["alerts"][:5],
        "workers": [worker for worker in known["workers"] if worker["alive"]],
        "unserved": known["unserved"],
    }


def _waiting_flows(tx: Connection, environment: str) -> list[dict[str, Any]]:
    """Messages that no worker has taken yet, or that wait for something, by flow."""
    query = select(_m.ruleset, _m.flow, func.count().label("count"), func.min(_m.received_at).label("since"))
    query = query.where(_m.environment == environment, _m.state.in_(("received", "waiting")))
    rows = tx.execute(query.group_by(_m.ruleset, _m.flow).order_by(func.count().desc())).mappings()
    return [dict(row) for row in rows]


def _waiting_endpoints(tx: Connection, environment: str) -> list[dict[str, Any]]:
    """Deliveries that have not arrived yet, by endpoint, and what they are about."""
    query = select(_d.endpoint, func.count().label("count"), func.min(_d.created_at).label("since"))
    query = query.where(_d.environment == environment, OPEN)
    rows = tx.execute(query.group_by(_d.endpoint).order_by(func.count().desc())).mappings().all()
    return [{**row, "about": _about(tx, environment, row["endpoint"])} for row in rows]


def _about(tx: Connection, environment: str, endpoint: str) -> dict[str, dict[str, Any]]:
    """The business keys of what waits for an endpoint: how many different ones, and the first of them."""
    query = select(_d.message_id).where(_d.environment == environment, _d.endpoint == endpoint, OPEN)
    ids: Collection[str] = set(tx.execute(query.limit(_LOOKED_INTO)).scalars())
    values: dict[str, set[str]] = {}
    for keys in keys_of(tx, ids).values():
        for name, value in keys.items():
            values.setdefault(name, set()).add(value)
    return {
        name: {"count": len(found), "first": sorted(found)[:_VALUES]}
        for name, found in sorted(values.items())
    }


def _delivered(tx: Connection, environment: str, since: datetime, until: datetime) -> int:
    """How many deliveries arrived in a span, of those that were made in the last day."""
    made = _d.created_at >= until - timedelta(days=1)
    here = (
        _d.environment == environment,
        made,
        _d.state == "delivered",
        _d.updated_at >= since,
        _d.updated_at < until,
    )
    return int(tx.execute(select(func.count()).select_from(deliveries_table).where(*here)).scalar_one())
