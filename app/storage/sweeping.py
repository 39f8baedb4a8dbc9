"""Delete what is kept no longer in small batches: on SQLite everything, on PostgreSQL what stands in the rest.

One hash partition at a time, along the primary key, so that no step reads or locks much.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, delete, func, select

from app.storage.alerts import alerts_table
from app.storage.batches import batches_table, members_table
from app.storage.bodies import bodies_table
from app.storage.database import among
from app.storage.days import OF_DELIVERIES, OF_MESSAGES
from app.storage.deliveries import deliveries_table, ledger_table
from app.storage.duplicates import duplicate_keys_table
from app.storage.messages import messages_table
from app.storage.origins import edits_table, limits_table
from app.storage.problems import problems_table
from app.storage.retention import (
    Policy,
    batches_due,
    deliveries_due,
    hexadecimal,
    last_cutoff,
    messages_due,
    needed,
    replaying,
)
from app.storage.timers import collected_table, timers_table

_m, _d = messages_table.c, deliveries_table.c
FOLLOWERS: tuple[tuple[Table, str], ...] = (
    (problems_table, "subject_id"),
    (limits_table, "message_id"),
    (edits_table, "id"),
)


def sweep_messages(
    tx: Connection, partition: int, found: Policy, today: int, after: tuple[int, str], limit: int
) -> tuple[int, tuple[int, str] | None]:
    """Delete the next messages whose time is over and that nothing needs; how many, and where to go on."""
    until = last_cutoff(found, today)
    place = and_(_m.partition == partition, _m.day >= after[0], _m.day < until)
    later = (_m.day > after[0]) | (_m.id > after[1])
    query = select(_m.day, _m.id, _m.body_id).where(place, later, messages_due(found, today))
    rows = tx.execute(query.order_by(_m.day, _m.id).limit(limit).with_for_update(skip_locked=True)).all()
    if not rows:
        return 0, None
    ids = [row.id for row in rows]
    low, high = rows[0].day, rows[-1].day + 1
    kept = set(tx.execute(needed(ids, found, today, low, high)).scalars())
    gone = [row for row in rows if row.id not in kept]
    if gone:
        _delete_messages(tx, [row.id for row in gone], {row.body_id for row in gone})
    return len(gone), (rows[-1].day, rows[-1].id) if len(rows) == limit else None


def _delete_messages(tx: Connection, ids: Sequence[str], body_ids: Collection[str]) -> None:
    for table in (*OF_MESSAGES, messages_table):
        _delete(tx, table, table.info["day_of"], ids)
    sharing = and_(_m.body_id.in_(sorted(body_ids)), _m.body_id != _m.id)
    own = among(tx, _m.partition, _m.id, body_ids)
    used = set(tx.execute(select(_m.body_id).where(sharing)).scalars())
    used |= set(tx.execute(select(_m.body_id).where(own)).scalars())
    _delete(tx, bodies_table, "id", [id for id in body_ids if id not in used])


def sweep_deliveries(
    tx: Connection, partition: int, found: Policy, today: int, after: tuple[int, str], limit: int
) -> tuple[int, tuple[int, str] | None]:
    """Delete the next deliveries whose time is over and whose messages are gone."""
    until = last_cutoff(found, today)
    place = and_(_d.partition == partition, _d.day >= after[0], _d.day < until)
    later = (_d.day > after[0]) | (_d.id > after[1])
    query = select(_d.day, _d.id, _d.message_id).where(place, later, deliveries_due(found, today))
    rows = tx.execute(query.order_by(_d.day, _d.id).limit(limit).with_for_update(skip_locked=True)).all()
    if not rows:
        return 0, None
    there = _existing(tx, messages_table, {row.message_id for row in rows})
    kept = replaying(tx, [row.id for row in rows])
    gone = [row.id for row in rows if row.message_id not in there and row.id not in kept]
    for table in (*OF_DELIVERIES, deliveries_table):
        _delete(tx, table, table.info["day_of"], gone)
    return len(gone), (rows[-1].day, rows[-1].id) if len(rows) == limit else None


def _existing(tx: Connection, table: Table, ids: Collection[str]) -> set[str]:
    c = table.c
    return set(tx.execute(select(c.id).where(among(tx, c.partition, c.id, ids))).scalars()) if ids else set()


def _delete(tx: Connection, table: Table, id: str, ids: Collection[str]) -> None:
    if ids:
        tx.execute(delete(table).where(among(tx, table.c.partition, table.c[id], ids)))


def sweep_followers(tx: Connection, some: range, until: int, limit: int) -> int:
    """Delete what belongs to messages and deliveries that are gone, in the tables that no day drops."""
    return sum(_sweep_follower(tx, table, name, some, until, limit) for table, name in FOLLOWERS)


def _sweep_follower(tx: Connection, table: Table, name: str, some: range, until: int, limit: int) -> int:
    id, count, after = table.c[name], 0, ""
    while True:
        here = and_(table.c.partition.between(some[0], some[-1]), id > after, made_before(id, until))
        ids = list(tx.execute(select(id).where(here).order_by(id).limit(limit)).scalars())
        gone = set(ids) - _existing(tx, messages_table, ids) - _existing(tx, deliveries_table, ids)
        _delete(tx, table, name, gone)
        count += len(gone)
        if len(ids) < limit:
            return count
        after = ids[-1]


def sweep_keys(tx: Connection, some: range, before: datetime, until: int) -> int:
    """Delete what tells repeats apart, once a repeat is not to be expected any more."""
    seen, entry = duplicate_keys_table.c, ledger_table.c
    keys = delete(duplicate_keys_table).where(seen.partition.between(some[0], some[-1]), seen.at < before)
    inside = and_(entry.partition.between(some[0], some[-1]), made_before(entry.delivery_id, until))
    ids = tx.execute(select(entry.partition, entry.key, entry.delivery_id).where(inside)).all()
    there = _existing(tx, deliveries_table, {row.delivery_id for row in ids})
    gone = [{"p": row.partition, "k": row.key} for row in ids if row.delivery_id not in there]
    if gone:
        here = and_(entry.partition == bindparam("p"), entry.key == bindparam("k"))
        tx.execute(delete(ledger_table).where(here), gone)
    return tx.execute(keys).rowcount + len(gone)


def sweep_upkeep(tx: Connection, some: range, before: datetime) -> int:
    """Delete timers that ended, with what they had collected, and old alerts."""
    t, item, alert = timers_table.c, collected_table.c, alerts_table.c
    ended = and_(t.partition.between(some[0], some[-1]), ended_before(before))
    inside = and_(item.partition.between(some[0], some[-1]), item.timer_id.in_(select(t.id).where(ended)))
    tx.execute(delete(collected_table).where(inside))
    count = tx.execute(delete(timers_table).where(ended)).rowcount
    old = and_(alert.partition.between(some[0], some[-1]), alert.at < before)
    return count + tx.execute(delete(alerts_table).where(old)).rowcount


def sweep_batches(tx: Connection, found: Policy, today: int, limit: int) -> tuple[int, bool]:
    """Delete the next members of a batch that is over, the batch after them; how many batches, and whether more is left."""
    b, member = batches_table.c, members_table.c
    query = select(b.partition, b.id).where(batches_due(found, today)).order_by(b.ended_at, b.id)
    one = tx.execute(query.limit(1).with_for_update(skip_locked=True)).first()
    if one is None:
        return 0, False
    here = and_(member.partition == one.partition, member.batch_id == one.id)
    ids = list(tx.execute(select(member.subject_id).where(here).limit(limit)).scalars())
    tx.execute(delete(members_table).where(here, member.subject_id.in_(ids)))
    if len(ids) == limit:
        return 0, True
    return tx.execute(
        delete(batches_table).where(b.partition == one.partition, b.id == one.id)
    ).rowcount, True


def ended_before(moment: datetime) -> ColumnElement[bool]:
    """Timers that ended before a moment."""
    t = timers_table.c
    return and_(t.state.not_in(("open", "full")), t.updated_at < moment)


def made_before(id: Any, day: int) -> ColumnElement[bool]:
    """Ids that were made before a day."""
    return func.substr(id, 3, 12) < hexadecimal(day)
