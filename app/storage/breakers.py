"""Breakers: one row a connection that was ever stopped, and what a claim may therefore pass by.

Only `app.runtime.states` moves a breaker: it knows which steps are allowed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Float,
    Integer,
    String,
    Table,
    Text,
    and_,
    not_,
    or_,
    select,
    update,
)

from app.storage.database import UtcTime, insert, metadata, now
from app.storage.environments import bindings_table

BreakerState = Literal["closed", "open", "half_open"]

breakers_table = Table(
    "breakers",
    metadata,
    Column("environment", String(60), primary_key=True),
    Column("endpoint", String(120), primary_key=True),
    Column("state", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("opened_at", UtcTime),
    Column("probe_at", UtcTime),
    Column("prober", String(80), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("cool_down", Float, nullable=False),
    Column("times_opened", Integer, nullable=False),
    Column("alerted_at", UtcTime),
    Column("slow_until", UtcTime),
    Column("slow_reason", Text, nullable=False),
)
_c = breakers_table.c


@dataclass(frozen=True, slots=True)
class Breaker:
    """How one connection stands. `probe_at`: open, when it is tried; half open, when the probe counts as lost;
    None while a person keeps it open. `fence` grows with every step. `slow_until`: nothing leaves before."""

    environment: str
    endpoint: str
    state: str
    reason: str
    since: datetime
    opened_at: datetime | None = None
    probe_at: datetime | None = None
    prober: str = ""
    fence: int = 0
    failures: int = 0
    cool_down: float = 0.0
    times_opened: int = 0
    alerted_at: datetime | None = None
    slow_until: datetime | None = None
    slow_reason: str = ""

    def shut(self, moment: datetime) -> bool:
        """Whether nothing but a probe may leave now."""
        return self.state != "closed" or (self.slow_until is not None and self.slow_until > moment)


def breaker(tx: Connection, environment: str, endpoint: str, lock: bool = False) -> Breaker | None:
    """The breaker of a connection; None where it never had to do with one."""
    query = select(breakers_table).where(_c.environment == environment, _c.endpoint == endpoint)
    row = tx.execute(query.with_for_update() if lock else query).mappings().first()
    return Breaker(**row) if row else None


def breakers(tx: Connection, environment: str | None = None) -> list[Breaker]:
    """Every breaker that ever opened or slowed down, of one environment or of all."""
    query = select(breakers_table).order_by(_c.environment, _c.endpoint)
    query = query if environment is None else query.where(_c.environment == environment)
    return [Breaker(**row) for row in tx.execute(query).mappings()]


def ensure_breaker(tx: Connection, environment: str, endpoint: str, at: datetime) -> Breaker:
    """The breaker of a connection, locked; a closed one is made where there was none."""
    row = {"environment": environment, "endpoint": endpoint, "state": "closed", "reason": "", "since": at}
    row |= {"prober": "", "fence": 0, "failures": 0, "cool_down": 0.0, "times_opened": 0, "slow_reason": ""}
    made = insert(tx, breakers_table).values(row)
    tx.execute(made.on_conflict_do_nothing(index_elements=["environment", "endpoint"]))
    found = breaker(tx, environment, endpoint, lock=True)
    assert found is not None
    return found


def write_breaker(tx: Connection, before: Breaker, values: Mapping[str, Any]) -> bool:
    """Write a breaker unless somebody else did since; whether it was written."""
    here = (_c.environment == before.environment) & (_c.endpoint == before.endpoint)
    changed = update(breakers_table).where(here, _c.fence == before.fence, _c.state == before.state)
    return tx.execute(changed.values(**values, fence=_c.fence + 1)).rowcount == 1


def slow_down(tx: Connection, environment: str, endpoint: str, seconds: float, reason: str) -> datetime:
    """Nothing leaves through this connection for so long; a longer wait stays. When it ends."""
    at = now(tx)
    until = at + timedelta(seconds=seconds)
    found = ensure_breaker(tx, environment, endpoint, at)
    if found.slow_until is not None and found.slow_until >= until:
        return found.slow_until
    here = (_c.environment == environment) & (_c.endpoint == endpoint)
    tx.execute(update(breakers_table).where(here).values(slow_until=until, slow_reason=reason[:2000]))
    return until


def told(tx: Connection, environment: str, endpoint: str, at: datetime) -> None:
    """An alert about this breaker was raised now."""
    here = (_c.environment == environment) & (_c.endpoint == endpoint)
    tx.execute(update(breakers_table).where(here).values(alerted_at=at))


def passable(lane: Any, moment: Any) -> ColumnElement[bool]:
    """For queries of lanes, by their columns: the connection is not stopped, or may be probed now."""
    b = bindings_table.c
    stopped = and_(_c.state != "closed", or_(_c.probe_at.is_(None), _c.probe_at > moment))
    here = and_(_c.environment == lane.environment, _c.endpoint == lane.endpoint)
    shut = select(_c.state).where(here, or_(stopped, _c.slow_until > moment)).exists()
    there = and_(b.environment == lane.environment, b.endpoint == lane.endpoint)
    paused = select(b.paused).where(there, b.paused).exists()
    return and_(not_(shut), not_(paused))
