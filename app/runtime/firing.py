"""Fire timers: what is overdue becomes a message of its flow, who waited for a record runs again.

A fired expectation or a closed window is a message like any other: it has a lane, a release and an
outcome, and its effects stand under the same fence and ledger. Each fires once: the timer leaves its
state in the transaction that stores the message.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any

import structlog
from sqlalchemy import Connection

from app.runtime.drafts import Draft, Intake
from app.runtime.installation import Installation
from app.runtime.routing import route
from app.runtime.states import move_messages
from app.runtime.storing import store_intakes
from app.runtime.timing import fire
from app.runtime.transactions import insist, undone
from app.storage import messages as inbox
from app.storage.database import exact_bytes, now
from app.storage.identity import content_hash, partition_of
from app.storage.lanes import lock, wake
from app.storage.messages import Move
from app.storage.timers import OF_MESSAGES, Timer, due, items, waiting_for
from app.telemetry.metrics import count
from rules.outcome import Keys

TIMER = "application/vnd.mapwright.timer+json"
_A_SWEEP = 200
_log = structlog.get_logger(__name__)


Handler = Callable[[Installation, Timer], int]


def fire_due(
    installation: Installation,
    stop: Callable[[], bool] = lambda: False,
    handlers: Mapping[str, Handler] = MappingProxyType({}),
) -> int:
    """Fire every timer whose time has come; how many. `handlers` fire the kinds that are not of messages."""
    fired = 0
    while not stop():
        with installation.database.read() as tx:
            waiting = due(tx, now(tx), _A_SWEEP, (*OF_MESSAGES, *handlers))
        moved = sum(_one(installation, timer, handlers.get(timer.kind, _fire)) for timer in waiting)
        fired += moved
        if len(waiting) < _A_SWEEP or not moved:
            break
    return fired


def _one(installation: Installation, timer: Timer, handler: Handler) -> int:
    """Fire one; a timer that can't be fired now stops no other, and is due again at the next tick."""
    try:
        return insist(partial(handler, installation, timer), undone)
    except Exception as error:
        _log.error("timer not fired", timer=timer.id, kind=timer.kind, error=str(error)[:500], exc_info=True)
        return 0


def fire_waits(installation: Installation, matches: Sequence[str]) -> int:
    """Wake whoever waits for these now; how many."""
    with installation.database.read() as tx:
        found = waiting_for(tx, matches)
    return sum(insist(partial(_fire, installation, timer), undone) for timer in found)


def _fire(installation: Installation, timer: Timer) -> int:
    with installation.database.begin() as tx:
        at = now(tx)
        if not fire(tx, timer, at):
            return 0
        partition = _wake(tx, timer, at) if timer.kind == "wait" else _store(installation, tx, timer)
    installation.doorbell.ring("drain", {partition})
    count("mapwright_timers_fired_total", timer.kind)
    return 1


def _wake(tx: Connection, timer: Timer, at: datetime) -> int:
    """Run a message again that waited for a record; what it lacks then is its flow's affair."""
    found = inbox.message(tx, timer.message_id)
    lock(tx, found.lane)
    if inbox.still(tx, [found.id], "waiting"):
        move_messages(
            tx, [Move(found.id, "waiting", "received", f"looks again for {timer.event} {timer.key}")], at
        )
        wake(tx, found.lane, head_seq=found.seq - 1, unblock=found.id)
    return partition_of(found.lane)


def _store(installation: Installation, tx: Connection, timer: Timer) -> int:
    body = exact_bytes(_said(tx, timer))
    endpoint = f"{timer.rules}/{timer.rule}"[:120]
    way = route(installation, timer.ruleset, timer.release_id, endpoint)
    business = inbox.keys_of(tx, [timer.message_id])[timer.message_id]
    origin = inbox.messages(tx, [timer.message_id]).get(timer.message_id)
    label = f"{timer.event} is late" if timer.kind == "expect" else f"{timer.count} collected"
    draft = Draft(way, timer.flow, 0, label, Keys(None, timer.order_key, business), content_hash(body))
    intake = Intake(
        timer.environment,
        endpoint,
        body,
        content_hash(body),
        TIMER,
        {},
        (draft,),
        correlation_id=timer.correlation_id,
        causation_id=timer.message_id,
        hops=timer.hops + 1,
        trace=origin.trace if origin is not None else "",
    )
    stored = store_intakes(tx, [intake])
    return partition_of(stored[0][0][0].lane)


def _said(tx: Connection, timer: Timer) -> dict[str, Any]:
    """Everything that the message needs to run, and to run again."""
    common = {
        "timer": timer.id,
        "kind": timer.kind,
        "rules": timer.rules,
        "rule": timer.rule,
        "ordinal": timer.ordinal,
        "deadline": timer.deadline.isoformat(),
        **timer.content,
    }
    if timer.kind == "expect":
        return {**common, "event": timer.event, "awaited": timer.key}
    return {**common, "group": timer.key, "items": items(tx, timer.id)}
