"""Retention: what is kept no longer goes, a day at a time where the database has partitions of days.

One run drops every range of days that is over (rows that must stay move to the rest), then deletes in
small batches what is left, and notes one line in the audit log. It may run beside anything else: what is
open, or needed by a replay, a retry, a timer or a child, stays, as the database says it in the same transaction.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from app.runtime.installation import Installation
from app.runtime.keeping import retention_of
from app.security.audit import append
from app.storage import days
from app.storage.database import now
from app.storage.days import DayRange
from app.storage.foreseeing import Foresight
from app.storage.identity import MILLISECONDS_A_DAY, PARTITIONS
from app.storage.lane_days import advance, lagging
from app.storage.messages import messages_table
from app.storage.repeats import forget_calls
from app.storage.retention import (
    between,
    deliveries_due,
    last_cutoff,
    messages_due,
    needed,
    replaying_ids,
)
from app.storage.sweeping import (
    sweep_batches,
    sweep_deliveries,
    sweep_followers,
    sweep_keys,
    sweep_messages,
    sweep_upkeep,
)
from app.storage.workers import end_lease, own_lease

BATCH = 200
PAUSE_SECONDS = 0.01
_TRIES = 10
_AT_A_TIME = 16
_MEMBERS = 500
_LEASE = "retention"
_LEASE_SECONDS = 120.0
_log = structlog.get_logger(__name__)


@dataclass
class Report:
    """What a run did, or would do."""

    dry_run: bool
    made: list[str] = field(default_factory=list)
    dropped: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    deleted: dict[str, int] = field(default_factory=dict)

    def add(self, what: str, count: int) -> None:
        """Count what was deleted."""
        if count:
            self.deleted[what] = self.deleted.get(what, 0) + count

    def as_json(self) -> dict[str, Any]:
        """For people and programs."""
        return asdict(self)


def make_days(installation: Installation) -> list[str]:
    """Make the partitions of the next days; the clock does that every hour."""
    with installation.database.begin() as tx:
        width = days.width(retention_of(installation, tx).longest_finished)
        return [one.suffix for one in days.make_ahead(tx, _today(tx), width)]


def _today(tx: Connection) -> int:
    return int(now(tx).timestamp() * 1000) // MILLISECONDS_A_DAY


def run_retention(
    installation: Installation,
    by: str = "clock",
    dry_run: bool = False,
    stop: Callable[[], bool] = lambda: False,
    pause: float = PAUSE_SECONDS,
) -> Report | None:
    """Let go of what is kept no longer; None where another process is at it."""
    run = _Run(installation, dry_run, stop, pause)
    owner = f"{by[:40]}-{id(run)}-{time.time_ns()}"[:80]
    with installation.database.begin() as tx:
        if not dry_run and not own_lease(tx, _LEASE, owner, _LEASE_SECONDS):
            return None
    try:
        run.carry_out(owner)
    finally:
        if not dry_run:
            with installation.database.begin() as tx:
                end_lease(tx, _LEASE, owner)
    if not dry_run and (run.report.dropped or run.report.deleted):
        with installation.database.begin() as tx:
            append(tx, by, "retention.run", "installation", None, run.report.as_json())
    return run.report


class _Run:
    def __init__(
        self, installation: Installation, dry_run: bool, stop: Callable[[], bool], pause: float
    ) -> None:
        self.report = Report(dry_run)
        self._installation = installation
        self._database = installation.database
        self._stop = stop
        self._pause = pause
        with self._database.begin() as tx:
            self._today = _today(tx)
            self._policy = retention_of(installation, tx)
            self._ranges = days.ranges(tx)

    def carry_out(self, owner: str) -> None:
        """The days first: what goes with them need not be deleted."""
        if not self.report.dry_run:
            self.report.made = make_days(self._installation)
        for one in self._ranges:
            if one.high <= last_cutoff(self._policy, self._today) and not self._stop():
                self._range(one)
        if self.report.dry_run:
            self.report.deleted = self._would_delete()
            return
        for what, sweep in (("messages", sweep_messages), ("deliveries", sweep_deliveries)):
            self._sweep(what, sweep, owner)
        for first in range(0, PARTITIONS, _AT_A_TIME):
            if not self._stop():
                with self._database.begin() as tx:
                    own_lease(tx, _LEASE, owner, _LEASE_SECONDS)
                    self._narrow(tx, range(first, first + _AT_A_TIME))
        self._batches(owner)
        with self._database.begin() as tx:
            self.report.add("answers to calls", forget_calls(tx))
        self._advance(owner)

    def _range(self, one: DayRange) -> None:
        for _ in range(1 if self.report.dry_run else _TRIES):
            try:
                with self._database.begin() as tx:
                    self._drop(tx, one)
                return
            except DBAPIError as error:
                if "lock timeout" not in str(error) and "deadlock" not in str(error):
                    raise
                time.sleep(0.5)
        self.report.waiting.append({"days": one.suffix, "why": "others were at work in it at every try"})

    def _drop(self, tx: Connection, one: DayRange) -> None:
        if not self.report.dry_run:
            days.hold(tx, one)
        messages, deliveries = self._keep(tx, one)
        total = int(tx.execute(text(f'SELECT count(*) FROM "{one.partition(messages_table)}"')).scalar_one())
        said = {
            "days": one.suffix,
            "messages": total,
            "kept_messages": messages,
            "kept_deliveries": deliveries,
        }
        if messages + deliveries > days.MOST_MOVED or messages > total // 2:
            self.report.waiting.append(
                {**said, "why": "too many must stay; the others are deleted one by one"}
            )
            return
        if not self.report.dry_run:
            days.drop(tx, one, "keep_messages", "keep_deliveries")
            _log.info("days dropped", **said)
        self.report.dropped.append(said)

    def _keep(self, tx: Connection, one: DayRange) -> tuple[int, int]:
        """Two tables of this transaction: the ids that stay. Their sizes."""
        m, d = messages_table.c, days.deliveries_table.c
        here = m.day >= one.low, m.day < one.high
        due = select(m.id).where(*here, messages_due(self._policy, self._today))
        wanted = needed(due, self._policy, self._today, one.low, one.high).subquery()
        not_due = select(m.id).where(*here, ~messages_due(self._policy, self._today))
        kept = days.temporary(tx, "keep_messages", not_due.union(select(wanted.c[0])))
        stays = select(text("id")).select_from(text("keep_messages"))
        elsewhere = select(m.id).where(m.day < one.low)
        mine = d.day >= one.low, d.day < one.high
        sent = select(d.id).where(
            *mine,
            ~deliveries_due(self._policy, self._today)
            | d.message_id.in_(stays)
            | (~between(d.message_id, one.low, one.high) & d.message_id.in_(elsewhere))
            | d.id.in_(replaying_ids()),
        )
        return kept, days.temporary(tx, "keep_deliveries", sent)

    def _sweep(self, what: str, sweep: Callable[..., tuple[int, Any]], owner: str) -> None:
        """Some partitions a transaction, fewer where there is much to delete."""
        left: list[tuple[int, Any]] = [(partition, (0, "")) for partition in reversed(range(PARTITIONS))]
        while left and not self._stop():
            with self._database.begin() as tx:
                own_lease(tx, _LEASE, owner, _LEASE_SECONDS)
                count = looked_at = 0
                while left and count < BATCH and looked_at < _AT_A_TIME:
                    partition, place = left.pop()
                    gone, place = sweep(tx, partition, self._policy, self._today, place, BATCH)
                    count, looked_at = count + gone, looked_at + 1
                    if place is not None:
                        left.append((partition, place))
            self.report.add(what, count)
            if count:
                time.sleep(self._pause)

    def _narrow(self, tx: Connection, some: range) -> None:
        until, at = last_cutoff(self._policy, self._today), now(tx)
        if until:
            self.report.add("followers", sweep_followers(tx, some, until, BATCH))
        keys, keys_until, upkeep = self._limits(at)
        if keys is not None:
            self.report.add("keys", sweep_keys(tx, some, keys, keys_until))
        self.report.add("timers and alerts", sweep_upkeep(tx, some, upkeep))

    def _batches(self, owner: str) -> None:
        """Steps for many that ended long ago, with their members."""
        more = True
        while more and not self._stop():
            with self._database.begin() as tx:
                own_lease(tx, _LEASE, owner, _LEASE_SECONDS)
                count, more = sweep_batches(tx, self._policy, self._today, _MEMBERS)
            self.report.add("batches", count)
            time.sleep(self._pause if more else 0)

    def _advance(self, owner: str) -> None:
        """Lanes that are never empty look back no further than they must."""
        place, some = (0, ""), [(0, "")]
        while some and not self._stop():
            with self._database.begin() as tx:
                own_lease(tx, _LEASE, owner, _LEASE_SECONDS)
                some = lagging(tx, self._today, place, BATCH)
                advance(tx, [id for _, id in some])
            place = some[-1] if some else place

    def _would_delete(self) -> dict[str, int]:
        """What goes one by one, as a run would do it now."""
        dropped = {said["days"] for said in self.report.dropped}
        foresight = Foresight(self._policy, self._today, [r for r in self._ranges if r.suffix in dropped])
        with self._database.read() as tx, self._database.dialect.unhurried(tx):
            return foresight.counts(tx, *self._limits(now(tx)))

    def _limits(self, at: datetime) -> tuple[datetime | None, int, datetime]:
        """Before which moment and day keys are over, and before which moment timers and alerts are."""
        keys = self._installation.settings.retention_keys
        finished = at - timedelta(days=self._policy.longest_finished)
        return at - timedelta(days=keys) if keys else None, self._today - keys, finished
