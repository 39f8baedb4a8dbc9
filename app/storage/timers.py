"""Timers: what a message left to be watched or finished later, and the items of open collections.

An `expect` waits for a message that answers, a `collect` for its window to close, a `wait` for a record
of a dataset. Everything that is looked for by its `match` stands in the partition of that match.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Column, Connection, Index, Integer, String, Table, Text, and_, func, select, update

from app.storage.database import ExactJson, UtcTime, among, insert, insert_rows, metadata
from app.storage.identity import digest, partition_of

Kind = Literal["expect", "collect", "wait"]

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
_OPEN = timers_table.c.state == "open"
_LIVE = timers_table.c.state.in_(["open", "full"])
_WINDOW = and_(timers_table.c.kind == "collect", _OPEN)
Index("ix_timers_due", timers_table.c.due_at, postgresql_where=_LIVE, sqlite_where=_LIVE)
Index(
    "ix_timers_match",
    timers_table.c.partition,
    timers_table.c.match,
    postgresql_where=_OPEN,
    sqlite_where=_OPEN,
)
Index(
    "uq_timers_window",
    timers_table.c.partition,
    timers_table.c.match,
    unique=True,
    postgresql_where=_WINDOW,
    sqlite_where=_WINDOW,
)
Index(
    "ix_timers_awaited",
    timers_table.c.environment,
    timers_table.c.event,
    postgresql_where=_OPEN,
    sqlite_where=_OPEN,
)
Index("ix_timers_message", timers_table.c.message_id)

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
    key: str
    order_key: str | None
    message_id: str
    correlation_id: str
    hops: int
    rules: str
    rule: str
    ordinal: int
    created_at: datetime
    updated_at: datetime
    count: int = 0
    content: Any = field(default_factory=dict)
    closed_by: str = ""


_COLUMNS = list(Timer.__slots__)


def timer_id(match: str, *parts: str) -> str:
    """An id in the partition of its match: the same parts are the same timer."""
    return match[:2] + digest(match, *parts)[2:]


def add_timers(tx: Connection, timers: Sequence[Timer]) -> None:
    """Store timers; one that is there already is opened again with its first deadline."""
    c = timers_table.c
    for timer in sorted(timers, key=lambda t: t.id):
        statement = insert(timers_table, tx.dialect.name).values(_row(timer))
        again = {"state": "open", "due_at": c.deadline, "updated_at": timer.updated_at}
        tx.execute(
            statement.on_conflict_do_update(
                index_elements=["partition", "id"], set_=again, where=c.kind == "wait"
            )
        )


def join_window(tx: Connection, timer: Timer, item: Any, at_most: int | None) -> None:
    """Put an item into the open window of its match, or into a new one; a full one closes now."""
    c = timers_table.c
    statement = insert(timers_table, tx.dialect.name).values(_row(timer))
    joined = statement.on_conflict_do_update(
        index_elements=["partition", "match"],
        index_where=_WINDOW,
        set_={"count": c.count + 1, "updated_at": timer.updated_at},
    ).returning(c.id, c.count)
    id, place = tx.execute(joined).one()
    row = {"partition": partition_of(id), "timer_id": id, "place": place, "message_id": timer.message_id}
    insert_rows(tx, collected_table, [{**row, "item": item}])
    if at_most is not None and place >= at_most:
        here = (c.partition == partition_of(id)) & (c.id == id)
        tx.execute(update(timers_table).where(here).values(state="full", due_at=timer.updated_at))


def items(tx: Connection, timer_id: str) -> list[Any]:
    """What a window holds, in the order in which it came."""
    c = collected_table.c
    here = (c.partition == partition_of(timer_id)) & (c.timer_id == timer_id)
    return list(tx.execute(select(c.item).where(here).order_by(c.place)).scalars())


def meet(tx: Connection, matches: Collection[str], closed_by: str, at: datetime) -> int:
    """Close the expectations that a message answers; how many."""
    c = timers_table.c
    if not matches:
        return 0
    here = among(tx, c.partition, c.match, matches) & (c.kind == "expect") & _OPEN
    values = {"state": "met", "closed_by": closed_by, "updated_at": at}
    return tx.execute(update(timers_table).where(here).values(values)).rowcount


def hurry(tx: Connection, matches: Collection[str], at: datetime) -> int:
    """Let those who wait for a record be looked at now; how many."""
    c = timers_table.c
    if not matches:
        return 0
    here = among(tx, c.partition, c.match, matches) & (c.kind == "wait") & _OPEN
    return tx.execute(update(timers_table).where(here).values(due_at=at)).rowcount


def drop(tx: Connection, message_id: str, at: datetime) -> None:
    """A message that was given up waits for nothing any more."""
    c = timers_table.c
    here = (c.message_id == message_id) & (c.kind == "wait") & _OPEN
    tx.execute(update(timers_table).where(here).values(state="dropped", updated_at=at))


def due(tx: Connection, moment: datetime, limit: int) -> list[Timer]:
    """Timers whose time has come, the most overdue first."""
    query = select(timers_table).where(_LIVE, timers_table.c.due_at <= moment)
    rows = tx.execute(query.order_by(timers_table.c.due_at).limit(limit)).mappings()
    return [_timer(row) for row in rows]


def waiting_for(tx: Connection, matches: Collection[str]) -> list[Timer]:
    """The open waits for these matches."""
    c = timers_table.c
    here = among(tx, c.partition, c.match, matches) & (c.kind == "wait") & _OPEN
    return [_timer(row) for row in tx.execute(select(timers_table).where(here)).mappings()]


def fire(tx: Connection, timer: Timer, at: datetime) -> bool:
    """Take a timer whose time has come; False where it was met, fired or put off meanwhile."""
    c = timers_table.c
    here = and_(c.partition == partition_of(timer.id), c.id == timer.id, _LIVE, c.due_at <= at)
    return tx.execute(update(timers_table).where(here).values(state="fired", updated_at=at)).rowcount == 1


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
    """How many timers of each kind are open."""
    c = timers_table.c
    query = select(c.kind, func.count()).where(c.environment == environment, _LIVE).group_by(c.kind)
    return {row[0]: row[1] for row in tx.execute(query)}


def _row(timer: Timer) -> dict[str, Any]:
    return {"partition": partition_of(timer.id), **{name: getattr(timer, name) for name in _COLUMNS}}


def _timer(row: Any) -> Timer:
    return Timer(**{name: row[name] for name in _COLUMNS})
