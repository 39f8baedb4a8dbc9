"""Staged outbound: deliveries that a binding holds back, and how people let them go.

They are durable and shown like all others. An ordered lane keeps its order: one that is let go waits behind
those of its lane that are still held back.
"""

from datetime import datetime
from typing import Any

from app.errors import TimeInvalid, require_reason
from app.runtime.installation import Installation
from app.runtime.states import move_delivery_states
from app.runtime.switching import not_bound
from app.security.audit import append
from app.storage.database import now
from app.storage.deliveries import DeliveryMove, delivery, staged
from app.storage.environments import binding, set_staged
from app.storage.identity import partitions_of
from app.storage.lanes import lock, wake
from app.storage.unknown import no_id

_CHUNK = 200


def release_delivery(installation: Installation, delivery_id: str, *, by: str, reason: str) -> Any:
    """Let one staged delivery go; it as it stands then. Errors: NotFound, TransitionRefused."""
    require_reason(reason)
    with installation.database.begin() as tx:
        try:
            found = delivery(tx, delivery_id)
        except LookupError:
            raise no_id("delivery", delivery_id) from None
        lock(tx, found.lane)
        at = now(tx)
        move_delivery_states(tx, [DeliveryMove(found, "pending", next_at=at)], at)
        wake(tx, found.lane)
        told = {"state": "pending"}
        append(tx, by, "delivery.release", found.id, {"state": found.state}, told, reason)
        moved = delivery(tx, delivery_id)
    installation.doorbell.ring("deliver", partitions_of([found.lane]))
    return moved


def release_staged(
    installation: Installation,
    environment: str,
    *,
    by: str,
    reason: str,
    endpoint: str | None = None,
    ruleset: str | None = None,
    flow: str | None = None,
    until: datetime | None = None,
) -> int:
    """Let all staged deliveries go that fit; without a filter all of the environment. How many."""
    require_reason(reason)
    chosen = {"endpoint": endpoint, "ruleset": ruleset, "flow": flow}
    total, moved = 0, -1
    while moved:
        moved = _some(installation, environment, until, chosen)
        total += moved
    told = {**chosen, "until": until.isoformat() if until else None, "released": total}
    with installation.database.begin() as tx:
        append(tx, by, "deliveries.release", f"environment/{environment}", None, told, reason)
    return total


def _some(
    installation: Installation, environment: str, until: datetime | None, chosen: dict[str, Any]
) -> int:
    with installation.database.begin() as tx:
        found = staged(tx, environment, _CHUNK, until=until, **chosen)
        lanes = sorted({d.lane for d in found})
        for lane in lanes:
            lock(tx, lane)
        at = now(tx)
        still = {d.id for d in staged(tx, environment, _CHUNK, until=until, **chosen)}
        moves = [DeliveryMove(d, "pending", next_at=at) for d in found if d.id in still]
        move_delivery_states(tx, moves, at)
        for lane in lanes:
            wake(tx, lane)
    installation.doorbell.ring("deliver", partitions_of(lanes))
    return len(moves)


def stage(
    installation: Installation,
    environment: str,
    endpoint: str,
    on: bool,
    *,
    by: str,
    reason: str,
    hold_until: datetime | None = None,
) -> None:
    """Hold deliveries of an endpoint back from now on, or no longer; those held already stay so."""
    require_reason(reason)
    with installation.database.begin() as tx:
        before = binding(tx, environment, endpoint)
        if before is None:
            raise not_bound(tx, environment, endpoint)
        if on and hold_until is not None and hold_until <= now(tx):
            raise TimeInvalid(
                f"{hold_until:%Y-%m-%d %H:%M %Z} is over: say a time to come, or none to hold back until a person lets go"
            )
        set_staged(tx, environment, endpoint, on, hold_until if on else None)
        told = {"staged": on, "hold_until": hold_until.isoformat() if hold_until and on else None}
        append(
            tx,
            by,
            "binding.staged",
            f"binding/{environment}/{endpoint}",
            {"staged": before.staged},
            told,
            reason,
        )
