"""Deliver: claim outbox lanes, send the stored bytes, write what became of each attempt.

A delivery is noted as inflight before its bytes leave and settled after; what is between when a worker
dies is uncertain, and treated so: sent again where the target tells repeats apart, else left to a person.
"""

import time
from collections.abc import Callable, Collection, Sequence

import structlog
from sqlalchemy import ColumnElement
from sqlalchemy.exc import DBAPIError

from app.errors import TransitionRefused
from app.runtime.asking import as_receipt, asks
from app.runtime.attempting import attempt, question
from app.runtime.calling import look_again
from app.runtime.connections import Connections, Parked
from app.runtime.installation import Installation
from app.runtime.outbox import LaneWork, Ready, Results
from app.runtime.precedence import shares_of
from app.runtime.remedying import Remedies
from app.runtime.transactions import insist
from app.runtime.verdicts import Sent
from app.storage.claims import ClaimedLane, claim, give_back
from app.storage.flows import FlowPolicy, flow_policies
from connectors.contract import Sink

SLICE_SECONDS = 5.0
_DEFAULT = FlowPolicy()
_log = structlog.get_logger(__name__)


def deliver(
    installation: Installation,
    partition: int | Collection[int],
    *,
    holder: str = "deliver",
    connections: Connections | None = None,
    stop: Callable[[], bool] = lambda: False,
    only: ColumnElement[bool] | None = None,
    only_urgent: bool = False,
) -> int:
    """Send everything due in these partitions, or only what is urgent; how many attempts were made."""
    partitions = {partition} if isinstance(partition, int) else set(partition)
    shop = connections or Connections(installation)
    made = 0
    while partitions and not stop():
        works = insist(lambda: _claim(installation, partitions, holder, shop, only, only_urgent))
        if not works:
            break
        until = time.monotonic() + installation.settings.lease_seconds / 2
        for position, work in enumerate(works):
            if time.monotonic() > until or stop():
                _give_back(installation, [w.lane for w in works[position:]])
                break
            made += _guarded(installation, work, shop, stop)
    return made


def _guarded(installation: Installation, work: LaneWork, shop: Connections, stop: Callable[[], bool]) -> int:
    """Work on a lane; one that fails is left to its lease, the others go on."""
    try:
        with shop.working(work.lane.environment, work.lane.endpoint):
            return _work(installation, work, shop, stop)
    except (DBAPIError, TransitionRefused):
        _log.warning("lane abandoned", lane=work.lane.id, exc_info=True)
        return 0


def _give_back(installation: Installation, lanes: Sequence[ClaimedLane]) -> None:
    with installation.database.begin() as tx:
        give_back(tx, lanes)


def _claim(
    installation: Installation,
    partitions: Collection[int],
    holder: str,
    shop: Connections,
    only: ColumnElement[bool] | None,
    only_urgent: bool,
) -> list[LaneWork]:
    settings, urgent = installation.settings, installation.urgent.now()
    lease = settings.lease_seconds + settings.delivery_deadline
    with installation.database.begin() as tx:
        policies = flow_policies(tx)
        paused = [flow for flow, policy in policies.items() if policy.paused]
        lanes = claim(
            tx,
            "outbox",
            partitions,
            holder,
            lease,
            shop.pace.lanes(),
            without_endpoints=shop.crowded(),
            without_flows=paused,
            only=only,
            shares=shares_of(policies, urgent, only_urgent),
        )
        admitted = shop.breakers.admit(tx, lanes, holder)
    remedies = Remedies(installation)
    return [
        LaneWork(
            lane,
            policies.get(lane.of_flow, _DEFAULT),
            settings,
            remedies,
            shop.gate(lane.environment, lane.endpoint, admitted[lane.id]),
        )
        for lane in lanes
        if lane.id in admitted
    ]


def _work(installation: Installation, work: LaneWork, shop: Connections, stop: Callable[[], bool]) -> int:
    lane, made = work.lane, 0
    until = time.monotonic() + SLICE_SECONDS
    try:
        sink = shop.sink(lane.environment, lane.endpoint)
    except Parked as parked:
        _park(installation, work, parked.message)
        work.gate.leave()
        return 0
    work.asks = asks(sink)
    ready = _step(installation, work, Results(), not stop() and work.gate.open())
    while ready:
        begun = time.monotonic()
        results = _send(installation, sink, work, ready, stop)
        shop.pace.note(time.monotonic() - begun, len(results.sent) + len(results.asked))
        made += len(results.sent) + len(results.asked)
        go_on = time.monotonic() < until and not stop() and work.gate.open()
        ready = _step(installation, work, results, go_on)
        look_again(installation, [sent.delivery for sent in results.sent])
    work.gate.leave()
    return made


def _step(installation: Installation, work: LaneWork, results: Results, go_on: bool) -> list[Ready]:
    def transaction() -> list[Ready]:
        with installation.database.begin() as tx:
            return work.step(tx, results, go_on)

    return insist(transaction)


def _park(installation: Installation, work: LaneWork, reason: str) -> None:
    _log.info("lane parked", endpoint=work.lane.endpoint, environment=work.lane.environment, reason=reason)
    with installation.database.begin() as tx:
        work.park(tx, reason)


def _send(
    installation: Installation, sink: Sink, work: LaneWork, ready: list[Ready], stop: Callable[[], bool]
) -> Results:
    """Send in order, within half a lease; in an ordered lane nothing follows what was not delivered."""
    if ready[0].question:
        asked = question(installation, sink, ready[0])
        work.gate.note(ready[0].delivery, as_receipt(asked.finding))
        return Results(asked=[asked])
    sent: list[Sent] = []
    until = time.monotonic() + work.patience
    for item in ready:
        late = sent and (stop() or time.monotonic() > until)
        failed = sent and work.lane.ordered and sent[-1].receipt.result != "delivered"
        if late or failed:
            break
        probing = work.gate.probing
        sent.append(Sent(item.delivery, attempt(installation, sink, item), probing))
        if work.gate.note(item.delivery, sent[-1].receipt):
            break
    return Results(sent, [item.delivery for item in ready[len(sent) :]])
