"""Asking a target about deliveries of which nobody knows whether they arrived: read back, then sent or settled.

Asking has no effect at the target, so a question needs no note before it is asked; its answer is written
under the lane's fence, as an attempt of kind probe with the evidence.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection

from app.runtime.calling import settled
from app.runtime.states import move_delivery_states
from app.storage import attempts
from app.storage.attempts import Ended
from app.storage.claims import ClaimedLane
from app.storage.controls import Control
from app.storage.deliveries import NEVER, Delivery, DeliveryMove, delivery, postpone
from connectors.contract import Asking, Finding, Outgoing, Receipt

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """An uncertain delivery, and what its target says of it."""

    delivery: Delivery
    finding: Finding


def asks(sink: Any) -> bool:
    """Whether this connection can be asked."""
    return isinstance(sink, Asking) and sink.asks


def ask(sink: Any, outgoing: Outgoing) -> Finding:
    """Ask once. Never raises: what a transport lets through is no answer."""
    try:
        found: Finding = sink.ask(outgoing)
        return found
    except Exception as error:  # a transport must not raise
        _log.error("asking failed", delivery_id=outgoing.headers.get("X-Mapwright-Delivery"), exc_info=True)
        return Finding("unknown", f"asking failed: {type(error).__name__}: {error}")


def as_receipt(found: Finding) -> Receipt:
    """What an answer says of the connection: that it works, unless nobody answered."""
    if found.result == "unknown" and (found.status is None or found.status >= 500):
        return Receipt("retry", found.detail, found.status, "transport")
    return Receipt("delivered", found.detail, found.status)


def ask_at(control: Control, asked: int, at: datetime) -> datetime:
    """When a delivery is asked about next: later each time; never where a person has to decide."""
    if asked >= control.read_back_tries:
        return NEVER
    return at + timedelta(seconds=control.read_back_after * 2.0**asked)


def note_answer(tx: Connection, lane: ClaimedLane, one: Asked, control: Control, at: datetime) -> bool:
    """Settle, send again or ask later; whether a person has to decide now. The lane is ours."""
    d = delivery(tx, one.delivery.id)
    if d.state != "uncertain":
        return False  # a person was faster
    number = d.attempts + 1
    attempts.start(tx, [(d.id, number, lane.fence)], at, kind="probe")
    reply = one.finding.reply[:4000].decode("utf-8", "replace").replace("\x00", "\ufffd")
    attempts.end(
        tx, [Ended(d.id, number, one.finding.result, one.finding.detail, "", one.finding.status, reply)], at
    )
    if one.finding.result == "unknown":
        asked = d.asked + 1
        following = ask_at(control, asked, at)
        reason = f"{one.finding.detail}; nobody knows whether it arrived"
        person = f"; asked {asked} times, a person has to look" if following == NEVER else ""
        postpone(tx, d.id, following, asked, reason + person)
        return following == NEVER
    counted = DeliveryMove(
        d, "delivered", reason="", error_class="", attempts=number, forgiven=d.forgiven + 1
    )
    if one.finding.result == "arrived":
        move_delivery_states(tx, [counted], at)
        settled(tx, d, at)
    else:
        reason = f"{one.finding.detail}: it is sent again"
        move_delivery_states(tx, [replace(counted, to_state="retry", next_at=at, reason=reason)], at)
    return False
