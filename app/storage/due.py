"""What is due, flow by flow: how many lanes of each could be claimed now, counted up to a bound.

The index `ix_lanes_due` stands in the order of the flows, so that PostgreSQL jumps from one flow to the
next: a flow with 100,000 ready lanes costs as much to look at as one with a few.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.sql.util import ClauseAdapter

from app.storage.breakers import passable
from app.storage.database import UtcTime, now
from app.storage.dialects import Dialect, dialect_of
from app.storage.identity import PARTITIONS
from app.storage.lanes import Kind, lanes_table

_c = lanes_table.c
_MOST_LOOKED_AT = 500
_ONE: Any = literal_column("1")  # said in the text, so that the planner knows how little is asked
_GROUP = (_c.environment, _c.ruleset, _c.flow, _c.endpoint)


@dataclass(frozen=True, slots=True)
class Due:
    """The due lanes of one flow (in the outbox: of one flow and endpoint)."""

    environment: str
    ruleset: str
    flow: str
    endpoint: str
    count: int

    @property
    def of_flow(self) -> tuple[str, str, str]:
        """The flow they belong to."""
        return self.environment, self.ruleset, self.flow


def claimable(everywhere: bool) -> tuple[ColumnElement[bool], ...]:
    """The conditions of a lane that may be claimed: `kind`, `moment` and, unless everywhere, `partitions`."""
    moment: BindParameter[datetime] = bindparam("moment", type_=UtcTime())
    here = (
        _c.partition.between(0, PARTITIONS - 1)
        if everywhere
        else _c.partition.in_(bindparam("partitions", expanding=True))
    )
    free = or_(_c.lease_until.is_(None), _c.lease_until < moment)
    return _c.kind == bindparam("kind"), _c.ready, _c.blocked_by.is_(None), _c.next_at <= moment, free, here


def bound(kind: Kind, partitions: Collection[int], moment: datetime) -> dict[str, Any]:
    """The values of `claimable`."""
    here = {} if len(partitions) == PARTITIONS else {"partitions": sorted(partitions)}
    return {"kind": kind, "moment": moment, **here}


def due_flows(
    tx: Connection,
    kind: Kind,
    partitions: Collection[int],
    most: int,
    only: ColumnElement[bool] | None = None,
    moment: datetime | None = None,
) -> list[Due]:
    """Each flow with lanes that may be claimed now, and how many, counted up to `most`.

    `only` is a condition on what lanes of one flow have in common; the lanes of others are not looked at.
    """
    query, groups = _counting(dialect_of(tx), kind, len(partitions) == PARTITIONS, most)
    if only is not None:
        query = query.where(ClauseAdapter(groups).traverse(only))
    rows = tx.execute(query, bound(kind, partitions, moment or now(tx)))
    return [Due(e, r, f, to, number) for e, r, f, to, number in rows if number]


@cache
def _counting(dialect: Dialect, kind: Kind, everywhere: bool, most: int) -> tuple[Any, Any]:
    """The query of `due_flows`, made once."""
    ready = select(*_GROUP).where(_c.kind == bindparam("kind"), _c.ready, _c.blocked_by.is_(None))
    groups = dialect.groups(ready, _GROUP)
    same = [column == groups.c[column.name] for column in _GROUP]
    some: Any = select(_ONE.label("one")).where(*same, *claimable(everywhere)).order_by(_c.next_at)
    counted = select(func.count()).select_from(
        some.limit(literal_column(str(most))).correlate(groups).subquery()
    )
    named = [groups.c[column.name] for column in _GROUP]
    query = select(*named, counted.scalar_subquery().label("number"))
    if kind == "outbox":
        query = query.where(passable(groups.c, bindparam("moment", type_=UtcTime())))
    return query, groups


def due_partitions(tx: Connection, kind: Kind, only: ColumnElement[bool] | None = None) -> list[int]:
    """Partitions that have a lane to claim now, looking at some lanes of each flow."""
    everywhere = range(PARTITIONS)
    moment = now(tx)
    given = bound(kind, everywhere, moment)
    found: set[int] = set()
    for due in due_flows(tx, kind, everywhere, 1, only, moment):
        found |= set(tx.execute(_places(), {**given, **group_values(due, 0)}).scalars())
    return sorted(found)


@cache
def _places() -> Any:
    here = select(_c.partition).where(*claimable(True), *group_is(0))
    return here.order_by(_c.next_at).limit(literal_column(str(_MOST_LOOKED_AT)))


def group_is(number: int) -> list[ColumnElement[bool]]:
    """Lanes of the flow and endpoint that `group_values` gives with this number."""
    return [column == bindparam(f"{column.name}_{number}") for column in _GROUP]


def group_values(due: Due, number: int) -> dict[str, str]:
    """The values of `group_is`."""
    return {f"{column.name}_{number}": getattr(due, column.name) for column in _GROUP}
