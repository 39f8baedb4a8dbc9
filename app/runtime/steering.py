"""What people do about flows and lanes: hold them back, let them go, give a lane to somebody else.

Every step needs who and why, and stands in the audit log in the transaction of the step itself.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, update

from app.errors import NotFound, TransitionRefused, require_reason
from app.runtime.installation import Installation
from app.runtime.states import lane_state
from app.security.audit import append
from app.storage.database import now
from app.storage.deliveries import delivery
from app.storage.environments import deployed
from app.storage.flows import FlowPolicy, flow_policies, put_flow_policy
from app.storage.identity import partition_of
from app.storage.lane_list import PAUSE
from app.storage.lanes import lanes_table, lock
from app.storage.unknown import instead, no_id

_c = lanes_table.c


def flows_named(installation: Installation, environment: str, name: str) -> list[tuple[str, str]]:
    """(rule set, flow) of the live flows with this name; `rule-set/flow` names one."""
    ruleset, _, flow = name.rpartition("/")
    return [
        one for one in live_flows(installation, environment) if one[1] == flow and ruleset in ("", one[0])
    ]


def live_flows(installation: Installation, environment: str) -> list[tuple[str, str]]:
    """(rule set, flow) of every flow that is live here."""
    with installation.database.read() as tx:
        live = deployed(tx, environment)
    return [
        (ruleset, flow)
        for ruleset, release_id in sorted(live.items())
        for flow in installation.compiled(release_id).program.flows
    ]


def pause_flow(
    installation: Installation,
    environment: str,
    ruleset: str,
    flow: str,
    paused: bool,
    *,
    by: str,
    reason: str,
) -> FlowPolicy:
    """Hold back a flow's messages and deliveries, or let them go. What comes in meanwhile is stored and waits."""
    require_reason(reason)
    if (ruleset, flow) not in flows_named(installation, environment, f"{ruleset}/{flow}"):
        flows = ["/".join(one) for one in live_flows(installation, environment)]
        there = instead(f"{ruleset}/{flow}", flows, "live are")
        raise NotFound(f"no live release of {ruleset} in {environment} has a flow {flow}{there}")
    with installation.database.begin() as tx:
        before = flow_policies(tx).get((environment, ruleset, flow), FlowPolicy())
        policy = replace(before, paused=paused)
        put_flow_policy(tx, environment, ruleset, flow, policy)
        target = f"flow/{environment}/{ruleset}/{flow}"
        append(tx, by, "flow.paused", target, before.paused, paused, reason)
    return policy


def release_lane(installation: Installation, lane_id: str, *, by: str, reason: str) -> dict[str, Any]:
    """Let a lane go on: past the message it waits for, away from a worker that has it, to a parked endpoint now.

    A lane that waits for an uncertain delivery goes on when somebody says what became of that one.
    """
    require_reason(reason)
    with installation.database.begin() as tx:
        found = _lane(tx, lane_id)
        before = lane_state(found, now(tx))
        if found["kind"] == "outbox" and found["blocked_by"] and found["blocked_by"] != PAUSE:
            _refuse_undecided(tx, found["blocked_by"])
        _write(tx, lane_id, blocked_by=None, parked="", ready=True, next_at=now(tx))
        append(tx, by, "lane.release", f"lane/{lane_id}", _shown(found, before), {"state": "free"}, reason)
    _ring(installation, found)
    return {"id": lane_id, "state": "free", "before": before}


def pause_lane(installation: Installation, lane_id: str, *, by: str, reason: str) -> dict[str, Any]:
    """Hold one lane back; whoever has it now writes nothing any more."""
    require_reason(reason)
    with installation.database.begin() as tx:
        found = _lane(tx, lane_id)
        if found["blocked_by"]:
            raise TransitionRefused(f"the lane already waits for {found['blocked_by']}", {"lane": lane_id})
        _write(tx, lane_id, blocked_by=PAUSE, parked=f"paused by {by}: {reason}")
        append(tx, by, "lane.paused", f"lane/{lane_id}", _shown(found), {"paused": True}, reason)
    return {"id": lane_id, "state": "blocked", "blocked_by": PAUSE}


def resume_lane(installation: Installation, lane_id: str, *, by: str, reason: str) -> dict[str, Any]:
    """Let a paused lane go on."""
    require_reason(reason)
    with installation.database.begin() as tx:
        found = _lane(tx, lane_id)
        if found["blocked_by"] != PAUSE:
            raise TransitionRefused(
                "the lane is not paused", {"lane": lane_id, "blocked_by": found["blocked_by"]}
            )
        _write(tx, lane_id, blocked_by=None, parked="", ready=True, next_at=now(tx))
        append(tx, by, "lane.paused", f"lane/{lane_id}", _shown(found), {"paused": False}, reason)
    _ring(installation, found)
    return {"id": lane_id, "state": "free"}


def _write(tx: Connection, lane_id: str, **values: Any) -> None:
    """Change a lane that is locked; its lease ends, and the next fence makes void what its holder still writes."""
    here = (_c.partition == partition_of(lane_id)) & (_c.id == lane_id)
    ended = {"lease_until": None, "holder": None, "fence": _c.fence + 1}
    tx.execute(update(lanes_table).where(here).values({**ended, **values}))


def _refuse_undecided(tx: Connection, delivery_id: str) -> None:
    try:
        found = delivery(tx, delivery_id)
    except LookupError:
        return
    if found.state == "uncertain":
        raise TransitionRefused(
            f"delivery {delivery_id} is uncertain: retry, confirm or discard it, then the lane goes on by itself",
            {"delivery": delivery_id},
        )


def _lane(tx: Connection, lane_id: str) -> Any:
    try:
        return lock(tx, lane_id)
    except LookupError:
        raise no_id("lane", lane_id) from None


def _shown(found: Any, state: str = "") -> dict[str, Any]:
    words = {
        name: found[name]
        for name in ("kind", "flow", "endpoint", "order_key", "blocked_by", "parked", "holder")
    }
    return {"state": state, **words} if state else words


def _ring(installation: Installation, found: Any) -> None:
    installation.doorbell.ring("drain" if found["kind"] == "inbox" else "deliver", {found["partition"]})
