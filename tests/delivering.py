"""Deliveries without a worker: everything that is due is sent in the thread of the test, before the call returns."""

import time
from collections import deque
from collections.abc import Callable, Collection

from sqlalchemy import ColumnElement

from app.runtime.connections import Connections
from app.runtime.delivery import Deliveries
from app.runtime.installation import Installation
from app.runtime.senders import Done, Job, Send

_A_MOMENT = 0.005


class OwnThread:
    """Sends in the thread that asks for the results, one job after the other."""

    count = 8

    def __init__(self) -> None:
        self.reserved = False
        self._jobs: deque[tuple[Job, Send]] = deque()

    def put(self, job: Job, send: Send) -> None:
        """Have it sent when somebody asks."""
        self._jobs.append((job, send))

    def finished(self) -> list[Done]:
        """Send everything now."""
        jobs, self._jobs = self._jobs, deque()
        return [send(job) for job, send in jobs]


def deliver(
    installation: Installation,
    partition: int | Collection[int],
    *,
    holder: str = "deliver",
    connections: Connections | None = None,
    stop: Callable[[], bool] = lambda: False,
    only: ColumnElement[bool] | None = None,
) -> int:
    """Send everything due in these partitions, in this thread; how many attempts were made."""
    partitions = {partition} if isinstance(partition, int) else set(partition)
    shop = connections or Connections(installation)
    deliveries = Deliveries(installation, shop, OwnThread(), holder, stop)
    found = bool(partitions)
    while found:  # until a look finds nothing
        found = deliveries.turn(partitions, True, only) or deliveries.in_hand > 0
        while deliveries.in_hand:
            deliveries.turn(partitions, False, only)
            if deliveries.late:
                time.sleep(_A_MOMENT)
    return deliveries.made
