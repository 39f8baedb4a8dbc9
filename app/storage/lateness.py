"""Messages that were not done in time: what is unfinished at its deadline, and the marks that stay."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select, update

from app.storage.database import among
from app.storage.deliveries import deliveries_table
from app.storage.messages import messages_table
from app.storage.timers import Timer, timers_table

# A message that was rejected, ignored or discarded is decided; one that is held or dead is not done.
UNDECIDED = ("received", "waiting", "held", "dead", "quarantined")
_SENT = ("delivered", "discarded")
AT_A_TIME = 1_000
_m = messages_table.c
_d = deliveries_table.c
_t = timers_table.c


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A message that is not done, and where it stands."""

    id: str
    state: str
    release_id: str
    correlation_id: str
    label: str
    hops: int
    received_at: datetime


def _undone() -> ColumnElement[bool]:
    """Not decided, or something of it has not arrived."""
    open_delivery = exists(
        select(_d.id).where(_d.message_id == _m.id, _d.day >= _m.day, _d.state.not_in(_SENT))
    )
    return or_(_m.state.in_(UNDECIDED), and_(_m.state == "done", open_delivery))


def unfinished(
    tx: Connection, environment: str, ruleset: str, flow: str, since: datetime, until: datetime
) -> list[Unfinished]:
    """Messages of a flow that came in this span, are not done and not marked; `AT_A_TIME`, the earliest first."""
    columns = (_m.id, _m.state, _m.release_id, _m.correlation_id, _m.label, _m.hops, _m.received_at)
    where = and_(
        _m.environment == environment,
        _m.received_at >= since,
        _m.received_at < until,
        _m.ruleset == ruleset,
        _m.flow == flow,
        _m.replay_of == "",
    )
    marked = exists(select(_t.id).where(_t.message_id == _m.id, _t.kind == "late"))
    query = select(*columns).where(where, _undone(), ~marked).order_by(_m.received_at).limit(AT_A_TIME)
    return [Unfinished(*row) for row in tx.execute(query)]


def done_by_now(tx: Connection, environment: str, ruleset: str, flow: str) -> list[str]:
    """The marks of messages that are done at last."""
    query = select(_t.id, _t.message_id).where(*_marks(environment, ruleset, flow)).limit(AT_A_TIME)
    marks = {row.message_id: row.id for row in tx.execute(query)}
    if not marks:
        return []
    here = among(tx, _m.partition, _m.id, marks)
    late = set(tx.execute(select(_m.id).where(here, _undone())).scalars())
    return [id for message_id, id in marks.items() if message_id not in late]


def late_now(tx: Connection, environment: str, ruleset: str, flow: str) -> int:
    """How many messages of a flow are late and not done."""
    query = select(func.count()).select_from(timers_table).where(*_marks(environment, ruleset, flow))
    return int(tx.execute(query).scalar_one())


def late_by_flow(tx: Connection, environment: str) -> dict[str, int]:
    """The late and unfinished messages of an environment, by flow."""
    here = (_t.environment == environment, _t.kind == "late", _t.state == "fired")
    rows: Any = tx.execute(select(_t.flow, func.count()).where(*here).group_by(_t.flow))
    return {row[0]: row[1] for row in rows}


def _marks(environment: str, ruleset: str, flow: str) -> tuple[ColumnElement[bool], ...]:
    fired_late = (_t.kind == "late", _t.state == "fired")
    return (_t.environment == environment, _t.flow == flow, _t.ruleset == ruleset, *fired_late)


def deadlines(tx: Connection, message_ids: Collection[str]) -> dict[str, datetime]:
    """By when the late ones among these messages had to be done."""
    if not message_ids:
        return {}
    query = select(_t.message_id, _t.deadline).where(
        _t.message_id.in_(sorted(message_ids)), _t.kind == "late"
    )
    return {row.message_id: row.deadline for row in tx.execute(query)}


def look_again(
    tx: Connection, clock: Timer, due_at: datetime, looked_until: datetime, content: Any, count: int
) -> None:
    """Put a flow's clock off; its deadline says up to which reception everything was looked at."""
    here = and_(_t.partition == int(clock.id[:2], 16), _t.id == clock.id)
    values = {
        "due_at": due_at,
        "deadline": looked_until,
        "content": content,
        "count": count,
        "updated_at": due_at,
    }
    tx.execute(update(timers_table).where(here).values(values))


def lock_clock(tx: Connection, clock: Timer) -> bool:
    """Take a clock that is due as it was read; False where another one was faster."""
    here = and_(
        _t.partition == int(clock.id[:2], 16),
        _t.id == clock.id,
        _t.state == "open",
        _t.due_at == clock.due_at,
    )
    return tx.execute(update(timers_table).where(here).values(updated_at=clock.due_at)).rowcount == 1
