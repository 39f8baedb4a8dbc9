"""What people do about messages and deliveries that went wrong: again, never, or once more from the start.

Every step needs who and why, and stands in the audit log in the transaction of the step itself.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from app.errors import NotFound, TransitionRefused, require_reason
from app.runtime.calling import settled
from app.runtime.installation import Installation
from app.runtime.intake import Accepted, store
from app.runtime.replaying import originals, replay_intake
from app.runtime.states import move_delivery_states, move_messages
from app.runtime.timing import drop
from app.security.audit import append
from app.storage import deliveries as outbox
from app.storage import messages as inbox
from app.storage.database import now
from app.storage.deliveries import Delivery, DeliveryMove
from app.storage.environments import live_release
from app.storage.identity import partition_of
from app.storage.lanes import lock, next_number, wake
from app.storage.messages import Message, Move
from app.storage.unknown import no_id


def retry_message(
    installation: Installation, message_id: str, *, by: str, reason: str = "", release: str = "original"
) -> Message:
    """Run a message again that is rejected, held, dead or quarantined.

    `release`: original, current (what is live now) or an id. A message that blocks its lane keeps its
    place; any other goes to the end of its lane.
    """
    with installation.database.begin() as tx:
        lane = retry_in(tx, message_id, by, reason, release)
        made = _message(tx, message_id)
    installation.doorbell.ring("drain", {partition_of(lane)})
    return made


def retry_in(tx: Connection, message_id: str, by: str, reason: str, release: str) -> str:
    """As `retry_message`, inside a transaction; the lane that has work now."""
    found = _message(tx, message_id)
    if not found.flow:
        raise TransitionRefused("the message could not be read and has no flow; replay it instead")
    lane = lock(tx, found.lane)
    blocking = lane["blocked_by"] == found.id
    seq = found.seq if blocking else next_number(tx, found.lane)
    release_id = release_of(tx, found, release)
    _move(tx, found, "received", by, reason)
    inbox.place(tx, found.id, seq, release_id)
    wake(tx, found.lane, head_seq=seq - 1, unblock=found.id)
    append(tx, by, "message.retry", found.id, _shown(found), {"release": release_id}, reason)
    return found.lane


def discard_message(installation: Installation, message_id: str, *, by: str, reason: str) -> Message:
    """Give a message up for good; its lane goes on. Errors: ReasonRequired, TransitionRefused."""
    with installation.database.begin() as tx:
        discard_in(tx, message_id, by, reason)
        return _message(tx, message_id)


def discard_in(tx: Connection, message_id: str, by: str, reason: str) -> str:
    """As `discard_message`, inside a transaction; the lane that goes on."""
    require_reason(reason)
    found = _message(tx, message_id)
    lock(tx, found.lane)
    _move(tx, found, "discarded", by, reason)
    drop(tx, found.id, now(tx))
    wake(tx, found.lane, unblock=found.id)
    append(tx, by, "message.discard", found.id, _shown(found), {"state": "discarded"}, reason)
    return found.lane


def replay_message(
    installation: Installation,
    message_id: str,
    *,
    by: str,
    reason: str,
    release: str = "original",
    only: Sequence[str] | None = None,
) -> list[Accepted]:
    """Run the raw source of a message once more, as a linked child with effects of its own.

    `release`: original, current (what is live now) or an id; `only` names the endpoints it may send to.
    Errors: ReasonRequired, ReplayRefused and its kinds, IntakeRefused.
    """
    require_reason(reason)
    with installation.database.read() as tx:
        found = _message(tx, message_id)
        original = originals(tx, [found.id])[found.id]
        release_id = release_of(tx, found, release)
    intake = replay_intake(installation, original, release_id, only=only)
    made = store(installation, [intake])[0]
    with installation.database.begin() as tx:
        children = {"children": [a.message_id for a in made], "release": release_id}
        children |= {"only": list(only)} if only is not None else {}
        append(tx, by, "message.replay", found.id, _shown(found), children, reason)
    return made


def retry_delivery(installation: Installation, delivery_id: str, *, by: str, reason: str = "") -> Delivery:
    """Send a dead or uncertain delivery again, now, with the same bytes and the same key."""
    with installation.database.begin() as tx:
        lane = retry_delivery_in(tx, delivery_id, by, reason)
        made = _delivery(tx, delivery_id)
    installation.doorbell.ring("deliver", {partition_of(lane)})
    return made


def retry_delivery_in(tx: Connection, delivery_id: str, by: str, reason: str) -> str:
    """As `retry_delivery`, inside a transaction; the lane that has work now."""
    found = _delivery(tx, delivery_id)
    lock(tx, found.lane)
    move = DeliveryMove(found, "retry", next_at=now(tx), forgiven=found.attempts, reason=reason)
    move_delivery_states(tx, [move], now(tx))
    wake(tx, found.lane, unblock=found.id)
    append(tx, by, "delivery.retry", found.id, _shown_delivery(found), {"state": "retry"}, reason)
    return found.lane


def confirm_delivery(installation: Installation, delivery_id: str, *, by: str, reason: str) -> Delivery:
    """Say that an uncertain delivery did arrive: somebody looked at the target."""
    return _settle(installation, delivery_id, "delivered", by, reason)


def discard_delivery(installation: Installation, delivery_id: str, *, by: str, reason: str) -> Delivery:
    """Give a delivery up for good; its lane goes on."""
    return _settle(installation, delivery_id, "discarded", by, reason)


def _settle(installation: Installation, delivery_id: str, state: str, by: str, reason: str) -> Delivery:
    with installation.database.begin() as tx:
        lane = settle_in(tx, delivery_id, state, by, reason)
        made = _delivery(tx, delivery_id)
    installation.doorbell.ring("deliver", {partition_of(lane)})
    return made


def settle_in(tx: Connection, delivery_id: str, state: str, by: str, reason: str) -> str:
    """Say how a delivery ends, inside a transaction; the lane that goes on."""
    require_reason(reason)
    found = _delivery(tx, delivery_id)
    lock(tx, found.lane)
    move_delivery_states(tx, [DeliveryMove(found, state, reason=reason)], now(tx))
    settled(tx, found, now(tx))
    wake(tx, found.lane, unblock=found.id)
    append(tx, by, f"delivery.{state}", found.id, _shown_delivery(found), {"state": state}, reason)
    return found.lane


def _move(tx: Connection, found: Message, state: str, by: str, reason: str) -> None:
    move_messages(tx, [Move(found.id, found.state, state, reason, found.code, by)], now(tx))


def release_of(tx: Connection, found: Message, release: str) -> str:
    """A release by its name: original, current (what is live now) or an id. Errors: NotFound."""
    if release == "original":
        return found.release_id
    if release != "current":
        return release
    return current_release(tx, found.environment, found.ruleset)


def current_release(tx: Connection, environment: str, ruleset: str) -> str:
    """What is live now. Errors: NotFound."""
    live = live_release(tx, environment, ruleset)
    if live is None:
        raise NotFound(f"{ruleset} has no live release in {environment}")
    return live


def _message(tx: Connection, id: str) -> Message:
    try:
        return inbox.message(tx, id)
    except LookupError:
        raise no_id("message", id) from None


def _delivery(tx: Connection, id: str) -> Delivery:
    try:
        return outbox.delivery(tx, id)
    except LookupError:
        raise no_id("delivery", id) from None


def _shown(found: Message) -> dict[str, Any]:
    return {"state": found.state, "release": found.release_id, "reason": found.reason}


def _shown_delivery(found: Delivery) -> dict[str, Any]:
    return {
        "state": found.state,
        "endpoint": found.endpoint,
        "attempts": found.attempts,
        "reason": found.reason,
    }
