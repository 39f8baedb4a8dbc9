"""Batches: one step (replay, retry, discard) for many messages or deliveries, each of them at most once.

The members are chosen when a batch is made and stand in a table of their own; whoever drives the batch
takes a member by moving it out of `waiting` in the transaction that carries the step out.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    and_,
    bindparam,
    func,
    select,
    update,
)

from app.storage.database import Json, UtcTime, chunks, insert_rows, metadata
from app.storage.dialects import only_where
from app.storage.identity import partition_of

Action = Literal["replay", "retry", "discard"]
Subject = Literal["message", "delivery"]

batches_table = Table(
    "batches",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("id", String(40), primary_key=True),
    Column("environment", String(60), nullable=False),
    Column("action", String(8), nullable=False),
    Column("subject", String(8), nullable=False),
    Column("state", String(9), nullable=False),
    Column("filter", Json, nullable=False),
    Column("release", String(64), nullable=False),
    Column("destinations", Json),
    Column("which", String(9), nullable=False),
    Column("rate", Integer, nullable=False),
    Column("share", Integer, nullable=False),
    Column("by", String(160), nullable=False),
    Column("reason", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("report", Json, nullable=False),
    Column("total", Integer, nullable=False),
    Column("checked", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("updated_at", UtcTime, nullable=False),
)
_b = batches_table.c
ACTIVE_STATES = ("checking", "running")
_ACTIVE = _b.state.in_(ACTIVE_STATES)
Index("ix_batches_active", _b.state, **only_where(_ACTIVE))
Index("ix_batches_listed", _b.environment, _b.created_at, _b.id)

members_table = Table(
    "batch_members",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("batch_id", String(40), primary_key=True),
    Column("subject_id", String(40), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("state", String(8), nullable=False),
    Column("verdict", String(8), nullable=False),
    Column("child_id", String(40), nullable=False),
    Column("code", String(60), nullable=False),
    Column("reason", Text, nullable=False),
)
_m = members_table.c
Index("ix_batch_members_place", _m.partition, _m.batch_id, _m.state, _m.place)
Index("ix_batch_members_verdict", _m.partition, _m.batch_id, _m.verdict, _m.place)


@dataclass(frozen=True, slots=True)
class Batch:
    """One step for many. `rate` is at most so many a second; `share` percent of it while live traffic waits."""

    id: str
    environment: str
    action: Action
    subject: Subject
    state: str
    filter: Mapping[str, Any]
    release: str
    destinations: Sequence[str] | None
    which: str
    rate: int
    share: int
    by: str
    reason: str
    created_at: datetime
    updated_at: datetime
    note: str = ""
    report: Mapping[str, Any] = field(default_factory=dict)
    total: int = 0
    checked: int = 0
    done: int = 0
    failed: int = 0
    skipped: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def left(self) -> int:
        """How many members wait for their turn."""
        return self.total - self.done - self.failed - self.skipped


@dataclass(frozen=True, slots=True)
class Member:
    """One message or delivery of a batch; `verdict` is what the dry run found: same, differs, fails."""

    subject_id: str
    place: int
    state: str = "waiting"
    verdict: str = ""
    child_id: str = ""
    code: str = ""
    reason: str = ""


_COLUMNS = list(Batch.__slots__)
_MEMBER = list(Member.__slots__)


def add_batch(tx: Connection, batch: Batch, subject_ids: Sequence[str]) -> None:
    """Store a batch with its members, in their order."""
    row = {name: getattr(batch, name) for name in _COLUMNS} | {"filter": dict(batch.filter)}
    insert_rows(tx, batches_table, [{"partition": partition_of(batch.id), **row}])
    where = {"partition": partition_of(batch.id), "batch_id": batch.id}
    blank = {"state": "waiting", "verdict": "", "child_id": "", "code": "", "reason": ""}
    rows = [{**where, "subject_id": id, "place": place, **blank} for place, id in enumerate(subject_ids, 1)]
    insert_rows(tx, members_table, rows)


def batch(tx: Connection, id: str, lock: bool = False) -> Batch:
    """One batch; LookupError where there is none."""
    query = select(batches_table).where(_b.partition == partition_of(id), _b.id == id)
    row = tx.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise LookupError(f"no batch {id}")
    return Batch(**{name: row[name] for name in _COLUMNS})


def batches(
    tx: Connection, environment: str, before: tuple[datetime, str] | None = None, limit: int = 50
) -> list[Batch]:
    """Batches of an environment, latest first."""
    query = select(batches_table).where(_b.environment == environment)
    if before is not None:
        at, id = before
        query = query.where((_b.created_at < at) | ((_b.created_at == at) & (_b.id < id)))
    rows = tx.execute(query.order_by(_b.created_at.desc(), _b.id.desc()).limit(limit)).mappings()
    return [Batch(**{name: row[name] for name in _COLUMNS}) for row in rows]


def active_batches(tx: Connection) -> list[str]:
    """The ids of batches that somebody has to drive, oldest first."""
    return list(tx.execute(select(_b.id).where(_ACTIVE).order_by(_b.created_at)).scalars())


def change_batch(tx: Connection, id: str, **values: Any) -> None:
    """Write some columns of a batch; its state is moved by `app.runtime.states`."""
    if "state" in values:
        raise ValueError("change_batch moves no state")
    tx.execute(update(batches_table).where(_b.partition == partition_of(id), _b.id == id).values(**values))


def set_batch_state(tx: Connection, before: Batch, values: Mapping[str, Any]) -> bool:
    """Move a batch on from the state it was read in; `app.runtime.states` alone calls this."""
    here = and_(_b.partition == partition_of(before.id), _b.id == before.id, _b.state == before.state)
    return bool(tx.execute(update(batches_table).where(here).values(dict(values))).rowcount)


def count(tx: Connection, id: str, at: datetime, **by: int) -> None:
    """Add to the figures of a batch."""
    values: dict[str, Any] = {name: batches_table.c[name] + number for name, number in by.items() if number}
    change_batch(tx, id, updated_at=at, **values)


def waiting_members(tx: Connection, id: str, limit: int) -> list[Member]:
    """The next members whose turn has not come."""
    return _members(tx, and_(_of(id), _m.state == "waiting"), limit)


def unchecked_members(tx: Connection, id: str, limit: int) -> list[Member]:
    """The next members that the dry run has not looked at."""
    return _members(tx, and_(_of(id), _m.verdict == ""), limit)


def members(tx: Connection, id: str, after: int = 0, limit: int = 50, **only: str) -> list[Member]:
    """Members in their order, after a place; `only` by state or verdict."""
    here = and_(_of(id), _m.place > after, *[members_table.c[n] == v for n, v in only.items() if v])
    return _members(tx, here, limit)


def _members(tx: Connection, here: Any, limit: int) -> list[Member]:
    rows = tx.execute(select(members_table).where(here).order_by(_m.place).limit(limit)).mappings()
    return [Member(**{name: row[name] for name in _MEMBER}) for row in rows]


def _of(id: str) -> Any:
    return and_(_m.partition == partition_of(id), _m.batch_id == id)


def judge(tx: Connection, id: str, verdicts: Mapping[str, str]) -> set[str]:
    """Note what the dry run found; the members that nobody had judged before."""
    judged: set[str] = set()
    for verdict in sorted(set(verdicts.values())):
        ids = sorted(one for one, found in verdicts.items() if found == verdict)
        for some in chunks(ids):
            here = and_(_of(id), _m.subject_id.in_(some), _m.verdict == "")
            found = tx.execute(
                update(members_table).where(here).values(verdict=verdict).returning(_m.subject_id)
            )
            judged |= set(found.scalars())
    return judged


def take(tx: Connection, id: str, subject_ids: Collection[str], state: str = "done") -> set[str]:
    """Move members out of `waiting`; those that were waiting. Whoever gets one back carries its step out."""
    taken: set[str] = set()
    for some in chunks(sorted(subject_ids)):
        here = and_(_of(id), _m.subject_id.in_(some), _m.state == "waiting")
        taken |= set(
            tx.execute(
                update(members_table).where(here).values(state=state).returning(_m.subject_id)
            ).scalars()
        )
    return taken


def note_members(tx: Connection, id: str, rows: Sequence[tuple[str, str, str, str]]) -> None:
    """Say what became of members: (id, child, code, reason)."""
    if rows:
        statement = update(members_table).where(_of(id), _m.subject_id == bindparam("who"))
        values: dict[str, Any] = {
            "child_id": bindparam("child"),
            "code": bindparam("said"),
            "reason": bindparam("why"),
        }
        given = [
            {"who": who, "child": child, "said": code[:60], "why": why[:2000]}
            for who, child, code, why in rows
        ]
        tx.execute(statement.values(values), given)


def skip(tx: Connection, id: str, verdict: str) -> int:
    """Leave out the waiting members with this verdict; how many."""
    here = and_(_of(id), _m.state == "waiting", _m.verdict == verdict)
    return tx.execute(update(members_table).where(here).values(state="skipped")).rowcount


def last_children(tx: Connection, id: str, count: int) -> list[str]:
    """The latest messages that a batch made."""
    query = select(_m.child_id).where(_of(id), _m.state == "done", _m.child_id != "")
    return list(tx.execute(query.order_by(_m.place.desc()).limit(count)).scalars())


def member_states(tx: Connection, id: str) -> dict[str, int]:
    """How many members are in which state, counted anew."""
    rows = tx.execute(select(_m.state, func.count()).where(_of(id)).group_by(_m.state))
    return {row[0]: row[1] for row in rows}
