"""The states of messages, deliveries, timers, batches and breakers, and the only code that moves them.

docs/reference/states.md tells the same to people; a test compares the two.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection

from app.errors import TransitionRefused
from app.runtime.fingerprints import follow_deliveries, follow_messages
from app.storage.batches import Batch, set_batch_state
from app.storage.breakers import Breaker, write_breaker
from app.storage.deliveries import DeliveryMove, move_deliveries
from app.storage.messages import Move, move
from app.storage.timers import set_state

MESSAGE_STATES: Mapping[str, frozenset[str]] = {
    "received": frozenset(
        {"done", "ignored", "rejected", "held", "dead", "quarantined", "discarded", "waiting"}
    ),
    "waiting": frozenset({"received", "discarded"}),
    "done": frozenset(),
    "ignored": frozenset(),
    "rejected": frozenset({"received", "discarded"}),
    "held": frozenset({"received", "discarded"}),
    "dead": frozenset({"received", "discarded"}),
    "quarantined": frozenset({"received", "discarded"}),
    "discarded": frozenset(),
}
DELIVERY_STATES: Mapping[str, frozenset[str]] = {
    "staged": frozenset({"pending", "discarded"}),
    "pending": frozenset({"inflight", "dead", "discarded"}),
    "inflight": frozenset({"delivered", "retry", "uncertain", "dead", "pending"}),
    "retry": frozenset({"inflight", "dead", "discarded"}),
    "uncertain": frozenset({"retry", "delivered", "discarded"}),
    "dead": frozenset({"retry", "discarded"}),
    "delivered": frozenset(),
    "discarded": frozenset(),
}
BATCH_STATES: Mapping[str, frozenset[str]] = {
    "checking": frozenset({"ready", "cancelled"}),
    "ready": frozenset({"running", "cancelled"}),
    "running": frozenset({"paused", "done", "cancelled"}),
    "paused": frozenset({"running", "cancelled"}),
    "done": frozenset(),
    "cancelled": frozenset(),
}
TIMER_STATES: Mapping[str, frozenset[str]] = {
    "open": frozenset({"met", "full", "fired", "dropped"}),
    "full": frozenset({"fired"}),
    "fired": frozenset({"open", "met"}),
    "met": frozenset(),
    "dropped": frozenset({"open"}),
}
LANE_STATES = ("blocked", "leased", "parked", "free")
BREAKER_STATES: Mapping[str, frozenset[str]] = {
    "closed": frozenset({"open"}),
    "open": frozenset({"half_open", "closed", "open"}),
    "half_open": frozenset({"closed", "open", "half_open"}),
}
BY_TABLE: Mapping[str, Mapping[str, frozenset[str]]] = {
    "messages": MESSAGE_STATES,
    "deliveries": DELIVERY_STATES,
    "timers": TIMER_STATES,
    "batches": BATCH_STATES,
    "breakers": BREAKER_STATES,
}
"""Whose `state` the database itself holds to these names; CONTRIBUTING.md says how a new one comes in."""
FINAL_MESSAGE_STATES = frozenset(state for state, following in MESSAGE_STATES.items() if not following)
FINAL_DELIVERY_STATES = frozenset(state for state, following in DELIVERY_STATES.items() if not following)


def require(states: Mapping[str, frozenset[str]], what: str, before: str, after: str) -> None:
    """Refuse a step that the table does not know. Errors: TransitionRefused."""
    if after not in states.get(before, frozenset()):
        raise TransitionRefused(
            f"a {what} that is {before} cannot become {after}", {"state": before, "to": after}
        )


def move_messages(tx: Connection, moves: Sequence[Move], at: datetime) -> None:
    """Move messages, all or none. Errors: TransitionRefused where a step is unknown or came too late."""
    for m in moves:
        require(MESSAGE_STATES, "message", m.from_state, m.to_state)
    if moves and move(tx, moves, at) != len(moves):
        raise TransitionRefused("a message changed its state in between", {"ids": [m.id for m in moves]})
    follow_messages(tx, moves)


def move_delivery_states(tx: Connection, moves: Sequence[DeliveryMove], at: datetime) -> None:
    """Move deliveries, all or none. Errors: TransitionRefused where a step is unknown or came too late."""
    for m in moves:
        require(DELIVERY_STATES, "delivery", m.delivery.state, m.to_state)
    if moves and move_deliveries(tx, moves, at) != len(moves):
        raise TransitionRefused(
            "a delivery changed its state in between", {"ids": [m.delivery.id for m in moves]}
        )
    follow_deliveries(tx, moves, at)


def move_timers(
    tx: Connection,
    here: ColumnElement[bool],
    before: Collection[str],
    to_state: str,
    at: datetime,
    **values: Any,
) -> int:
    """Move the timers that stand in one of these states; how many. Errors: TransitionRefused for an unknown step."""
    for state in before:
        require(TIMER_STATES, "timer", state, to_state)
    return set_state(tx, here, before, to_state, {"updated_at": at, **values})


def move_batch(tx: Connection, before: Batch, to_state: str, at: datetime, **values: Any) -> None:
    """Move a batch. Errors: TransitionRefused where the step is unknown or came too late."""
    require(BATCH_STATES, "batch", before.state, to_state)
    if not set_batch_state(tx, before, {"state": to_state, "updated_at": at, **values}):
        raise TransitionRefused("a batch changed its state in between", {"id": before.id})


def lane_state(lane: Mapping[str, Any], at: datetime) -> str:
    """What is to be said of a lane now; `lane` are its columns."""
    if lane["blocked_by"]:
        return "blocked"
    if lane["lease_until"] is not None and lane["lease_until"] > at:
        return "leased"
    return "parked" if lane["parked"] and lane["ready"] else "free"


def move_breaker(tx: Connection, before: Breaker, to_state: str, at: datetime, **values: Any) -> bool:
    """Move a breaker; False where another worker was faster. Errors: TransitionRefused for an unknown step."""
    require(BREAKER_STATES, "breaker", before.state, to_state)
    return write_breaker(tx, before, {"state": to_state, "since": at, **values})
