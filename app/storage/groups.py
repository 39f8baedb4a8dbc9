"""Worker groups: which group of workers serves an environment, a flow or an endpoint.

What nobody assigned belongs to the group `default`. An endpoint's group comes before its flow's, a flow's
before its environment's.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    String,
    Table,
    and_,
    case,
    delete,
    func,
    literal,
    or_,
    select,
)

from app.storage.database import metadata, now
from app.storage.lanes import lanes_table

DEFAULT = "default"

worker_groups_table = Table(
    "worker_groups",
    metadata,
    Column("environment", String(60), primary_key=True),
    Column("ruleset", String(120), primary_key=True),
    Column("flow", String(120), primary_key=True),
    Column("endpoint", String(120), primary_key=True),
    Column("worker_group", String(40), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who serves a flow, an endpoint, or (where both are empty) everything else of an environment."""

    environment: str
    ruleset: str = ""
    flow: str = ""
    endpoint: str = ""
    group: str = DEFAULT

    @property
    def rank(self) -> int:
        """The most special first."""
        return 0 if self.endpoint else 1 if self.flow else 2


def assignments(tx: Connection, environment: str | None = None) -> list[Assignment]:
    """All assignments, the most special first."""
    c = worker_groups_table.c
    query = select(c.environment, c.ruleset, c.flow, c.endpoint, c.worker_group)
    query = query.where(c.environment == environment) if environment is not None else query
    return sorted((Assignment(*row) for row in tx.execute(query)), key=lambda a: (a.rank, repr(a)))


def assign(tx: Connection, wanted: Assignment) -> None:
    """Say who serves it; `default` ends an assignment."""
    c = worker_groups_table.c
    where = {n: getattr(wanted, n) for n in ("environment", "ruleset", "flow", "endpoint")}
    tx.execute(delete(worker_groups_table).where(*(c[name] == value for name, value in where.items())))
    if wanted.group != DEFAULT:
        tx.execute(worker_groups_table.insert().values(**where, worker_group=wanted.group))


def group_of(known: Sequence[Assignment]) -> ColumnElement[str]:
    """The group of a lane, as SQL."""
    if not known:
        return literal(DEFAULT)
    whens = [(_covers(one), one.group) for one in sorted(known, key=lambda a: a.rank)]
    return case(*whens, else_=DEFAULT)


def _covers(one: Assignment) -> ColumnElement[bool]:
    c = lanes_table.c
    if one.endpoint:
        return and_(c.environment == one.environment, c.endpoint == one.endpoint)
    if one.flow:
        return and_(c.environment == one.environment, c.ruleset == one.ruleset, c.flow == one.flow)
    return c.environment == one.environment


def served_by(known: Sequence[Assignment], groups: Collection[str]) -> ColumnElement[bool] | None:
    """Which lanes these groups serve; None: all of them."""
    others = {one.group for one in known} - set(groups)
    if DEFAULT in groups and not others:
        return None
    return group_of(known).in_(sorted(groups))


def waiting_by_group(tx: Connection, known: Sequence[Assignment]) -> dict[str, int]:
    """How many lanes of each group have work that is due."""
    c = lanes_table.c
    group = group_of(known).label("worker_group")
    moment = now(tx)
    due = and_(
        c.ready,
        c.next_at <= moment,
        c.blocked_by.is_(None),
        or_(c.lease_until.is_(None), c.lease_until < moment),
    )
    rows: Any = tx.execute(select(group, func.count()).where(due).group_by(group))
    return {row[0]: row[1] for row in rows}
