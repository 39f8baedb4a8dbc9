"""Move the `oldest_day` of lanes forward that are never found empty, so that their partitions stay few.

A lane that is emptied now and then forgets its days by itself. In one that always holds something the day of
its first message would stay, and whoever works on it would read the partitions of all days since.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select, update

from app.storage.database import among, at_id
from app.storage.deliveries import NEVER, OPEN, deliveries_table
from app.storage.lanes import NOTHING_OPEN, lanes_table
from app.storage.messages import messages_table

_c, _m, _d = lanes_table.c, messages_table.c, deliveries_table.c


def lagging(tx: Connection, today: int, after: tuple[int, str], limit: int) -> list[tuple[int, str]]:
    """(partition, id) of lanes that look back further than yesterday, along the primary key."""
    partition, id = after
    here = and_(_c.partition >= partition, or_(_c.partition > partition, _c.id > id))
    query = select(_c.partition, _c.id).where(here, _c.oldest_day < today - 1)
    return [(row[0], row[1]) for row in tx.execute(query.order_by(_c.partition, _c.id).limit(limit))]


def advance(tx: Connection, ids: Sequence[str]) -> int:
    """Let these lanes look back as far as what is open in them, under their locks; how many were moved on.

    A lane that somebody has locked just now is left for the next time. Nothing can become open in between:
    whoever stores or opens something again holds the lock of its lane.
    """
    here = among(tx, _c.partition, _c.id, ids)
    query = select(_c.id, _c.kind, _c.oldest_day).where(here).order_by(_c.id)
    locked = tx.execute(query.with_for_update(skip_locked=True)).all()
    moved = 0
    for kind, first_days in (("inbox", _of_inbox), ("outbox", _of_outbox)):
        before = {row.id: row.oldest_day for row in locked if row.kind == kind}
        if before:
            rows = tx.execute(first_days(tx, list(before), min(before.values())))
            found: dict[str, int] = {row.id: row.day for row in rows}
            moved += sum(_set(tx, id, was, found.get(id, NOTHING_OPEN)) for id, was in before.items())
    return moved


def _of_inbox(tx: Connection, ids: Sequence[str], since: int) -> Select[Any]:
    here = and_(_m.partition == _c.partition, _m.lane == _c.id, _m.day >= since)
    return _first_days(tx, ids, _m.day, and_(here, _m.state == "received"))


def _of_outbox(tx: Connection, ids: Sequence[str], since: int) -> Select[Any]:
    """Where nobody keeps an order, what waits for a person alone keeps no day, as when such a lane is left."""
    here = and_(_d.partition == _c.partition, _d.lane == _c.id, _d.day >= since)
    waits = or_(_c.ordered, _d.next_at < NEVER)
    return _first_days(tx, ids, _d.day, and_(here, OPEN, waits))


def _first_days(tx: Connection, ids: Sequence[str], day: Any, inside: Any) -> Select[Any]:
    """The sum keeps PostgreSQL from walking along all days of a partition until it finds one of the lane."""
    first = select(func.min(day + 0)).where(inside).correlate(lanes_table).scalar_subquery()
    some = select(_c.id, first.label("day")).where(among(tx, _c.partition, _c.id, ids)).subquery()
    return select(some.c.id, some.c.day).where(some.c.day.is_not(None))


def _set(tx: Connection, id: str, was: int, day: int) -> int:
    if day <= was:
        return 0
    tx.execute(update(lanes_table).where(at_id(_c.id, id)).values(oldest_day=day))
    return 1
