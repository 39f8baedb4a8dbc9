"""What waits at connections: deliveries, lanes, since when; and why a connection is stopped."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, func, or_, select, update

from app.storage.breakers import Breaker, breakers, passable
from app.storage.database import among, chunks, now
from app.storage.deliveries import deliveries_table
from app.storage.environments import Binding, bindings
from app.storage.lanes import lanes_table

_d = deliveries_table.c
_l = lanes_table.c
_UNSENT = ("pending", "retry")
_WAITING = ("pending", "inflight", "retry", "uncertain")


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits at one connection: deliveries in lanes, the oldest since; `staged` ones wait for a person."""

    deliveries: int = 0
    lanes: int = 0
    since: datetime | None = None
    staged: int = 0


def queues(tx: Connection, environment: str, endpoint: str | None = None) -> dict[str, Queue]:
    """What waits, by endpoint."""
    staged = case((_d.state == "staged", 1), else_=0).label("staged")
    query = select(_d.endpoint, _d.lane, _d.created_at, staged)
    query = query.where(_d.environment == environment, _d.state.in_([*_WAITING, "staged"]))
    one = (query if endpoint is None else query.where(_d.endpoint == endpoint)).subquery().c
    figures = select(
        one.endpoint, one.staged, func.count(), func.count(one.lane.distinct()), func.min(one.created_at)
    )
    found: dict[str, Queue] = {}
    for name, held, count, lanes, since in tx.execute(figures.group_by(one.endpoint, one.staged)):
        before = found.get(name, Queue())
        found[name] = replace(before, staged=count) if held else Queue(count, lanes, since, before.staged)
    return found


def reasons(tx: Connection, environment: str) -> dict[str, str]:
    """Why nothing leaves through an endpoint now, for those through which nothing does."""
    moment = now(tx)
    found = {
        b.endpoint: f"{b.endpoint} is paused in {environment}" for b in bindings(tx, environment) if b.paused
    }
    for b in breakers(tx, environment):
        if b.endpoint in found or not b.shut(moment):
            continue
        stopped = b.state != "closed"
        found[b.endpoint] = f"the breaker of {b.endpoint} is open: {b.reason}" if stopped else b.slow_reason
    return found


def connections(tx: Connection, environment: str) -> list[dict[str, Any]]:
    """Every connection of an environment: how it stands, why, since when, and what waits at it."""
    moment = now(tx)
    known = {b.endpoint: b for b in breakers(tx, environment)}
    waits = queues(tx, environment)
    return [
        _connection(b, known.get(b.endpoint), waits.get(b.endpoint, Queue()), moment)
        for b in bindings(tx, environment)
    ]


def _connection(b: Binding, found: Breaker | None, queue: Queue, moment: datetime) -> dict[str, Any]:
    stopped = found if found is not None and found.state != "closed" else None
    slow = found if found is not None and found.slow_until is not None and found.slow_until > moment else None
    return {
        "endpoint": b.endpoint,
        "transport": b.transport,
        "paused": b.paused,
        "staged": b.staged,
        "hold_until": b.hold_until,
        "rate": b.control.get("rate"),
        "burst": b.control.get("burst"),
        "breaker": stopped.state if stopped else "closed",
        "since": stopped.since if stopped else None,
        "opened_at": stopped.opened_at if stopped else None,
        "probe_at": stopped.probe_at if stopped else None,
        "times_opened": found.times_opened if found else 0,
        "slow_until": slow.slow_until if slow else None,
        "why": (stopped.reason if stopped else "") or (slow.slow_reason if slow else ""),
        "waiting": {"deliveries": queue.deliveries, "lanes": queue.lanes, "since": queue.since},
        "held_back": queue.staged,
    }


def waiting_flows(tx: Connection, environment: str, endpoint: str) -> list[tuple[str, str, datetime]]:
    """Releases and flows whose deliveries wait to be sent through a connection, and since when the oldest does."""
    here = and_(_d.environment == environment, _d.endpoint == endpoint, _d.state.in_(_UNSENT))
    query = select(_d.release_id, _d.flow, func.min(_d.created_at)).where(here)
    return [(row[0], row[1], row[2]) for row in tx.execute(query.group_by(_d.release_id, _d.flow))]


def lanes_waiting_since(
    tx: Connection,
    environment: str,
    endpoint: str,
    flow: tuple[str, str],
    until: datetime,
    after: str,
    limit: int,
) -> list[str]:
    """Lanes behind `after` that wait for nobody and have a delivery of this release and flow from before then."""
    here = and_(_d.environment == environment, _d.endpoint == endpoint, _d.state.in_(_UNSENT))
    old = and_(_d.release_id == flow[0], _d.flow == flow[1], _d.created_at <= until, _d.forgiven == 0)
    lane = and_(_l.partition == _d.partition, _l.id == _d.lane, _l.blocked_by.is_(None), _l.id > after)
    query = select(_l.id).where(here, old, lane).distinct().order_by(_l.id)
    return list(tx.execute(query.limit(limit)).scalars())


def waiting_lanes(tx: Connection, environment: str, endpoint: str) -> int:
    """How many lanes have something to send through this connection."""
    query = select(func.count()).where(
        _l.kind == "outbox", _l.environment == environment, _l.endpoint == endpoint
    )
    return int(tx.execute(query.where(_l.ready)).scalar_one())


def due_here(tx: Connection, environment: str, endpoint: str, limit: int | None = None) -> set[int]:
    """Partitions with a lane of this connection that may be claimed now, the longest wait first."""
    moment = now(tx)
    free = and_(_l.blocked_by.is_(None), or_(_l.lease_until.is_(None), _l.lease_until < moment))
    here = and_(_l.kind == "outbox", _l.environment == environment, _l.endpoint == endpoint)
    query = select(_l.partition).where(here, _l.ready, _l.next_at <= moment, free, passable(_l, moment))
    query = query.order_by(_l.next_at).limit(limit) if limit else query.distinct()
    return set(tx.execute(query).scalars())


def hurry(tx: Connection, environment: str, endpoint: str) -> int:
    """What waits for another try at this connection may be tried now; how many deliveries."""
    moment = now(tx)
    here = and_(
        _d.environment == environment, _d.state == "retry", _d.endpoint == endpoint, _d.next_at > moment
    )
    rows = tx.execute(select(_d.id, _d.lane).where(here)).all()
    for part in chunks(sorted(rows, key=lambda row: row.lane)):
        _lock(tx, sorted({row.lane for row in part}))
        lanes = {row.lane for row in part}
        waiting = among(tx, _l.partition, _l.id, lanes), _l.next_at > moment
        tx.execute(update(lanes_table).where(*waiting).values(next_at=moment))
        these = among(tx, _d.partition, _d.id, {row.id for row in part})
        tx.execute(update(deliveries_table).where(these, here).values(next_at=moment))
    return len(rows)


def _lock(tx: Connection, ids: Collection[str]) -> None:
    query = select(_l.id).where(among(tx, _l.partition, _l.id, ids))
    tx.execute(query.order_by(_l.id).with_for_update())
