"""The partitions of days on PostgreSQL: made ahead of their time, dropped when nothing in them is kept.

Each table that is `kept_by_day` has the same ranges. What fits no range stands in the partition `rest`:
rows that outlive their day, and those of days for which nobody made a range in time.
On SQLite there is one table and no ranges.
"""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table, text

from app.storage.answers import answers_table, replies_table
from app.storage.attempts import attempts_table
from app.storage.bodies import bodies_table
from app.storage.deliveries import deliveries_table, delivery_bodies_table
from app.storage.messages import history_table, message_keys_table, messages_table
from app.storage.outcomes import outcomes_table

AHEAD = 2
MOST_MOVED = 20_000
_MOST_RANGES = 40
_LOCK_WAIT = "300ms"
_BOUNDS = re.compile(r"FROM \('?(MINVALUE|-?\d+)'?\) TO \('?(\d+)'?\)")

OF_MESSAGES = (message_keys_table, history_table, outcomes_table, replies_table)
OF_DELIVERIES = (delivery_bodies_table, attempts_table, answers_table)
TABLES: tuple[Table, ...] = (
    messages_table,
    *OF_MESSAGES,
    bodies_table,
    deliveries_table,
    *OF_DELIVERIES,
)


@dataclass(frozen=True, slots=True)
class DayRange:
    """Some days whose rows stand together: from `low` to before `high`; `suffix` ends the partitions' names."""

    suffix: str
    low: int
    high: int

    def partition(self, table: Table) -> str:
        """The partition of a table."""
        return f"{table.name}_{self.suffix}"


def ranges(tx: Connection) -> list[DayRange]:
    """The ranges there are, in order; none on SQLite."""
    if tx.dialect.name == "sqlite":
        return []
    query = text(
        "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_class c "
        "JOIN pg_inherits i ON i.inhrelid = c.oid WHERE i.inhparent = 'messages'::regclass"
    )
    found = []
    for name, bounds in tx.execute(query):
        match = _BOUNDS.search(bounds)
        if match:
            low = 0 if match[1] == "MINVALUE" else int(match[1])
            found.append(DayRange(name.removeprefix("messages_"), low, int(match[2])))
    return sorted(found, key=lambda one: one.low)


def width(longest: int) -> int:
    """How many days a range holds, so that few ranges hold all days that are kept."""
    return max(1, -(-longest // _MOST_RANGES))


def make_ahead(tx: Connection, today: int, days: int) -> list[DayRange]:
    """Make the ranges of today and the next days that are missing; those that were made."""
    if tx.dialect.name == "sqlite":
        return []
    _be_quick(tx)
    made = []
    first = max([today, *(one.high for one in ranges(tx))])
    while first <= today + AHEAD:
        if _strays(tx, first, first + days) > MOST_MOVED:  # too many to move while everybody waits
            first += 1
            continue
        one = DayRange(time.strftime("%Y%m%d", time.gmtime(first * 86_400)), first, first + days)
        for table in TABLES:
            _make(tx, table, one)
        made.append(one)
        first = one.high
    return made


def _strays(tx: Connection, low: int, high: int) -> int:
    query = text("SELECT count(*) FROM messages_rest WHERE day >= :low AND day < :high")
    return int(tx.execute(query, {"low": low, "high": high}).scalar_one())


def _make(tx: Connection, table: Table, one: DayRange) -> None:
    """Beside its table first, with the rows of its days that stand in the rest, then as a partition of it."""
    name, rest = one.partition(table), f"{table.name}_rest"
    here = f"day >= {one.low} AND day < {one.high}"
    tx.exec_driver_sql(f'CREATE TABLE "{name}" (LIKE "{table.name}" INCLUDING ALL)')
    moved = f'WITH moved AS (DELETE FROM "{rest}" WHERE {here} RETURNING *)'
    tx.exec_driver_sql(f'{moved} INSERT INTO "{name}" SELECT * FROM moved')
    tx.exec_driver_sql(
        f'ALTER TABLE "{table.name}" ATTACH PARTITION "{name}" FOR VALUES FROM ({one.low}) TO ({one.high})'
    )


def hold(tx: Connection, one: DayRange) -> None:
    """Nobody changes the state of what stands in a range until this transaction ends."""
    _be_quick(tx)
    names = ", ".join(f'"{one.partition(table)}"' for table in (messages_table, deliveries_table))
    tx.exec_driver_sql(f"LOCK TABLE {names} IN SHARE MODE")


def drop(tx: Connection, one: DayRange, messages: str, deliveries: str) -> None:
    """Drop the partitions of a range; rows of the ids in these two tables move to the rest before.

    The tables are locked for the length of the drop alone, and never longer waited for than a moment:
    whoever comes while this waits would wait behind it.
    """
    for table in TABLES:
        keep = f"SELECT id FROM {deliveries if table in (deliveries_table, *OF_DELIVERIES) else messages}"
        if table is bodies_table:
            keep = f'SELECT body_id FROM "{one.partition(messages_table)}" WHERE id IN ({keep})'
        id = table.info["day_of"]
        tx.exec_driver_sql(
            f'CREATE TEMP TABLE "kept_{table.name}" ON COMMIT DROP AS '
            f'SELECT * FROM "{one.partition(table)}" WHERE "{id}" IN ({keep})'
        )
    tx.exec_driver_sql("LOCK TABLE " + ", ".join(f'ONLY "{table.name}"' for table in TABLES))
    tx.exec_driver_sql("DROP TABLE " + ", ".join(f'"{one.partition(table)}"' for table in TABLES))
    for table in TABLES:
        tx.exec_driver_sql(f'INSERT INTO "{table.name}" SELECT * FROM "kept_{table.name}"')


def sizes(tx: Connection, found: Sequence[DayRange]) -> dict[str, int]:
    """Bytes on disk by range."""
    if not found:
        return {}
    query = text(
        "SELECT coalesce(sum(pg_total_relation_size(to_regclass(n))), 0) FROM unnest(cast(:names as text[])) n"
    )
    return {
        one.suffix: int(tx.execute(query, {"names": [one.partition(t) for t in TABLES]}).scalar_one())
        for one in found
    }


def _be_quick(tx: Connection) -> None:
    tx.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'")
