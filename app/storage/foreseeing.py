"""What a run of retention will delete row by row, counted without deleting anything or keeping anybody out.

It goes by the same conditions as the run; what goes with a day that is dropped is not counted here.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, Connection, Select, and_, exists, false, func, or_, select, union

from app.storage.alerts import alerts_table
from app.storage.database import now
from app.storage.days import DayRange
from app.storage.deliveries import deliveries_table, ledger_table
from app.storage.duplicates import duplicate_keys_table
from app.storage.messages import messages_table
from app.storage.repeats import over
from app.storage.retention import (
    Policy,
    batches_due,
    deliveries_due,
    last_cutoff,
    messages_due,
    needed,
    replaying_ids,
)
from app.storage.sweeping import FOLLOWERS, ended_before, made_before
from app.storage.timers import timers_table

_m, _d = messages_table.c, deliveries_table.c


class Foresight:
    """What stays of the messages and deliveries of days that are over, as a run would leave them."""

    def __init__(self, found: Policy, today: int, dropped: Sequence[DayRange]) -> None:
        self._until = last_cutoff(found, today)
        self._dropped = dropped
        self._batches = batches_due(found, today)
        due = select(_m.id).where(_m.day < self._until, messages_due(found, today))
        wanted = needed(due, found, today, 0, self._until).subquery()
        not_due = select(_m.id).where(_m.day < self._until, ~messages_due(found, today))
        self._messages = not_due.union(select(wanted.c[0])).cte("staying_messages")
        kept = self._messages.c[0]
        here = _d.day < self._until
        self._deliveries = union(
            select(_d.id).where(here, ~deliveries_due(found, today)),
            select(_d.id).join(self._messages, kept == _d.message_id).where(here),
            replaying_ids(),
        ).cte("staying_deliveries")

    def counts(
        self, tx: Connection, keys_before: datetime | None, keys_until: int, upkeep_before: datetime
    ) -> dict[str, int]:
        """By what the report of a run calls it; `keys_before` is None where keys are kept for ever."""
        queries = {"messages": [self._going_messages()], "deliveries": [self._going_deliveries()]}
        queries["followers"] = [
            select(func.count()).where(
                made_before(table.c[id], self._until),
                self._gone(table.c[id], self._messages, self._deliveries),
            )
            for table, id in FOLLOWERS
        ]
        if keys_before is not None:
            queries["keys"] = [
                select(func.count()).where(duplicate_keys_table.c.at < keys_before),
                self._going_entries(keys_until),
            ]
        queries["timers and alerts"] = [
            select(func.count()).select_from(timers_table).where(ended_before(upkeep_before)),
            select(func.count()).where(alerts_table.c.at < upkeep_before),
        ]
        queries["answers to calls"] = [select(func.count()).where(over(now(tx)))]
        queries["batches"] = [select(func.count()).where(self._batches)]
        found = {
            what: sum(int(tx.execute(query).scalar_one()) for query in some) for what, some in queries.items()
        }
        return {what: count for what, count in found.items() if count}

    def _going_messages(self) -> Select[Any]:
        return select(func.count()).where(
            _m.day < self._until, ~self._in_dropped(_m.day), self._gone(_m.id, self._messages)
        )

    def _going_deliveries(self) -> Select[Any]:
        """Also those of a dropped day whose message is not: it stays until its message was deleted."""
        cause = messages_table.alias()
        later = exists(
            select(cause.c.id).where(
                cause.c.id == _d.message_id, cause.c.day < self._until, ~self._in_dropped(cause.c.day)
            )
        )
        here = or_(~self._in_dropped(_d.day), later)
        return select(func.count()).where(_d.day < self._until, here, self._gone(_d.id, self._deliveries))

    def _going_entries(self, until: int) -> Select[Any]:
        made = ledger_table.c.delivery_id
        still = deliveries_table.alias()
        newer = exists(select(still.c.id).where(still.c.id == made, still.c.day >= self._until))
        return select(func.count()).where(
            made_before(made, until), self._gone(made, self._deliveries), ~newer
        )

    def _in_dropped(self, day: Any) -> ColumnElement[bool]:
        return or_(false(), *[and_(day >= one.low, day < one.high) for one in self._dropped])

    @staticmethod
    def _gone(id: Any, *staying: CTE) -> ColumnElement[bool]:
        return and_(*[~exists(select(one.c[0]).where(one.c[0] == id)) for one in staying])
