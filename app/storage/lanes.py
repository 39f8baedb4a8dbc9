"""Lanes: who may work on the messages of one order key, or on the deliveries behind them.

A lane of kind `inbox` orders the messages of a flow; one of kind `outbox` the deliveries to an endpoint.
Rows are never removed, and always locked in the order of their ids.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    bindparam,
    case,
    or_,
    select,
    update,
)

from app.storage.database import UtcTime, among, insert_many, many, metadata, now
from app.storage.identity import digest, partition_of

Kind = Literal["inbox", "outbox"]
UNORDERED_LANES = 64

lanes_table = Table(
    "lanes",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("id", String(40), primary_key=True),
    Column("kind", String(6), nullable=False),
    Column("environment", String(60), nullable=False),
    Column("ruleset", String(120), nullable=False),
    Column("flow", String(120), nullable=False),
    Column("endpoint", String(120), nullable=False),
    Column("order_key", Text, nullable=False),
    Column("ordered", Boolean, nullable=False),
    Column("ready", Boolean, nullable=False),
    Column("next_at", UtcTime, nullable=False),
    Column("lease_until", UtcTime),
    Column("holder", String(80)),
    Column("fence", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("head_seq", BigInteger, nullable=False),
    Column("claims", Integer, nullable=False),
    Column("blocked_by", String(40)),
    Column("parked", Text, nullable=False),
)
Index(
    "ix_lanes_ready",
    lanes_table.c.partition,
    lanes_table.c.kind,
    lanes_table.c.next_at,
    postgresql_where=lanes_table.c.ready,
    sqlite_where=lanes_table.c.ready,
)


_NEW = [c.name for c in lanes_table.c if c.name not in ("lease_until", "holder", "blocked_by")]


@dataclass(frozen=True)
class LaneKey:
    """What makes a lane: its kind, where it belongs and its order key.

    Without an order key, messages are spread over some lanes in which nobody waits for another.
    """

    kind: Kind
    environment: str
    ruleset: str
    flow: str
    endpoint: str
    order_key: str
    ordered: bool

    @cached_property
    def id(self) -> str:
        """The same key is the same lane."""
        words = (self.kind, self.environment, self.ruleset, self.flow, self.endpoint, self.order_key)
        return digest(*words, "ordered" if self.ordered else "spread")

    @property
    def partition(self) -> int:
        """Where the lane and everything in it stands."""
        return partition_of(self.id)


@dataclass(frozen=True, slots=True)
class Touch:
    """Take `count` further numbers of a lane; `ready` says that there is work in it."""

    key: LaneKey
    count: int = 0
    ready: bool = False


@dataclass(frozen=True, slots=True)
class Touched:
    """A lane that is locked until the transaction ends."""

    fence: int
    last_seq: int


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

    def key(self, kind: Kind) -> LaneKey:
        """The key that this lane was made from."""
        words = (self.environment, self.ruleset, self.flow, self.endpoint, self.order_key)
        return LaneKey(kind, *words, self.ordered)


@dataclass(frozen=True, slots=True)
class Release:
    """How a worker leaves a lane: with work in it or not, from when on, waiting for whom."""

    lane: ClaimedLane
    head_seq: int
    ready: bool
    next_at: datetime
    blocked_by: str | None = None
    parked: str = ""


def touch(tx: Connection, touches: Iterable[Touch]) -> dict[str, Touched]:
    """Lock lanes in the order of their ids, making those that are missing; the new numbers by lane id."""
    merged: dict[str, Touch] = {}
    for t in touches:
        seen = merged.get(t.key.id, Touch(t.key))
        merged[t.key.id] = Touch(t.key, seen.count + t.count, seen.ready or t.ready)
    moment = now(tx)
    rows = [_new_row(merged[id], moment) for id in sorted(merged)]
    if not rows:
        return {}
    kind = tx.dialect.name
    found = tx.execute(_touching(kind), many(kind, rows))
    return {row.id: Touched(row.fence, row.last_seq) for row in found}


@cache
def _touching(kind: str) -> Any:
    """One statement, compiled once: it locks its rows in the order in which they are given."""
    statement = insert_many(lanes_table, kind, _NEW)
    new, old = statement.excluded, lanes_table.c
    return statement.on_conflict_do_update(
        index_elements=["partition", "id"],
        set_={
            "last_seq": old.last_seq + new.last_seq,
            "next_at": case((old.ready, old.next_at), else_=new.next_at),
            "ready": or_(old.ready, new.ready),
        },
    ).returning(old.id, old.fence, old.last_seq)


def _new_row(t: Touch, moment: datetime) -> dict[str, Any]:
    return {
        "partition": t.key.partition,
        "id": t.key.id,
        "kind": t.key.kind,
        "environment": t.key.environment,
        "ruleset": t.key.ruleset,
        "flow": t.key.flow,
        "endpoint": t.key.endpoint,
        "order_key": t.key.order_key,
        "ordered": t.key.ordered,
        "ready": t.ready,
        "next_at": moment,
        "fence": 0,
        "last_seq": t.count,
        "head_seq": 0,
        "claims": 0,
        "parked": "",
    }


def claim(
    tx: Connection,
    kind: Kind,
    partitions: Collection[int],
    holder: str,
    lease: float,
    limit: int = 50,
    without_endpoints: Collection[tuple[str, str]] = (),
    without_flows: Collection[tuple[str, str, str]] = (),
) -> list[ClaimedLane]:
    """Own up to `limit` lanes that are ready and due; whoever else claims now passes them over."""
    moment = now(tx)
    c = lanes_table.c
    due = select(lanes_table).where(
        c.partition.in_(sorted(partitions)),
        c.kind == kind,
        c.ready,
        c.next_at <= moment,
        c.blocked_by.is_(None),
        or_(c.lease_until.is_(None), c.lease_until < moment),
    )
    for environment, endpoint in without_endpoints:
        due = due.where(or_(c.environment != environment, c.endpoint != endpoint))
    for environment, ruleset, flow in without_flows:
        due = due.where(or_(c.environment != environment, c.ruleset != ruleset, c.flow != flow))
    query = due.order_by(c.next_at).limit(limit).with_for_update(skip_locked=True)
    rows = tx.execute(query).mappings().all()
    claimed = [_claimed(row) for row in rows]
    _own(tx, claimed, holder, moment + timedelta(seconds=lease))
    return claimed


def _claimed(row: Any) -> ClaimedLane:
    fields = {name: row[name] for name in ClaimedLane.__slots__}
    return ClaimedLane(**{**fields, "fence": row["fence"] + 1, "claims": row["claims"] + 1})


def _own(tx: Connection, claimed: Sequence[ClaimedLane], holder: str, until: datetime) -> None:
    c = lanes_table.c
    if claimed:
        here = among(tx, c.partition, c.id, [lane.id for lane in claimed])
        values = {
            "fence": c.fence + 1,
            "claims": c.claims + 1,
            "lease_until": until,
            "holder": holder,
            "parked": "",
        }
        tx.execute(update(lanes_table).where(here).values(values))


def holds(tx: Connection, lane: ClaimedLane, lease: float | None = None) -> bool:
    """Lock the lane and say whether its fence still is ours; `lease` seconds more if it is."""
    c = lanes_table.c
    values: dict[str, Any] = {"fence": c.fence}
    if lease is not None:
        values["lease_until"] = now(tx) + timedelta(seconds=lease)
    here = (c.partition == lane.partition) & (c.id == lane.id) & (c.fence == lane.fence)
    return tx.execute(update(lanes_table).where(here).values(values)).rowcount == 1


def release(tx: Connection, releases: Sequence[Release], worked: bool = True) -> None:
    """Give lanes back; only where the fence still is ours. `worked` ends the count of claims in vain."""
    if not releases:
        return
    c = lanes_table.c
    values: dict[str, Any] = {
        "ready": bindparam("new_ready"),
        "next_at": bindparam("new_next_at"),
        "head_seq": bindparam("new_head_seq"),
        "blocked_by": bindparam("new_blocked_by"),
        "parked": bindparam("new_parked"),
        "lease_until": None,
        "holder": None,
    }
    if worked:
        values["claims"] = 0
    here = (c.partition == bindparam("old_partition")) & (c.id == bindparam("old_id"))
    statement = update(lanes_table).where(here, c.fence == bindparam("old_fence")).values(values)
    tx.execute(statement, [_release_row(r) for r in sorted(releases, key=lambda r: r.lane.id)])


def _release_row(r: Release) -> dict[str, Any]:
    return {
        "new_ready": r.ready,
        "new_next_at": r.next_at,
        "new_head_seq": r.head_seq,
        "new_blocked_by": r.blocked_by,
        "new_parked": r.parked,
        "old_partition": r.lane.partition,
        "old_id": r.lane.id,
        "old_fence": r.lane.fence,
    }


def give_back(tx: Connection, claimed: Sequence[ClaimedLane]) -> None:
    """Return lanes untouched, so that another worker takes them at once."""
    moment = now(tx)
    release(tx, [Release(lane, lane.head_seq, True, moment) for lane in claimed])


def wake(tx: Connection, lane_id: str, head_seq: int | None = None, unblock: str | None = None) -> None:
    """Make a lane ready now; `unblock` ends the wait for that message or delivery; the head may move back."""
    c = lanes_table.c
    values: dict[str, Any] = {"ready": True, "next_at": now(tx), "parked": ""}
    if head_seq is not None:
        values["head_seq"] = case((c.head_seq > head_seq, head_seq), else_=c.head_seq)
    if unblock is not None:
        values["blocked_by"] = case((c.blocked_by == unblock, None), else_=c.blocked_by)
    tx.execute(
        update(lanes_table).where(c.partition == partition_of(lane_id), c.id == lane_id).values(values)
    )


def lock(tx: Connection, lane_id: str) -> Any:
    """One lane, locked until the transaction ends; LookupError where there is none."""
    c = lanes_table.c
    query = select(lanes_table).where(c.partition == partition_of(lane_id), c.id == lane_id).with_for_update()
    row = tx.execute(query).mappings().first()
    if row is None:
        raise LookupError(f"no lane {lane_id}")
    return row


def due_partitions(tx: Connection, kind: Kind) -> list[int]:
    """Partitions that have a lane to claim now: new work, due retries, leases that ended."""
    moment = now(tx)
    c = lanes_table.c
    query = select(c.partition).where(
        c.kind == kind,
        c.ready,
        c.next_at <= moment,
        c.blocked_by.is_(None),
        or_(c.lease_until.is_(None), c.lease_until < moment),
    )
    return sorted(tx.execute(query.distinct()).scalars())


def next_number(tx: Connection, lane_id: str) -> int:
    """A further number at the end of a lane that is locked already."""
    c = lanes_table.c
    here = (c.partition == partition_of(lane_id)) & (c.id == lane_id)
    statement = update(lanes_table).where(here).values(last_seq=c.last_seq + 1)
    return int(tx.execute(statement.returning(c.last_seq)).scalar_one())
