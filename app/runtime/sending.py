"""Send what is noted of one lane, in order, or ask about it; nothing here writes to the database but breakers."""

import time
from collections.abc import Callable

import structlog

from app.runtime.asking import as_receipt
from app.runtime.attempting import attempt, question
from app.runtime.connections import Connections, Parked
from app.runtime.installation import Installation
from app.runtime.outbox import Results
from app.runtime.senders import Done, Job
from app.runtime.verdicts import Sent
from connectors.contract import Sink

_log = structlog.get_logger(__name__)


def send(installation: Installation, shop: Connections, stop: Callable[[], bool], job: Job) -> Done:
    """Send a job. Never raises: where even what was sent is not known, the lane is left to its lease."""
    try:
        return Done(job.work, _sent(installation, shop, stop, job))
    except Exception:
        _log.warning("lane abandoned", lane=job.work.lane.id, exc_info=True)
        return Done(job.work, None)


def _sent(installation: Installation, shop: Connections, stop: Callable[[], bool], job: Job) -> Results:
    """Nothing begins once its connection is stopped, the process ends, or half a lease is over."""
    if stop() or time.monotonic() > job.until or job.work.gate.stopped_since(job.since):
        return _unsent(job)
    try:
        sink = shop.sink(*job.work.place)
    except Parked:
        return _unsent(job)
    begun = time.monotonic()
    results = _in_order(installation, sink, stop, job)
    shop.pace.note(time.monotonic() - begun, len(results.sent) + len(results.asked))
    return results


def _unsent(job: Job) -> Results:
    return Results() if job.ready[0].question else Results(unsent=[item.delivery for item in job.ready])


def _in_order(installation: Installation, sink: Sink, stop: Callable[[], bool], job: Job) -> Results:
    """In an ordered lane nothing follows what was not delivered."""
    work, ready = job.work, job.ready
    if ready[0].question:
        asked = question(installation, sink, ready[0])
        work.gate.note(ready[0].delivery, as_receipt(asked.finding))
        return Results(asked=[asked])
    sent: list[Sent] = []
    for item in ready:
        late = sent and (stop() or time.monotonic() > job.until)
        failed = sent and work.lane.ordered and sent[-1].receipt.result != "delivered"
        if late or failed:
            break
        probing = work.gate.probing
        sent.append(Sent(item.delivery, attempt(installation, sink, item), probing))
        if work.gate.note(item.delivery, sent[-1].receipt):
            break
    return Results(sent, [item.delivery for item in ready[len(sent) :]])
