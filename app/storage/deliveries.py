"""The outbox: one row a delivery, its final bytes, and the ledger that lets each effect in once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    and_,
    bindparam,
    case,
    or_,
    select,
    update,
)

from app.storage.database import UtcTime, at_id, kept_by_day, listed, listing, metadata, one_of
from app.storage.dialects import Dialect, dialect_of, only_where
from app.storage.environments import staged_bindings
from app.storage.identity import day_of, partition_of, place_of
from app.storage.lanes import lanes_table, reopen
from app.storage.rows import change_rows, write_rows

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""The `next_at` of a delivery that only a person moves on."""
OPEN_STATES = ("pending", "inflight", "retry", "uncertain", "staged")
_AT_REST = ("dead", "uncertain", "staged")

deliveries_table = kept_by_day(
    "deliveries",
    "id",
    Column("id", String(40), primary_key=True),
    Column("lane", String(40), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("state", String(12), nullable=False),
    Column("next_at", UtcTime, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("forgiven", Integer, nullable=False),
    Column("environment", String(60), nullable=False),
    Column("endpoint", String(120), nullable=False),
    Column("message_id", String(40), nullable=False),
    Column("correlation_id", String(200), nullable=False),
    Column("trace", String(55), nullable=False, server_default=""),
    Column("ruleset", String(120), nullable=False),
    Column("flow", String(120), nullable=False),
    Column("release_id", String(64), nullable=False),
    Column("rules", String(120), nullable=False),
    Column("rule", String(120), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("ledger_key", String(40), nullable=False),
    Column("address", Text),
    Column("media_type", String(200), nullable=False),
    Column("idempotent", Boolean, nullable=False),
    Column("error_class", String(12), nullable=False),
    Column("status", Integer),
    Column("reason", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("asked", Integer, nullable=False, server_default="0"),
)
_c = deliveries_table.c
_l = lanes_table.c
OPEN = one_of(_c.state, *OPEN_STATES)
_WRONG = one_of(_c.state, "dead", "uncertain", "retry")
Index("ix_deliveries_open", _c.partition, _c.lane, _c.seq, **only_where(OPEN))
Index(
    "ix_deliveries_wrong",
    _c.environment,
    _c.state,
    _c.updated_at,
    **only_where(_WRONG),
)
Index("ix_deliveries_message", _c.message_id)
Index("ix_deliveries_listed", _c.environment, _c.day, _c.created_at, _c.id)

delivery_bodies_table = kept_by_day(
    "delivery_bodies",
    "delivery_id",
    Column("delivery_id", String(40), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
ledger_table = Table(
    "ledger",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("key", String(40), primary_key=True),
    Column("delivery_id", String(40), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One effect on one target. `ledger_key` is the same whenever this effect is meant again.

    `forgiven` attempts don't count towards giving up: a person said to try again after them, or they asked
    the target, or nobody was there. `asked` counts the questions whether an uncertain one arrived.
    """

    id: str
    lane: str
    seq: int
    state: str
    next_at: datetime
    environment: str
    endpoint: str
    message_id: str
    correlation_id: str
    ruleset: str
    flow: str
    release_id: str
    rules: str
    rule: str
    ordinal: int
    ledger_key: str
    address: str | None
    media_type: str
    idempotent: bool
    created_at: datetime
    updated_at: datetime
    fence: int = 0
    attempts: int = 0
    forgiven: int = 0
    error_class: str = ""
    status: int | None = None
    reason: str = ""
    trace: str = ""
    asked: int = 0


@dataclass(frozen=True, slots=True)
class DeliveryMove:
    """A delivery goes from one state to another; what is None stays as it is."""

    delivery: Delivery
    to_state: str
    next_at: datetime | None = None
    fence: int | None = None
    attempts: int | None = None
    forgiven: int | None = None
    error_class: str | None = None
    status: int | None = None
    reason: str | None = None


_COLUMNS = list(Delivery.__slots__)
_READ = [_c[name] for name in _COLUMNS]
_values = attrgetter(*_COLUMNS)


def add_deliveries(tx: Connection, deliveries: Sequence[tuple[Delivery, bytes]]) -> int:
    """Store deliveries with their bytes; one whose ledger key is taken is left out. How many were new."""
    taken = _enter_ledger(tx, [delivery for delivery, _ in deliveries])
    new = _held_back(tx, [(d, content) for d, content in deliveries if d.ledger_key in taken])
    rows = [(*place_of(d.id), *_values(d)) for d, _ in new]
    write_rows(tx, deliveries_table, ["partition", "day", *_COLUMNS], rows)
    bodies = [(*place_of(d.id), d.id, content) for d, content in new]
    write_rows(tx, delivery_bodies_table, ["partition", "day", "delivery_id", "content"], bodies)
    return len(new)


def _held_back(tx: Connection, new: list[tuple[Delivery, bytes]]) -> list[tuple[Delivery, bytes]]:
    """What a binding holds back is staged: until its time, or a person's word."""
    held = staged_bindings(tx) if new else {}
    if not held:
        return new
    made = []
    for d, content in new:
        until = held.get((d.environment, d.endpoint), d.created_at) or NEVER
        made.append((replace(d, state="staged", next_at=until) if until > d.created_at else d, content))
    return made


def _enter_ledger(tx: Connection, deliveries: Sequence[Delivery]) -> set[str]:
    rows = [
        {"partition": partition_of(d.ledger_key), "key": d.ledger_key, "delivery_id": d.id}
        for d in sorted(deliveries, key=lambda d: d.ledger_key)
    ]
    if not rows:
        return set()
    dialect = dialect_of(tx)
    return {key for (key,) in dialect.execute_many(tx, _entering(dialect), ledger_table, rows)}


@cache
def _entering(dialect: Dialect) -> Any:
    statement = dialect.insert_many(ledger_table, [c.name for c in ledger_table.c])
    statement = statement.on_conflict_do_nothing(index_elements=["partition", "key"])
    return statement.returning(ledger_table.c.key)


def delivery(tx: Connection, id: str, lock: bool = False) -> Delivery:
    """One delivery; LookupError where there is none."""
    query = select(*_READ).where(at_id(_c.id, id))
    row = tx.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise LookupError(f"no delivery {id}")
    return Delivery(*row)


def place_delivery(tx: Connection, id: str, seq: int) -> None:
    """Give a delivery another number in its lane."""
    tx.execute(update(deliveries_table).where(at_id(_c.id, id)).values(seq=seq))


def of_message(tx: Connection, message_id: str) -> list[Delivery]:
    """What a message caused, in order."""
    query = select(*_READ).where(_c.message_id == message_id, _c.day >= day_of(message_id))
    rows = tx.execute(query.order_by(_c.created_at, _c.rules, _c.rule, _c.ordinal))
    return [Delivery(*row) for row in rows]


def delivery_body(tx: Connection, id: str) -> bytes:
    """The bytes that every attempt sends."""
    return delivery_bodies(tx, [id])[id]


def delivery_bodies(tx: Connection, ids: Collection[str]) -> dict[str, bytes]:
    """The bytes of some deliveries."""
    if not ids:
        return {}
    c = delivery_bodies_table.c
    given = listing(tx, c.partition, c.delivery_id, ids)
    rows = tx.execute(_bodies(dialect_of(tx)), given)
    return {id: bytes(content) for id, content in rows}


@cache
def _bodies(dialect: Dialect) -> Any:
    c = delivery_bodies_table.c
    return select(c.delivery_id, c.content).where(listed(dialect, c.partition, c.delivery_id))


def open_deliveries(
    tx: Connection, lane_id: str, limit: int, due_at: datetime | None = None, since_day: int = 0
) -> list[Delivery]:
    """The first unfinished deliveries of a lane, in order; with `due_at` only those due by then.

    `since_day` is the lane's `oldest_day`, read under its lock.
    """
    here = and_(_c.partition == partition_of(lane_id), _c.lane == lane_id, OPEN, _c.day >= since_day)
    query = select(*_READ).where(here)
    if due_at is not None:
        query = query.where((_c.state == "inflight") | (_c.next_at <= due_at))
    return [Delivery(*row) for row in tx.execute(query.order_by(_c.seq).limit(limit))]


def open_in_lanes(
    tx: Connection, lane_ids: Collection[str], limit: int, at: datetime, since_day: int = 0
) -> dict[str, list[Delivery]]:
    """The first unfinished deliveries of each lane, in order; in lanes that keep no order only those due by then.

    `since_day` is the least `oldest_day` of these lanes, read under their locks.
    """
    found: dict[str, list[Delivery]] = {id: [] for id in lane_ids}
    if not found:
        return found
    keys: list[list[Any]] = [[partition_of(id) for id in found], list(found)]
    given = {"since_day": since_day, "at": at, "most": limit}
    for row in dialect_of(tx).for_each(tx, _first_open(), [_l.partition, _l.id], keys, given):
        d = Delivery(*row)
        found[d.lane].append(d)
    return {id: sorted(some, key=lambda d: d.seq) for id, some in found.items()}


@cache
def _first_open() -> Any:
    since_day, at = bindparam("since_day", type_=Integer()), bindparam("at", type_=UtcTime())
    here = and_(_c.partition == _l.partition, _c.lane == _l.id, OPEN, _c.day >= since_day)
    due = or_(_l.ordered, _c.state == "inflight", _c.next_at <= at)
    return select(*_READ).where(here, due).order_by(_c.seq).limit(bindparam("most", type_=Integer()))


def next_dues(tx: Connection, lane_ids: Collection[str], since_day: int = 0) -> dict[str, datetime]:
    """When the next delivery of each lane may be tried; lanes in which none waits are left out.

    Where order is kept that is when the first may, `NEVER` included; else that of any that waits not only for a person.
    """
    if not lane_ids:
        return {}
    given = {"since_day": since_day, **listing(tx, _l.partition, _l.id, lane_ids)}
    rows = tx.execute(_next_dues(dialect_of(tx)), given)
    return {id: due for id, due in rows if due is not None}


@cache
def _next_dues(dialect: Dialect) -> Any:
    since_day = bindparam("since_day", type_=Integer())
    here = and_(_c.partition == _l.partition, _c.lane == _l.id, OPEN, _c.day >= since_day)
    head = select(_c.next_at).where(here).order_by(_c.seq).limit(1).scalar_subquery()
    any_one = select(_c.next_at).where(here, _c.next_at < NEVER).order_by(_c.next_at).limit(1)
    due = case((_l.ordered, head), else_=any_one.scalar_subquery())
    return select(_l.id, due.label("due")).where(listed(dialect, _l.partition, _l.id))


def staged(
    tx: Connection,
    environment: str,
    limit: int,
    *,
    id: str | None = None,
    endpoint: str | None = None,
    ruleset: str | None = None,
    flow: str | None = None,
    until: datetime | None = None,
) -> list[Delivery]:
    """Staged deliveries, in the order of their lanes; `until` takes those that were made by then."""
    query = select(*_READ).where(_c.environment == environment, _c.state == "staged")
    if id is not None:
        query = query.where(at_id(_c.id, id))
    for column, value in ((_c.endpoint, endpoint), (_c.ruleset, ruleset), (_c.flow, flow)):
        query = query if value is None else query.where(column == value)
    query = query if until is None else query.where(_c.created_at <= until)
    return [Delivery(*row) for row in tx.execute(query.order_by(_c.lane, _c.seq).limit(limit))]


def postpone(tx: Connection, id: str, next_at: datetime, asked: int, reason: str) -> None:
    """An uncertain delivery was asked about without an answer: when it is asked about next."""
    here = at_id(_c.id, id) & (_c.state == "uncertain")
    counted = {"attempts": _c.attempts + 1, "forgiven": _c.forgiven + 1}
    tx.execute(
        update(deliveries_table)
        .where(here)
        .values(next_at=next_at, asked=asked, reason=reason[:2000], **counted)
    )


def leave_to_a_person(tx: Connection, id: str) -> None:
    """Nobody asks about an uncertain delivery by itself any more."""
    here = at_id(_c.id, id) & (_c.state == "uncertain")
    tx.execute(update(deliveries_table).where(here).values(next_at=NEVER))


_FOUND_BY = ("partition", "day", "id", "state")
_MOVED = (
    "state",
    "next_at",
    "fence",
    "attempts",
    "forgiven",
    "error_class",
    "status",
    "reason",
    "updated_at",
)


def move_deliveries(tx: Connection, moves: Sequence[DeliveryMove], at: datetime) -> int:
    """Write new states where the old one still holds; how many were moved.

    Only `app.runtime.states` calls this: it knows which moves are allowed.
    """
    if not moves:
        return 0
    moved = change_rows(tx, deliveries_table, _FOUND_BY, _MOVED, [_move_row(m, at) for m in moves])
    again = [m.delivery for m in moves if m.delivery.state in _AT_REST and m.to_state in OPEN_STATES]
    reopen(tx, [(d.lane, d.id) for d in again])
    return moved


def _move_row(m: DeliveryMove, at: datetime) -> tuple[Any, ...]:
    """What is None stays as it was."""
    old = m.delivery
    return (
        *place_of(old.id),
        old.id,
        old.state,
        m.to_state,
        old.next_at if m.next_at is None else m.next_at,
        old.fence if m.fence is None else m.fence,
        old.attempts if m.attempts is None else m.attempts,
        old.forgiven if m.forgiven is None else m.forgiven,
        old.error_class if m.error_class is None else m.error_class,
        old.status if m.status is None else m.status,
        (old.reason if m.reason is None else m.reason)[:2000],
        at,
    )
