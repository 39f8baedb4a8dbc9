"""The inbox: one narrow row a message and flow, its business keys and the history of its states."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    String,
    Text,
    and_,
    exists,
    literal_column,
    or_,
    select,
    update,
)

from app.storage.claims import ClaimedLane
from app.storage.database import UtcTime, among, at_id, kept_by_day, one_of
from app.storage.dialects import Write, only_where
from app.storage.identity import place_of
from app.storage.lanes import lanes_table, reopen
from app.storage.rows import write_rows

messages_table = kept_by_day(
    "messages",
    "id",
    Column("id", String(40), primary_key=True),
    Column("lane", String(40), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("state", String(12), nullable=False),
    Column("environment", String(60), nullable=False),
    Column("endpoint", String(120), nullable=False),
    Column("ruleset", String(120), nullable=False),
    Column("flow", String(120), nullable=False),
    Column("release_id", String(64), nullable=False),
    Column("correlation_id", String(200), nullable=False),
    Column("causation_id", String(200), nullable=False),
    Column("trace", String(55), nullable=False, server_default=""),
    Column("replay_of", String(40), nullable=False),
    Column("duplicate_of", String(40), nullable=False),
    Column("hops", Integer, nullable=False),
    Column("sender", String(40), nullable=False, server_default=""),
    Column("body_id", String(40), nullable=False),
    Column("document_index", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("code", String(60), nullable=False),
    Column("reason", Text, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)
_OPEN = one_of(messages_table.c.state, "received")
_WRONG = one_of(messages_table.c.state, "rejected", "held", "dead", "quarantined")
Index(
    "ix_messages_open",
    messages_table.c.partition,
    messages_table.c.lane,
    messages_table.c.seq,
    **only_where(_OPEN),
)
Index(
    "ix_messages_wrong",
    messages_table.c.environment,
    messages_table.c.state,
    messages_table.c.day,
    messages_table.c.received_at,
    messages_table.c.id,
    **only_where(_WRONG),
)
Index(
    "ix_messages_listed",
    messages_table.c.environment,
    messages_table.c.day,
    messages_table.c.received_at,
    messages_table.c.id,
)
Index("ix_messages_correlated", messages_table.c.correlation_id)
_REASONED = messages_table.c.reason != literal_column("''")
Index(
    "ix_messages_reason",
    messages_table.c.environment,
    messages_table.c.day,
    messages_table.c.received_at,
    messages_table.c.id,
    **only_where(_REASONED),
)
_SHARING = messages_table.c.body_id != messages_table.c.id
_WAITING = one_of(messages_table.c.state, "waiting")
Index("ix_messages_sharing", messages_table.c.body_id, **only_where(_SHARING))
Index("ix_messages_waiting", messages_table.c.environment, **only_where(_WAITING))

message_keys_table = kept_by_day(
    "message_keys",
    "message_id",
    Column("message_id", String(40), primary_key=True),
    Column("name", String(60), primary_key=True),
    Column("value", String(400), nullable=False),
    Column("environment", String(60), nullable=False),
    Column("received_at", UtcTime, nullable=False),
)
Index(
    "ix_message_keys_value",
    message_keys_table.c.environment,
    message_keys_table.c.value,
    message_keys_table.c.day,
    message_keys_table.c.received_at,
)

history_table = kept_by_day(
    "message_history",
    "message_id",
    Column("message_id", String(40), primary_key=True),
    Column("at", UtcTime, primary_key=True),
    Column("from_state", String(12), primary_key=True),
    Column("to_state", String(12), primary_key=True),
    Column("by", String(160), nullable=False),
    Column("reason", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Message:
    """One message in one flow. `lane` and `seq` are its place; `release_id` decides it for good."""

    id: str
    lane: str
    seq: int
    state: str
    environment: str
    endpoint: str
    ruleset: str
    flow: str
    release_id: str
    correlation_id: str
    body_id: str
    received_at: datetime
    updated_at: datetime
    document_index: int = 0
    causation_id: str = ""
    trace: str = ""
    replay_of: str = ""
    duplicate_of: str = ""
    hops: int = 0
    sender: str = ""
    label: str = ""
    code: str = ""
    reason: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Move:
    """A message goes from one state to another, and why."""

    id: str
    from_state: str
    to_state: str
    reason: str = ""
    code: str = ""
    by: str = ""


_COLUMNS = [name for name in Message.__slots__ if name != "keys"]
_READ = [messages_table.c[name] for name in _COLUMNS]
_KEYS = ("partition", "day", "message_id", "name", "value", "environment", "received_at")
_HISTORY = ("partition", "day", "message_id", "at", "from_state", "to_state", "by", "reason")
_values = attrgetter(*_COLUMNS)


def new_messages(messages: Sequence[Message]) -> list[Write]:
    """What is to be written of new messages and their business keys."""
    rows = [(*place_of(m.id), *_values(m)) for m in messages]
    keys = [
        (*place_of(m.id), m.id, name[:60], str(value)[:400], m.environment, m.received_at)
        for m in messages
        for name, value in m.keys.items()
    ]
    return [
        Write(messages_table, ("partition", "day", *_COLUMNS), rows),
        Write(message_keys_table, _KEYS, keys),
    ]


def message(tx: Connection, id: str, lock: bool = False) -> Message:
    """One message without its keys; LookupError where there is none."""
    c = messages_table.c
    query = select(*_READ).where(at_id(c.id, id))
    row = tx.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise LookupError(f"no message {id}")
    return Message(*row)


def messages(tx: Connection, ids: Collection[str]) -> dict[str, Message]:
    """Some messages by id."""
    if not ids:
        return {}
    c = messages_table.c
    query = select(*_READ).where(among(tx, c.partition, c.id, ids))
    return {row.id: Message(*row) for row in tx.execute(query)}


def keys_of(tx: Connection, ids: Collection[str]) -> dict[str, dict[str, str]]:
    """The business keys of some messages."""
    found: dict[str, dict[str, str]] = {id: {} for id in ids}
    if not ids:
        return found
    c = message_keys_table.c
    here = among(tx, c.partition, c.message_id, ids)
    for row in tx.execute(select(c.message_id, c.name, c.value).where(here).order_by(c.name)):
        found[row.message_id][row.name] = row.value
    return found


def open_messages(tx: Connection, lanes: Sequence[ClaimedLane], window: int) -> dict[str, list[Message]]:
    """The next messages of each lane, in order: those within `window` numbers of its head."""
    found: dict[str, list[Message]] = {lane.id: [] for lane in lanes}
    if not lanes:
        return found
    m, c = messages_table.c, lanes_table.c
    here = and_(m.partition == c.partition, m.lane == c.id, m.seq > c.head_seq, m.seq <= c.head_seq + window)
    query = (
        select(*_READ)
        .join_from(lanes_table, messages_table, here)
        .where(among(tx, c.partition, c.id, found), _OPEN, m.day >= min(lane.oldest_day for lane in lanes))
        .order_by(m.lane, m.seq)
    )
    for row in tx.execute(query):
        found[row.lane].append(Message(*row))
    return found


def still(tx: Connection, ids: Collection[str], state: str) -> set[str]:
    """Which of these messages are in that state."""
    if not ids:
        return set()
    c = messages_table.c
    query = select(c.id).where(among(tx, c.partition, c.id, ids), c.state == state)
    return set(tx.execute(query).scalars())


def heads(tx: Connection, lane_ids: Collection[str], since_day: int) -> dict[str, int]:
    """The number of the first waiting message of each lane; lanes in which none waits are left out.

    `since_day` is the least `oldest_day` of these lanes, read under their locks.
    """
    if not lane_ids:
        return {}
    m, lane = messages_table.c, lanes_table.c
    here = and_(m.partition == lane.partition, m.lane == lane.id, _OPEN, m.day >= since_day)
    first = select(m.seq).where(here).order_by(m.seq).limit(1)
    here = among(tx, lane.partition, lane.id, lane_ids)
    rows = tx.execute(select(lane.id, first.scalar_subquery().label("head")).where(here))
    return {row.id: row.head for row in rows if row.head is not None}


def move(tx: Connection, moves: Sequence[Move], at: datetime) -> int:
    """Write new states where the old one still holds, with their history; how many were moved.

    Only `app.runtime.states` calls this: it knows which moves are allowed.
    """
    if not moves:
        return 0
    same: dict[tuple[str, str, str, str], list[str]] = {}
    for m in moves:
        same.setdefault((m.from_state, m.to_state, m.reason[:2000], m.code[:60]), []).append(m.id)
    moved = sum(_move_alike(tx, *alike, ids, at) for alike, ids in same.items())
    _reopen(tx, [m.id for m in moves if m.to_state == "received"])
    rows = [(*place_of(m.id), m.id, at, m.from_state, m.to_state, m.by, m.reason[:2000]) for m in moves]
    write_rows(tx, history_table, _HISTORY, rows)
    return moved


def _reopen(tx: Connection, ids: Collection[str]) -> None:
    if ids:
        c = messages_table.c
        rows = tx.execute(select(c.lane, c.id).where(among(tx, c.partition, c.id, ids)))
        reopen(tx, [(row.lane, row.id) for row in rows])


def _move_alike(
    tx: Connection, before: str, after: str, reason: str, code: str, ids: Sequence[str], at: datetime
) -> int:
    c = messages_table.c
    values = {"state": after, "reason": reason, "code": code, "updated_at": at}
    here = and_(among(tx, c.partition, c.id, ids), c.state == before)
    return tx.execute(update(messages_table).where(here).values(values)).rowcount


def place(tx: Connection, id: str, seq: int, release_id: str) -> None:
    """Give a message a new number in its lane, and the release that is to decide it."""
    c = messages_table.c
    tx.execute(update(messages_table).where(at_id(c.id, id)).values(seq=seq, release_id=release_id))


def has_key(
    environment: str, key: str, days: Callable[[Column[int]], Iterable[ColumnElement[bool]]]
) -> ColumnElement[bool]:
    """Messages with a business key: `lot:L1`, or `L1` of any name; `days` limits the partitions of the keys."""
    c, m = message_keys_table.c, messages_table.c
    name, colon, value = key.partition(":")
    same = and_(c.partition == m.partition, c.day == m.day, c.message_id == m.id)
    here = and_(c.environment == environment, same, *days(c.day))
    found = or_(c.value == key, and_(c.name == name, c.value == value)) if colon else c.value == key
    return exists(select(c.value).where(here, found))


def has_reason(words: str) -> ColumnElement[bool]:
    """Messages whose reason has these words, in this order and in any case; those without a reason are not looked at."""
    pattern = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return and_(_REASONED, messages_table.c.reason.ilike(pattern, escape="\\"))


def history(tx: Connection, id: str) -> list[dict[str, Any]]:
    """The states a message went through, in order."""
    c = history_table.c
    query = select(c.at, c.from_state, c.to_state, c.by, c.reason)
    rows = tx.execute(query.where(at_id(c.message_id, id)).order_by(c.at)).mappings()
    return [dict(row) for row in rows]
