"""Claims: a worker owns lanes for a while, under a fence that makes everything it writes later void."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    Update,
    and_,
    bindparam,
    or_,
    select,
    tuple_,
    union_all,
    update,
)

from app.storage.database import among, clock, now
from app.storage.dialects import Dialect, dialect_of
from app.storage.due import bound, claimable, due_flows, group_is, group_values
from app.storage.identity import PARTITIONS
from app.storage.lanes import NOTHING_OPEN, Kind, LaneKey, lanes_table
from app.storage.rows import change_rows
from app.storage.sharing import Shares

_EQUAL = Shares()


@dataclass(frozen=True, slots=True)
class ClaimedLane:
    """A lane this worker owns until its lease ends, under this fence."""

    partition: int
    id: str
    environment: str
    ruleset: str
    flow: str
    endpoint: str
    order_key: str
    ordered: bool
    fence: int
    head_seq: int
    last_seq: int
    claims: int
    oldest_day: int = 0

    @property
    def of_flow(self) -> tuple[str, str, str]:
        """The flow it belongs to."""
        return self.environment, self.ruleset, self.flow

    def key(self, kind: Kind) -> LaneKey:
        """The key that this lane was made from."""
        words = (self.environment, self.ruleset, self.flow, self.endpoint, self.order_key)
        return LaneKey(kind, *words, self.ordered)


@dataclass(frozen=True, slots=True)
class Release:
    """How a worker leaves a lane: with work in it or not, from when on, waiting for whom.

    `claims` are those in vain that go on counting: 0 after work was done.
    `empty` only where nothing at all is open in it, seen under the lock of the lane.
    """

    lane: ClaimedLane
    head_seq: int
    ready: bool
    next_at: datetime
    blocked_by: str | None = None
    parked: str = ""
    claims: int = 0
    empty: bool = False


def claim(
    tx: Connection,
    kind: Kind,
    partitions: Collection[int],
    holder: str,
    lease: float,
    limit: int = 50,
    without_endpoints: Collection[tuple[str, str]] = (),
    without_flows: Collection[tuple[str, str, str]] = (),
    shares: Shares = _EQUAL,
    only: ColumnElement[bool] | None = None,
    alone_from: int | None = None,
) -> list[ClaimedLane]:
    """Own up to `limit` lanes that are ready and due, what is urgent first, the others by weight of their flow.

    Whoever else claims now passes them over. `without_endpoints` does not hold back what is urgent; `only` is
    a condition on the flow and endpoint of a lane. Lanes of a stopped connection stay as they are; those of one
    that is to be probed are claimed. A lane that comes to `alone_from` claims in vain is claimed alone: what it
    may end counts against no other.
    """
    moment = now(tx)
    due = [
        one
        for one in due_flows(tx, kind, partitions, limit, only, moment)
        if one.of_flow not in without_flows
        and (one.of_flow in shares.urgent or (one.environment, one.endpoint) not in without_endpoints)
    ]
    allotted = shares.allot(due, limit)
    if not allotted:
        return []
    given = bound(kind, partitions, moment)
    for number, (one, count) in enumerate(allotted):
        given |= {**group_values(one, number), f"count_{number}": count}
    statement = _first_of_each(len(allotted), len(partitions) == PARTITIONS)
    claimed = [_claimed(row) for row in tx.execute(statement, given).mappings()]
    suspects = [lane for lane in claimed if alone_from is not None and lane.claims >= alone_from]
    if suspects:  # the one that most likely suffered for another comes first
        claimed = [min(suspects, key=lambda lane: lane.claims)]
    _own(tx, claimed, holder, moment + timedelta(seconds=lease))
    return claimed


def claim_touched(
    tx: Connection, lane_ids: Collection[str], holder: str, lease: float, at: datetime
) -> list[ClaimedLane]:
    """Own those of these inbox lanes that are due and nobody has or had in vain; this transaction touched them already."""
    if not lane_ids:
        return []
    c = lanes_table.c
    free = or_(c.lease_until.is_(None), c.lease_until < at)
    here = and_(
        among(tx, c.partition, c.id, lane_ids),
        c.ready,
        c.blocked_by.is_(None),
        c.next_at <= at,
        free,
        c.claims == 0,
    )
    statement = _owning(holder, at + timedelta(seconds=lease)).where(here)
    rows = tx.execute(statement.returning(*_columns()))
    return [ClaimedLane(*row) for row in rows]


@cache
def _first_of_each(flows: int, everywhere: bool) -> Any:
    """The longest waiting lanes of so many flows, as many of each as it was allotted, locked."""
    branches = [
        select(*_columns())
        .where(*claimable(everywhere), *group_is(number))
        .order_by(lanes_table.c.next_at)
        .limit(bindparam(f"count_{number}", type_=Integer()))
        .with_for_update(skip_locked=True)
        .subquery()
        for number in range(flows)
    ]
    return union_all(*[select(branch) for branch in branches])


def _claimed(row: Any) -> ClaimedLane:
    fields = {name: row[name] for name in ClaimedLane.__slots__}
    return ClaimedLane(**{**fields, "fence": row["fence"] + 1, "claims": row["claims"] + 1})


def _columns() -> list[Column[Any]]:
    return [lanes_table.c[name] for name in ClaimedLane.__slots__]


def _own(tx: Connection, claimed: Sequence[ClaimedLane], holder: str, until: datetime) -> None:
    c = lanes_table.c
    if claimed:
        here = among(tx, c.partition, c.id, [lane.id for lane in claimed])
        tx.execute(_owning(holder, until).where(here))


def _owning(holder: str, until: datetime) -> Update:
    """Whoever claims takes the next fence; the claim counts as one in vain until work is done."""
    c = lanes_table.c
    values = {"fence": c.fence + 1, "claims": c.claims + 1, "lease_until": until}
    return update(lanes_table).values(**values, holder=holder, parked="")


def claim_these(tx: Connection, ids: Collection[str], holder: str, lease: float) -> list[ClaimedLane]:
    """Own lanes by id, whatever their connection says, unless they are leased or wait for somebody."""
    c, moment = lanes_table.c, now(tx)
    free = c.blocked_by.is_(None) & (c.lease_until.is_(None) | (c.lease_until < moment))
    query = select(*_columns()).where(among(tx, c.partition, c.id, ids), free).order_by(c.id)
    claimed = [_claimed(row) for row in tx.execute(query.with_for_update(skip_locked=True)).mappings()]
    _own(tx, claimed, holder, moment + timedelta(seconds=lease))
    return claimed


@dataclass(frozen=True, slots=True)
class Held:
    """Lanes whose fence still is ours, locked until the transaction ends; `locked` ones are ours, but others write to them."""

    lanes: dict[str, ClaimedLane]
    locked: set[str]
    at: datetime


def hold(tx: Connection, lanes: Collection[ClaimedLane], lease: float) -> Held:
    """Lock those of these lanes that still are ours, in the order of their ids, and renew their leases.

    A lane that somebody else has locked at this moment is not waited for: it would hold up all the others.
    """
    dialect = dialect_of(tx)
    rows = tx.execute(_holding(dialect, lease), _fences(dialect, lanes)).all()
    days = {row[0]: row[1] for row in rows}
    held = {lane.id: replace(lane, oldest_day=days[lane.id]) for lane in lanes if lane.id in days}
    missing = [lane for lane in lanes if lane.id not in held]
    locked = set(tx.execute(_fenced(dialect), _fences(dialect, missing)).scalars()) if missing else set()
    return Held(held, locked, rows[0][2] if rows else now(tx))


@cache
def _holding(dialect: Dialect, lease: float) -> Any:
    c = lanes_table.c
    free = select(c.partition, c.id).where(dialect.listed(_FENCED)).order_by(c.id)
    found = free.with_for_update(skip_locked=True).cte("free")
    here = tuple_(c.partition, c.id).in_(select(found.c.partition, found.c.id))
    taken = update(lanes_table).where(here).values(lease_until=clock(dialect, lease))
    return taken.returning(c.id, c.oldest_day, clock(dialect))


@cache
def _fenced(dialect: Dialect) -> Any:
    return select(lanes_table.c.id).where(dialect.listed(_FENCED))


_FENCED = (lanes_table.c.partition, lanes_table.c.id, lanes_table.c.fence)


def _fences(dialect: Dialect, lanes: Collection[ClaimedLane]) -> dict[str, Any]:
    """These lanes, where their fence has not moved."""
    partitions, ids, fences = zip(*[(lane.partition, lane.id, lane.fence) for lane in lanes], strict=True)
    return dialect.listing(_FENCED, [partitions, ids, fences])


_LEFT = ("ready", "next_at", "head_seq", "blocked_by", "parked", "claims", "lease_until", "holder")


def release(tx: Connection, releases: Sequence[Release]) -> None:
    """Give lanes back; only where the fence still is ours."""
    ours = ("partition", "id", "fence")
    ordered = sorted(releases, key=lambda r: r.lane.id)
    some = [_left(r) for r in ordered if not r.empty]
    change_rows(tx, lanes_table, ours, _LEFT, some)
    none = [(*_left(r), NOTHING_OPEN) for r in ordered if r.empty]
    change_rows(tx, lanes_table, ours, (*_LEFT, "oldest_day"), none)


def _left(r: Release) -> tuple[Any, ...]:
    lane = r.lane
    how = (r.ready, r.next_at, r.head_seq, r.blocked_by, r.parked, r.claims)
    return (lane.partition, lane.id, lane.fence, *how, None, None)


def give_back(tx: Connection, claimed: Sequence[ClaimedLane]) -> None:
    """Return lanes untouched, so that another worker takes them at once."""
    if claimed:
        moment = now(tx)
        release(tx, [Release(lane, lane.head_seq, True, moment) for lane in claimed])


def leave(tx: Connection, holder: str) -> int:
    """End the leases of somebody who goes: its lanes can be claimed at once, under the next fence."""
    c, moment = lanes_table.c, now(tx)
    here = c.ready & (c.holder == holder) & (c.lease_until > moment)
    return tx.execute(update(lanes_table).where(here).values(lease_until=moment)).rowcount
