"""The partitions of days on PostgreSQL: made ahead of their time, dropped when nothing in them is kept.

Each table that is `kept_by_day` has the same ranges. What fits no range stands in the partition `rest`:
rows that outlive their day, and those of days for which nobody made a range in time.
On SQLite there is one table and no ranges.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table

from app.storage.answers import answers_table, replies_table
from app.storage.attempts import attempts_table
from app.storage.bodies import bodies_table
from app.storage.deliveries import deliveries_table, delivery_bodies_table
from app.storage.dialects import Partitions, dialect_of
from app.storage.dialects.contract import Doomed
from app.storage.messages import history_table, message_keys_table, messages_table
from app.storage.outcomes import outcomes_table

AHEAD = 2
MOST_MOVED = 20_000
_MOST_RANGES = 40

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
    partitions = dialect_of(tx).partitions
    found = partitions.found(tx, messages_table.name) if partitions else []
    return [DayRange(name.removeprefix(f"{messages_table.name}_"), low, high) for name, low, high in found]


def width(longest: int) -> int:
    """How many days a range holds, so that few ranges hold all days that are kept."""
    return max(1, -(-longest // _MOST_RANGES))


def make_ahead(tx: Connection, today: int, days: int) -> list[DayRange]:
    """Make the ranges of today and the next days that are missing; those that were made."""
    partitions = dialect_of(tx).partitions
    if partitions is None:
        return []
    partitions.be_quick(tx)
    made = []
    first = max([today, *(one.high for one in ranges(tx))])
    while first <= today + AHEAD:
        if partitions.strays(tx, messages_table.name, first, first + days) > MOST_MOVED:
            first += 1  # too many to move while everybody waits
            continue
        one = DayRange(time.strftime("%Y%m%d", time.gmtime(first * 86_400)), first, first + days)
        for table in TABLES:
            partitions.make(tx, table.name, one.partition(table), one.low, one.high)
        made.append(one)
        first = one.high
    return made


def hold(tx: Connection, one: DayRange) -> None:
    """Nobody changes the state of what stands in a range until this transaction ends."""
    partitions = _partitions(tx)
    partitions.be_quick(tx)
    partitions.hold(tx, [one.partition(table) for table in (messages_table, deliveries_table)])


def temporary(tx: Connection, name: str, query: Any) -> int:
    """A table of this transaction with the ids that a query gives; how many."""
    return _partitions(tx).temporary(tx, name, query)


def drop(tx: Connection, one: DayRange, messages: str, deliveries: str) -> None:
    """Drop the partitions of a range; rows of the ids in these two tables move to the rest before.

    The tables are locked for the length of the drop alone, and never longer waited for than a moment:
    whoever comes while this waits would wait behind it.
    """
    doomed = []
    for table in TABLES:
        keep = f"SELECT id FROM {deliveries if table in (deliveries_table, *OF_DELIVERIES) else messages}"
        if table is bodies_table:
            keep = f'SELECT body_id FROM "{one.partition(messages_table)}" WHERE id IN ({keep})'
        doomed.append(Doomed(table.name, one.partition(table), table.info["day_of"], keep))
    _partitions(tx).drop(tx, doomed)


def sizes(tx: Connection, found: Sequence[DayRange]) -> dict[str, int]:
    """Bytes on disk by range."""
    return {one.suffix: _partitions(tx).size(tx, [one.partition(table) for table in TABLES]) for one in found}


def _partitions(tx: Connection) -> Partitions:
    """Of a database that has ranges."""
    found = dialect_of(tx).partitions
    assert found is not None
    return found
