"""The steps of timers: opened, met, filled, fired, dropped; each through `app.runtime.states`."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_

from app.runtime.states import move_timers
from app.storage.timers import Timer, add_timers, join_window, matching, these, timers_table

_t = timers_table.c


def open_timers(tx: Connection, timers: Sequence[Timer], at: datetime) -> None:
    """Store timers; a wait that is there already is open again, with its first deadline."""
    new = add_timers(tx, timers)
    again = [timer.id for timer in timers if timer.kind == "wait" and timer.id not in new]
    if again:
        move_timers(tx, these(tx, again), ("fired",), "open", at, due_at=_t.deadline)


def collect(tx: Connection, timer: Timer, item: Any, at_most: int | None, at: datetime) -> None:
    """Put an item into its window; a full one closes now."""
    id, held = join_window(tx, timer, item)
    if at_most is not None and held >= at_most:
        move_timers(tx, these(tx, [id]), ("open",), "full", at, due_at=at)


def meet(tx: Connection, matches: Collection[str], closed_by: str, at: datetime) -> int:
    """Close the expectations that a message answers; how many."""
    if not matches:
        return 0
    return move_timers(tx, matching(tx, "expect", matches), ("open",), "met", at, closed_by=closed_by)


def fire(tx: Connection, timer: Timer, at: datetime) -> bool:
    """Take a timer whose time has come; False where it was met, fired or put off meanwhile."""
    here = and_(these(tx, [timer.id]), _t.due_at <= at)
    return move_timers(tx, here, ("open", "full"), "fired", at) == 1


def drop(tx: Connection, message_id: str, at: datetime) -> None:
    """A message that was given up waits for nothing any more."""
    move_timers(tx, and_(_t.message_id == message_id, _t.kind == "wait"), ("open",), "dropped", at)
