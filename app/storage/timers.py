"""Timers: what a message left to be watched or finished later, and the items of open collections.

An `expect` waits for a message that answers, a `collect` for its window to close, a `wait` for a record
of a dataset. `sla` is the clock of a flow that has to be done in time, `late` the mark of a message that was
not, `promote` a promotion at a set time. Everything that is looked for by its `match` stands in the
partition of that match.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    and_,
    func,
    select,
    update,
)

from app.storage.database import ExactJson, UtcTime, among, insert, insert_rows, metadata, one_of
from app.storage.dialects import only_where
from app.storage.identity import digest, partition_of

Kind = Literal["expect", "collect", "wait", "sla", "late", "promote"]
OF_MESSAGES = ("expect", "collect", "wait")

timers_table = Table(
    "timers",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("id", String(40), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("state", String(8), nullable=False),
    Column("match", String(40), nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("deadline", UtcTime, nullable=False),
    Column("environment", String(60), nullable=False),
    Column("ruleset", String(120), nullable=False),
    Column("release_id", String(64), nullable=False),
    Column("flow", String(120), nullable=False),
    Column("event", String(120), nullable=False),
    Column("key", Text, nullable=False),
    Column("order_key", Text),
    Column("message_id", String(40), nullable=False),
    Column("correlation_id", String(200), nullable=False),
    Column("hops", Integer, nullable=False),
    Column("rules", String(120), nullable=False),
    Column("rule", String(120), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("count", Integer, nullable=False),
    Column("content", ExactJson, nullable=False),
    Column("closed_by", String(40), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)
_OPEN = one_of(timers_table.c.state, "open")
_LIVE = one_of(timers_table.c.state, "open", "full")
_FIRED_LATE = and_(one_of(timers_table.c.kind, "late"), one_of(timers_table.c.state, "fired"))
_WINDOW = and_(one_of(timers_table.c.kind, "collect"), _OPEN)
Index("ix_timers_due", timers_table.c.due_at, **only_where(_LIVE))
Index(
    "ix_timers_match",
    timers_table.c.partition,
    timers_table.c.match,
    **only_where(_OPEN),
)
Index(
    "uq_timers_window",
    timers_table.c.partition,
    timers_table.c.match,
    unique=True,
    **only_where(_WINDOW),
)
Index(
    "ix_timers_awaited",
    timers_table.c.environment,
    timers_table.c.event,
    **only_where(_OPEN),
)
Index("ix_timers_message", timers_table.c.message_id)
Index(
    "ix_timers_late",
    timers_table.c.environment,
    timers_table.c.flow,
    **only_where(_FIRED_LATE),
)

collected_table = Table(
    "collected",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("timer_id", String(40), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("message_id", String(40), nullable=False),
    Column("item", ExactJson, nullable=False),
)
Index("ix_collected_message", collected_table.c.message_id)


@dataclass(frozen=True, slots=True)
class Timer:
    """One thing to be watched. `due_at` is when it is looked at, `deadline` when it is late."""

    id: str
    kind: Kind
    state: str
    match: str
    due_at: datetime
    deadline: datetime
    environment: str
    ruleset: str
    release_id: str
    flow: str
    event: str
    created_at: datetime
    updated_at: datetime
    key: str = ""
    order_key: str | None = None
    message_id: str = ""
    correlation_id: str = ""
    hops: int = 0
    rules: str = ""
    rule: str = ""
    ordinal: int = 0
    count: int = 0
    content: Any = field(default_factory=dict)
    closed_by: str = ""


_COLUMNS = list(Timer.__slots__)


def timer_id(match: str, *parts: str) -> str:
    """An id in the partition of its match: the same parts are the same timer."""
    return match[:2] + digest(match, *parts)[2:]


def add_timers(tx: Connection, timers: Sequence[Timer]) -> set[str]:
    """Store timers that are not there yet; the ids of the new ones."""
    new: set[str] = set()
    for timer in sorted(timers, key=lambda t: t.id):
        statement = insert(tx, timers_table).values(_row(timer))
        there = statement.on_conflict_do_nothing(index_elements=["partition", "id"])
        new |= set(tx.execute(there.returning(timers_table.c.id)).scalars())
    return new


def set_state(
    tx: Connection, here: ColumnElement[bool], before: Collection[str], after: str, values: Mapping[str, Any]
) -> int:
    """Write a new state where an old one still holds; how many were moved.

    Only `app.runtime.states` calls this: it knows which moves are allowed.
    """
    where = and_(here, timers_table.c.state.in_(sorted(before)))
    return tx.execute(update(timers_table).where(where).values(state=after, **values)).rowcount


def these(tx: Connection, ids: Collection[str]) -> ColumnElement[bool]:
    """Timers by id."""
    return among(tx, timers_table.c.partition, timers_table.c.id, ids)


def matching(tx: Connection, kind: Kind, matches: Collection[str]) -> ColumnElement[bool]:
    """The open timers of a kind with one of these matches."""
    c = timers_table.c
    return among(tx, c.partition, c.match, matches) & (c.kind == kind) & _OPEN


def join_window(tx: Connection, timer: Timer, item: Any) -> tuple[str, int]:
    """Put an item into the open window of its match, or into a new one; the window and how many it holds."""
    c = timers_table.c
    statement = insert(tx, timers_table).values(_row(timer))
    joined = statement.on_conflict_do_update(
        index_elements=["partition", "match"],
        index_where=_WINDOW,
        set_={"count": c.count + 1, "updated_at": timer.updated_at},
    ).returning(c.id, c.count)
    id, place = tx.execute(joined).one()
    row = {"partition": partition_of(id), "timer_id": id, "place": place, "message_id": timer.message_id}
    insert_rows(tx, collected_table, [{**row, "item": item}])
    return id, place


def items(tx: Connection, timer_id: str) -> list[Any]:
    """What a window holds, in the order in which it came."""
    c = collected_table.c
    here = (c.partition == partition_of(timer_id)) & (c.timer_id == timer_id)
    return list(tx.execute(select(c.item).where(here).order_by(c.place)).scalars())


def hurry(tx: Connection, matches: Collection[str], at: datetime) -> int:
    """Let those who wait for a record be looked at now; how many."""
    if not matches:
        return 0
    here = matching(tx, "wait", matches)
    return tx.execute(update(timers_table).where(here).values(due_at=at)).rowcount


def timer(tx: Connection, id: str) -> Timer:
    """One timer; LookupError where there is none."""
    c = timers_table.c
    row = (
        tx.execute(select(timers_table).where(c.partition == partition_of(id), c.id == id)).mappings().first()
    )
    if row is None:
        raise LookupError(f"no timer {id}")
    return _timer(row)


def due(tx: Connection, moment: datetime, limit: int, kinds: Collection[str] = OF_MESSAGES) -> list[Timer]:
    """Timers of these kinds whose time has come, the most overdue first."""
    c = timers_table.c
    query = select(timers_table).where(_LIVE, c.due_at <= moment, c.kind.in_(sorted(kinds)))
    rows = tx.execute(query.order_by(timers_table.c.due_at).limit(limit)).mappings()
    return [_timer(row) for row in rows]


def waiting_for(tx: Connection, matches: Collection[str]) -> list[Timer]:
    """The open waits for these matches."""
    query = select(timers_table).where(matching(tx, "wait", matches))
    return [_timer(row) for row in tx.execute(query).mappings()]


def awaited_releases(tx: Connection, environment: str, event: str) -> list[tuple[str, str]]:
    """(rule set, release) that have open expectations for an endpoint or event."""
    c = timers_table.c
    query = select(c.ruleset, c.release_id).where(
        c.environment == environment, c.event == event, c.kind == "expect", _OPEN
    )
    return sorted({(row.ruleset, row.release_id) for row in tx.execute(query.distinct())})


def expired_waits(tx: Connection, message_id: str, moment: datetime) -> set[tuple[str, str]]:
    """(dataset, key) for which a message has waited long enough."""
    c = timers_table.c
    here = and_(c.message_id == message_id, c.kind == "wait", c.state == "fired", c.deadline <= moment)
    return {(row.event, row.key) for row in tx.execute(select(c.event, c.key).where(here))}


def timers_of(tx: Connection, message_id: str) -> list[Timer]:
    """What a message left to be watched, in the order of the deadlines."""
    c = timers_table.c
    own = c.message_id == message_id
    joined = select(collected_table.c.timer_id).where(collected_table.c.message_id == message_id)
    query = select(timers_table).where(own | c.id.in_(joined)).order_by(c.deadline)
    return [_timer(row) for row in tx.execute(query).mappings()]


def counts(tx: Connection, environment: str) -> dict[str, int]:
    """How many timers of each kind that messages leave are open."""
    c = timers_table.c
    here = and_(c.environment == environment, _LIVE, c.kind.in_(OF_MESSAGES))
    query = select(c.kind, func.count()).where(here).group_by(c.kind)
    return {row[0]: row[1] for row in tx.execute(query)}


def _row(timer: Timer) -> dict[str, Any]:
    return {"partition": partition_of(timer.id), **{name: getattr(timer, name) for name in _COLUMNS}}


def _timer(row: Any) -> Timer:
    return Timer(**{name: row[name] for name in _COLUMNS})
