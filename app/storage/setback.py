"""A clock that was ahead and was put right: what was written for a time that is far off is due now.

On SQLite the time of the database is that of the machine; without this, everything that was written while the
machine's clock was an hour ahead would lie still for an hour.
"""

from datetime import timedelta

from sqlalchemy import Connection, select, update

from app.storage.breakers import breakers_table
from app.storage.database import now
from app.storage.deliveries import deliveries_table
from app.storage.lanes import lanes_table
from app.storage.polls import polls_table
from app.storage.timers import timers_table
from app.storage.workers import AHEAD_SECONDS, leases_table

_DUE = (
    (lanes_table, "next_at"),
    (lanes_table, "lease_until"),
    (deliveries_table, "next_at"),
    (breakers_table, "probe_at"),
    (breakers_table, "slow_until"),
    (polls_table, "next_at"),
)


def seconds_ahead(tx: Connection, lease: str, seconds: float) -> float:
    """By how much the clock was ahead that wrote a lease of so many seconds; 0 where it was right."""
    until = tx.execute(select(leases_table.c.until).where(leases_table.c.name == lease)).scalar()
    ahead = (until - now(tx)).total_seconds() - seconds if until is not None else 0.0
    return ahead if ahead > AHEAD_SECONDS else 0.0


def put_right(tx: Connection, seconds: float) -> None:
    """What a clock wrote that was so far ahead is due now; its timers keep the time that they were to run."""
    moment = now(tx)
    written = moment + timedelta(seconds=seconds - AHEAD_SECONDS)
    for table, name in _DUE:
        tx.execute(update(table).where(table.c[name] >= written).values({name: moment}))
    c = timers_table.c
    for row in tx.execute(select(c.partition, c.id, c.due_at, c.deadline).where(c.created_at > moment)).all():
        back = timedelta(seconds=seconds)
        here = (c.partition == row.partition) & (c.id == row.id)
        tx.execute(
            update(timers_table).where(here).values(due_at=row.due_at - back, deadline=row.deadline - back)
        )
