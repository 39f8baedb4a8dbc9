"""Lanes: who may work on the messages of one order key, or on the deliveries behind them.

A lane of kind `inbox` orders the messages of a flow; one of kind `outbox` the deliveries to an endpoint.
Rows are never removed, and always locked in the order of their ids.

`oldest_day`: nothing open in the lane is of an earlier day. So whoever looks for the open rows of a
lane reads the partitions from that day on, not those of all days that are kept. Where a lane is never
empty, retention moves the day on (`app.storage.lane_days`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
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
    case,
    or_,
    select,
    update,
)

from app.storage.database import UtcTime, at_id, metadata, now
from app.storage.dialects import Dialect, dialect_of, only_where
from app.storage.identity import MILLISECONDS_A_DAY, day_of, digest, milliseconds, partition_of

Kind = Literal["inbox", "outbox"]
UNORDERED_LANES = 64
NOTHING_OPEN = 2_147_483_647

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
    Column("oldest_day", Integer, nullable=False, server_default="0"),
)
_CLAIMABLE = lanes_table.c.ready & lanes_table.c.blocked_by.is_(None)
# No lower fillfactor: measured, 57 instead of 54 of 100 updates stay in their page, for most move `next_at` or `ready`.
Index(
    "ix_lanes_due",
    lanes_table.c.kind,
    lanes_table.c.environment,
    lanes_table.c.ruleset,
    lanes_table.c.flow,
    lanes_table.c.endpoint,
    lanes_table.c.next_at,
    lanes_table.c.partition,
    **only_where(_CLAIMABLE),
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
    """Take `count` further numbers of a lane; `ready` says that there is work in it.

    `day` is the day of the oldest id that takes a number; unknown is yesterday, as ids are made just before.
    """

    key: LaneKey
    count: int = 0
    ready: bool = False
    day: int | None = None


@dataclass(frozen=True, slots=True)
class Touched:
    """A lane that is locked until the transaction ends."""

    fence: int
    last_seq: int
    oldest_day: int


def touch(tx: Connection, touches: Iterable[Touch], at: datetime | None = None) -> dict[str, Touched]:
    """Lock lanes in the order of their ids, making those that are missing; the new numbers by lane id."""
    merged: dict[str, Touch] = {}
    for t in touches:
        seen = merged.get(t.key.id, Touch(t.key))
        merged[t.key.id] = Touch(t.key, seen.count + t.count, seen.ready or t.ready, min(_day(seen), _day(t)))
    moment = at or now(tx)
    rows = [_new_row(merged[id], moment) for id in sorted(merged)]
    if not rows:
        return {}
    dialect = dialect_of(tx)
    found = dialect.execute_many(tx, _touching(dialect), lanes_table, rows)
    return {id: Touched(*told) for id, *told in found}


def _day(t: Touch) -> int:
    if t.day is not None:
        return t.day
    return _yesterday() if t.count else NOTHING_OPEN


def _yesterday() -> int:
    return milliseconds() // MILLISECONDS_A_DAY - 1


@cache
def _touching(dialect: Dialect) -> Any:
    """One statement, compiled once: it locks its rows in the order in which they are given."""
    statement = dialect.insert_many(lanes_table, _NEW)
    new, old = statement.excluded, lanes_table.c
    return statement.on_conflict_do_update(
        index_elements=["partition", "id"],
        set_={
            "last_seq": old.last_seq + new.last_seq,
            "next_at": case((old.ready, old.next_at), else_=new.next_at),
            "ready": or_(old.ready, new.ready),
            "oldest_day": case((old.oldest_day > new.oldest_day, new.oldest_day), else_=old.oldest_day),
        },
    ).returning(old.id, old.fence, old.last_seq, old.oldest_day)


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
        "oldest_day": _day(t),
    }


def reopen(tx: Connection, ids: Iterable[tuple[str, str]]) -> None:
    """Rows (lane id, own id) are open again: their lanes look as far back as their days.

    The lane is written to in any case: its lock keeps others from moving its day on before this row is seen.
    """
    c = lanes_table.c
    for lane_id, id in sorted(ids):
        earlier = case((c.oldest_day > day_of(id), day_of(id)), else_=c.oldest_day)
        tx.execute(update(lanes_table).where(at_id(c.id, lane_id)).values(oldest_day=earlier))


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


def next_number(tx: Connection, lane_id: str) -> int:
    """A further number at the end of a lane that is locked already."""
    c = lanes_table.c
    here = (c.partition == partition_of(lane_id)) & (c.id == lane_id)
    day = _yesterday()
    oldest_day = case((c.oldest_day > day, day), else_=c.oldest_day)
    statement = update(lanes_table).where(here).values(last_seq=c.last_seq + 1, oldest_day=oldest_day)
    return int(tx.execute(statement.returning(c.last_seq)).scalar_one())
