"""What the playbook of a flow says about a delivery that fails, carried out where the attempt is noted."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from app.runtime.installation import Installation
from app.runtime.later import CALL
from app.storage.alerts import add_alerts
from app.storage.claims import ClaimedLane
from app.storage.deliveries import Delivery, DeliveryMove, add_deliveries, delivery_bodies
from app.storage.identity import MILLISECONDS_A_DAY, digest, milliseconds, moment_of, new_id, partition_of
from app.storage.lanes import LaneKey, Touch, touch
from dsl.program import Endpoint
from rules.remedies import alert_text, fallback, remedy
from rules.waiting import FailureClass, Remedy

_CLASSES: dict[str, FailureClass] = {
    "transport": "transport",
    "application": "application",
    "partner": "partner_data",
    "mapping": "mapping",
}


class Remedies:
    """Playbooks by delivery, as the release says that made it."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def of(self, d: Delivery, error_class: str) -> Remedy | None:
        """What the playbook says of this class of failure, if it says anything."""
        return self.of_flow(d.release_id, d.flow, error_class)

    def of_flow(self, release_id: str, name: str, error_class: str) -> Remedy | None:
        """What the playbook of a flow says, as one release has it."""
        failure = _CLASSES.get(error_class)
        program = self._installation.compiled(release_id).program
        flow = program.flows.get(name)
        return remedy(program, flow, failure) if flow is not None and failure is not None else None

    def stand_in(self, d: Delivery, found: Remedy) -> Endpoint | None:
        """The endpoint that takes the same bytes instead."""
        program = self._installation.compiled(d.release_id).program
        name = fallback(program, found, d.endpoint)
        if name is None:
            return None
        spare, own = program.manifest.endpoints[name], program.manifest.endpoints[d.endpoint]
        return spare if (spare.codec, spare.options) == (own.codec, own.options) else None

    def carry_out(
        self, tx: Connection, lane: ClaimedLane, given_up: Sequence[tuple[DeliveryMove, Remedy]], at: datetime
    ) -> None:
        """Alert, and send through the fallback, for deliveries that were given up; a call's flow does that itself."""
        for move, found in given_up:
            d = move.delivery
            if d.rules == CALL:
                continue
            if found.channel:
                text = alert_text(found, f"{d.endpoint} does not take it: {move.reason}")
                add_alerts(tx, d.environment, [(d.message_id, found.channel, text, found.playbook)], at)
            self.send_instead(tx, lane, d, found, at)

    def send_instead(
        self, tx: Connection, lane: ClaimedLane, d: Delivery, found: Remedy, at: datetime
    ) -> bool:
        """Have the fallback take what was given up; whether there is one."""
        spare = self.stand_in(d, found)
        if spare is not None:
            _send_instead(tx, lane, d, spare, at)
        return spare is not None


def _send_instead(tx: Connection, lane: ClaimedLane, d: Delivery, spare: Endpoint, at: datetime) -> None:
    """The same bytes through another endpoint, as an effect of its own."""
    key = LaneKey("outbox", d.environment, lane.ruleset, lane.flow, spare.name, lane.order_key, lane.ordered)
    moment = max(milliseconds(), moment_of(d.message_id))
    seq = touch(tx, [Touch(key, 1, True, moment // MILLISECONDS_A_DAY)])[key.id].last_seq
    made = replace(
        d,
        id=new_id(partition_of(key.id), moment),
        lane=key.id,
        seq=seq,
        state="pending",
        next_at=at,
        endpoint=spare.name,
        ledger_key=digest(d.ledger_key, "fallback", spare.name),
        idempotent=spare.idempotent,
        created_at=at,
        updated_at=at,
        fence=0,
        attempts=0,
        forgiven=0,
        asked=0,
        error_class="",
        status=None,
        reason="",
    )
    add_deliveries(tx, [(made, delivery_bodies(tx, [d.id])[d.id])])
