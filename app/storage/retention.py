"""How long messages are kept, by environment, and which ones may go.

A message and its deliveries are a unit. What is open stays, however old; what needs a message keeps it:
an open delivery, an open timer, a replay that has not come to it, a child that is still under way.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    Table,
    and_,
    delete,
    false,
    func,
    or_,
    select,
    union,
)

from app.storage.batches import batches_table, members_table
from app.storage.database import UtcTime, insert, metadata
from app.storage.deliveries import OPEN, OPEN_STATES, deliveries_table
from app.storage.identity import MILLISECONDS_A_DAY
from app.storage.messages import messages_table
from app.storage.timers import collected_table, timers_table

FINISHED = ("done", "ignored", "discarded")
FAILED = ("rejected", "held", "dead", "quarantined")
SENT = ("delivered", "discarded")
_UNDER_WAY = ("received", "waiting")

retention_table = Table(
    "retention",
    metadata,
    Column("environment", String(60), primary_key=True),
    Column("finished_days", Integer, nullable=False),
    Column("failed_days", Integer, nullable=False),
    Column("by", String(160), nullable=False),
    Column("at", UtcTime, nullable=False),
)
_m, _d = messages_table.c, deliveries_table.c


@dataclass(frozen=True, slots=True)
class Keep:
    """Days that are kept: of what is finished, and of what failed. 0 is for ever."""

    finished: int
    failed: int


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """Days before which an environment keeps nothing that is finished, or that failed; 0 keeps all."""

    finished: int
    failed: int


@dataclass(frozen=True)
class Policy:
    """What is kept, by environment; `default` where nobody said."""

    default: Keep
    environments: Mapping[str, Keep]

    def cutoffs(self, today: int) -> tuple[Cutoffs, dict[str, Cutoffs]]:
        """The default and each environment's, as days."""
        return _cutoffs(self.default, today), {
            name: _cutoffs(keep, today) for name, keep in sorted(self.environments.items())
        }

    @property
    def longest_finished(self) -> int:
        """The most days that anything finished is kept; for ever counts as ten years."""
        return max(keep.finished or 3650 for keep in (self.default, *self.environments.values()))


def _cutoffs(keep: Keep, today: int) -> Cutoffs:
    return Cutoffs(*(today - days if days else 0 for days in (keep.finished, keep.failed)))


def policy(tx: Connection, default: Keep) -> Policy:
    """The retention in force."""
    c = retention_table.c
    rows = tx.execute(select(c.environment, c.finished_days, c.failed_days))
    return Policy(default, {row[0]: Keep(row[1], row[2]) for row in rows})


def set_retention(tx: Connection, environment: str, keep: Keep, by: str, at: datetime) -> None:
    """Say what an environment keeps."""
    values = {"finished_days": keep.finished, "failed_days": keep.failed, "by": by, "at": at}
    statement = insert(tx, retention_table).values(environment=environment, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["environment"], set_=values))


def unset_retention(tx: Connection, environment: str) -> None:
    """Let an environment go by the settings again."""
    tx.execute(delete(retention_table).where(retention_table.c.environment == environment))


def last_cutoff(found: Policy, today: int) -> int:
    """The day before which something may go; 0 where nothing ever does."""
    default, named = found.cutoffs(today)
    return max(day for one in (default, *named.values()) for day in (one.finished, one.failed))


def messages_due(found: Policy, today: int) -> ColumnElement[bool]:
    """Messages whose time is over, whatever may still need them."""
    return _due(found, today, _m, FINISHED, FAILED)


def deliveries_due(found: Policy, today: int) -> ColumnElement[bool]:
    """Deliveries whose time is over."""
    return _due(found, today, _d, SENT, ("dead",))


def _due(
    found: Policy, today: int, c: Any, finished: Sequence[str], failed: Sequence[str]
) -> ColumnElement[bool]:
    def over(cut: Cutoffs) -> ColumnElement[bool]:
        done = and_(c.state.in_(finished), c.day < cut.finished) if cut.finished > 0 else false()
        stuck = and_(c.state.in_(failed), c.day < cut.failed) if cut.failed > 0 else false()
        return or_(done, stuck)

    return _by_environment(found, today, c.environment, over)


def batches_due(found: Policy, today: int) -> ColumnElement[bool]:
    """Batches that ended before anything that failed then is kept: they say what was done about it."""

    def over(cut: Cutoffs) -> ColumnElement[bool]:
        first = datetime.fromtimestamp(cut.failed * 86_400, UTC)
        return batches_table.c.ended_at < first if cut.failed > 0 else false()

    return _by_environment(found, today, batches_table.c.environment, over)


def _by_environment(
    found: Policy, today: int, environment: Any, over: Callable[[Cutoffs], ColumnElement[bool]]
) -> ColumnElement[bool]:
    default, named = found.cutoffs(today)
    others = and_(environment.not_in(list(named)), over(default)) if named else over(default)
    return or_(others, *[and_(environment == name, over(cut)) for name, cut in named.items()])


def needed(ids: Any, found: Policy, today: int, low: int, high: int) -> Any:
    """Which of these messages (a subquery or texts, of the days from `low` to before `high`) something needs."""
    return union(*_needs(ids, ~deliveries_due(found, today), low, high))


def _needs(ids: Any, not_due: ColumnElement[bool], low: int, high: int) -> list[Select[Any]]:
    t, item = timers_table.c, collected_table.c
    live = t.state.in_(("open", "full"))
    child, sent = messages_table.alias(), deliveries_table.alias()
    unsent = select(sent.c.message_id).where(sent.c.day >= low, sent.c.state.in_(OPEN_STATES))
    under_way = or_(child.c.state.in_(_UNDER_WAY), child.c.id.in_(unsent))
    parents = [
        select(column).where(column.in_(ids), child.c.day >= low, under_way)
        for column in (child.c.causation_id, child.c.replay_of)
    ]
    stuck = and_(_d.state == "dead", not_due)
    return [
        select(_d.message_id).where(
            _d.day >= low,
            between(_d.message_id, low, high),
            _d.message_id.in_(ids),
            or_(OPEN, stuck),
        ),
        select(t.message_id).where(t.message_id.in_(ids), live),
        select(item.message_id)
        .join(timers_table, and_(t.partition == item.partition, t.id == item.timer_id))
        .where(item.message_id.in_(ids), live),
        replaying_ids().where(members_table.c.subject_id.in_(ids)),
        *parents,
    ]


def between(id: Any, low: int, high: int) -> ColumnElement[bool]:
    """Ids that were made from one day to before another."""
    moment = func.substr(id, 3, 12)
    return and_(moment >= hexadecimal(low), moment < hexadecimal(high))


def hexadecimal(day: int) -> str:
    """The first moment of a day, as ids hold it."""
    return f"{max(0, day) * MILLISECONDS_A_DAY:012x}"


def replaying(tx: Connection, ids: Collection[str]) -> set[str]:
    """Which of these deliveries a step for many has not come to."""
    return set(tx.execute(replaying_ids().where(members_table.c.subject_id.in_(sorted(ids)))).scalars())


def replaying_ids() -> Select[Any]:
    """What a step for many has not come to: messages and deliveries."""
    b, member = batches_table.c, members_table.c
    here = and_(b.partition == member.partition, b.id == member.batch_id)
    query = select(member.subject_id).join(batches_table, here)
    return query.where(member.state == "waiting", b.ended_at.is_(None))
