"""What an attempt means for its delivery: delivered, again later, uncertain, or a dead letter."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from app.settings import Settings
from app.storage.deliveries import NEVER, Delivery, DeliveryMove
from connectors.contract import Receipt
from rules.waiting import Remedy

_LONGEST_WAIT = 86_400.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery that is inflight under our fence, and how its attempt ended; a probe tried a stopped connection."""

    delivery: Delivery
    receipt: Receipt
    probe: bool = False


def verdict(
    sent: Sent, settings: Settings, at: datetime, found: Remedy | None = None, ask_at: datetime = NEVER
) -> DeliveryMove:
    """The move that a receipt asks for; a playbook may say how long to try, the target may be asked at a time."""
    delivery, receipt = sent.delivery, sent.receipt
    failed = partial(DeliveryMove, delivery, error_class=receipt.error_class, status=receipt.status)
    if receipt.result == "delivered":
        return DeliveryMove(delivery, "delivered", error_class="", status=receipt.status, reason="")
    if receipt.result == "refused":
        return failed("dead", reason=receipt.detail)
    if receipt.result == "uncertain" and not delivery.idempotent:
        reason = f"{receipt.detail}; sent, but nobody knows whether it arrived"
        return failed("uncertain", next_at=ask_at, reason=reason)
    forgiven = delivery.forgiven + _not_its_fault(sent, found)
    counted = delivery.attempts - forgiven
    if _tried_enough(delivery, counted, settings, at, found):
        return failed("dead", reason=f"gave up after {delivery.attempts} attempts: {receipt.detail}")
    wait = wait_seconds(max(1, counted), receipt.retry_after, settings)
    next_at = at + timedelta(seconds=wait)
    return failed("retry", next_at=next_at, forgiven=forgiven, reason=receipt.detail)


def _not_its_fault(sent: Sent, found: Remedy | None) -> int:
    """A probe that nobody answered doesn't count towards giving up, unless a playbook says how long to try."""
    timed = found is not None and found.retry_seconds is not None
    return 1 if sent.probe and not timed and unanswered(sent.receipt) else 0


def unanswered(receipt: Receipt) -> bool:
    """Whether the delivery itself has no part in the failure: nobody was there to take it."""
    return (
        receipt.result == "retry"
        and receipt.error_class == "transport"
        and receipt.status not in (408, 425, 429)
    )


def _tried_enough(d: Delivery, counted: int, settings: Settings, at: datetime, found: Remedy | None) -> bool:
    """By the playbook's time, counted from when it was first to be sent; else by the number of attempts."""
    until = _tried_until(d, found)
    return counted >= settings.retry_attempts if until is None else at >= until


def time_is_over(d: Delivery, found: Remedy, at: datetime) -> bool:
    """Whether a playbook has a delivery tried no longer, counted from when it was first to be sent."""
    until = _tried_until(d, found)
    return until is not None and at >= until


def _tried_until(d: Delivery, found: Remedy | None) -> datetime | None:
    """Until when a playbook has a delivery tried; None where the number of attempts counts."""
    if found is None or found.retry_seconds is None or d.forgiven:
        return None
    return d.created_at + timedelta(seconds=found.retry_seconds)


def wait_seconds(attempts: int, retry_after: float | None, settings: Settings) -> float:
    """Full jitter: anything up to the doubled base; the target's own wish counts if it is longer."""
    highest = min(settings.retry_cap, settings.retry_base * 2.0 ** min(attempts - 1, 30))
    own = random.uniform(0, highest)
    return own if retry_after is None else max(own, min(retry_after, _LONGEST_WAIT))


def interrupted(delivery: Delivery, at: datetime, ask_at: datetime = NEVER) -> DeliveryMove:
    """A delivery whose worker did not come back: nobody knows whether it was sent."""
    if delivery.idempotent:
        reason = "the worker ended while sending; the target tells repeats apart, so it is sent again"
        return DeliveryMove(delivery, "retry", next_at=at, error_class="transport", reason=reason)
    reason = "the worker ended while sending; nobody knows whether it arrived"
    return DeliveryMove(delivery, "uncertain", next_at=ask_at, error_class="transport", reason=reason)
