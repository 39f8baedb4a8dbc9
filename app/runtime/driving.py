"""Drive batches: dry runs first, then their steps, so slowly that live traffic keeps its pace.

Whoever drives holds a lease in SQL, so that the rate holds for the whole installation; that no member
is done twice does not depend on it. A batch gets at most its rate; while live messages wait for workers
only its share of it; and no more than a window of its own messages wait at a time.
"""

import time
from dataclasses import dataclass

from sqlalchemy import Connection

from app.runtime.batch_steps import run_some
from app.runtime.dry_runs import check_some
from app.runtime.installation import Installation
from app.storage import batches as stored
from app.storage.aftermath import longest_wait
from app.storage.batches import Batch
from app.storage.messages import messages
from app.storage.workers import end_lease, own_lease

LEASE_SECONDS = 4.0
A_SLICE = 50
WINDOW = 200
LIVE_WAITS_SECONDS = 0.5


@dataclass
class Allowance:
    """How many may go now: a rate, counted from the last look, never more than a second's worth."""

    at: float
    left: float = 0.0

    def take(self, rate: float) -> int:
        """The whole number that is allowed now."""
        moment = time.monotonic()
        self.left = min(self.left + (moment - self.at) * rate, max(rate, 1.0))
        self.at = moment
        return int(self.left)


class Driver:
    """Drives every batch whose lease it gets."""

    def __init__(self, installation: Installation, owner: str) -> None:
        self._installation = installation
        self._owner = owner
        self._allowances: dict[str, Allowance] = {}

    def turn(self, only: str = "") -> bool:
        """Look at every active batch once; whether there is one that we drive."""
        with self._installation.database.read() as tx:
            active = [id for id in stored.active_batches(tx) if only in ("", id)]
        for gone in self._allowances.keys() - set(active):
            self._leave(gone)
        mine = [id for id in active if self._own(id)]
        for id in mine:
            self._one(id)
        return bool(mine)

    def leave(self) -> None:
        """Give every lease back."""
        for id in list(self._allowances):
            self._leave(id)

    def _own(self, id: str) -> bool:
        with self._installation.database.begin() as tx:
            mine = own_lease(tx, _lease(id), self._owner, LEASE_SECONDS)
        if mine:
            self._allowances.setdefault(id, Allowance(time.monotonic()))
        return mine

    def _leave(self, id: str) -> None:
        del self._allowances[id]
        with self._installation.database.begin() as tx:
            end_lease(tx, _lease(id), self._owner)

    def _one(self, id: str) -> None:
        with self._installation.database.read() as tx:
            found = stored.batch(tx, id)
        if found.state == "checking":
            check_some(self._installation, found)
        if found.state != "running":
            return
        allowance = self._allowances[id]
        with self._installation.database.read() as tx:
            share, note = pace(tx, found)
        self._tell(found, note)
        allowed = allowance.take(found.rate * share)
        if allowed:
            allowance.left -= run_some(self._installation, found, min(allowed, A_SLICE))

    def _tell(self, found: Batch, note: str) -> None:
        if note != found.note:
            with self._installation.database.begin() as tx:
                stored.change_batch(tx, found.id, note=note)


def pace(tx: Connection, found: Batch) -> tuple[float, str]:
    """The part of its rate that a batch may use now, and why it is not all of it."""
    if found.action == "discard":
        return 1.0, ""
    children = stored.last_children(tx, found.id, 2 * WINDOW)
    waiting = sum(m.state == "received" for m in messages(tx, children).values())
    if waiting >= WINDOW:
        return 0.0, f"{waiting} of its messages wait for workers; it goes on when they are through"
    if longest_wait(tx) > LIVE_WAITS_SECONDS:
        return found.share / 100, f"live messages wait: {found.share} percent of its rate"
    return 1.0, ""


def _lease(id: str) -> str:
    return f"batch:{id}"
