"""Calls of flows: the question is a delivery like any other, its answer is kept, the message runs again.

So a call is retried, parked and explained as deliveries are, and its ledger key keeps a question from
being asked twice, however often its message runs.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from app.runtime.firing import fire_waits
from app.runtime.installation import Installation
from app.runtime.later import CALL, PATIENCE_SECONDS, call_match
from app.runtime.routing import guide
from app.runtime.states import FINAL_DELIVERY_STATES
from app.runtime.verdicts import Sent
from app.storage import answers as kept
from app.storage.deliveries import Delivery, DeliveryMove, of_message
from app.storage.messages import Message
from app.storage.timers import hurry
from connectors.errors import ConnectorError
from rules.compiler import Compiled
from rules.outcome import SendAction
from rules.waiting import Call, Unanswered

_SETTLED = FINAL_DELIVERY_STATES | {"dead"}
_CLASSES: dict[str, Any] = {"transport": "transport", "partner": "partner_data"}


def question(call: Call) -> SendAction:
    """A call as the delivery that asks it."""
    return SendAction(call.endpoint, call.payload, CALL, call.variable, call.step, lineage=call.lineage)


def answers_of(
    installation: Installation, message: Message, compiled: Compiled, expired: set[tuple[str, str]]
) -> dict[str, Any]:
    """What the calls of a message gave, by variable: documents, or why there is none."""
    with installation.database.read() as tx:
        asked = [d for d in of_message(tx, message.id) if d.rules == CALL]
        contents = kept.answers(tx, [d.id for d in asked])
    found: dict[str, Any] = {}
    for d in asked:
        if d.state in _SETTLED:
            found[d.rule] = _answer(installation, compiled, d, contents.get(d.id))
        elif (d.endpoint, d.rule) in expired:
            found[d.rule] = Unanswered(
                "transport", f"no answer within {PATIENCE_SECONDS // 3600} hours", d.endpoint
            )
    return found


def _answer(installation: Installation, compiled: Compiled, d: Delivery, content: bytes | None) -> Any:
    if d.state != "delivered":
        return Unanswered(
            _CLASSES.get(d.error_class, "application"), d.reason or f"the call is {d.state}", d.endpoint
        )
    endpoint = compiled.program.manifest.endpoints[d.endpoint]
    if content is None:
        return Unanswered("application", "a person said that it arrived; its answer is not known", d.endpoint)
    try:
        documents = installation.codecs[endpoint.codec].decode(
            content, endpoint.options, guide(compiled, endpoint)
        )
    except ConnectorError as error:
        return Unanswered("partner_data", f"the answer can't be read: {error.message}", d.endpoint)
    if len(documents) != 1:
        return Unanswered("partner_data", f"the answer holds {len(documents)} documents, not one", d.endpoint)
    return documents[0].data


def keep_answers(tx: Connection, sent: Sequence[Sent], moves: Sequence[DeliveryMove], at: Any) -> None:
    """Store what came back, and have the messages looked at that wait for it."""
    for one, move in zip(sent, moves, strict=True):
        if one.delivery.rules == CALL and move.to_state in _SETTLED:
            if move.to_state == "delivered":
                kept.put_answer(tx, one.delivery.id, one.receipt.reply)
            hurry(tx, [_match(one.delivery)], at)


def look_again(installation: Installation, deliveries: Sequence[Delivery]) -> None:
    """Wake the messages that wait for these deliveries now; the clock would find them a second later."""
    matches = [_match(d) for d in deliveries if d.rules == CALL]
    if matches:
        fire_waits(installation, matches)


def settled(tx: Connection, d: Delivery, at: Any) -> None:
    """A person settled the delivery of a call: its message is looked at again."""
    if d.rules == CALL:
        hurry(tx, [_match(d)], at)


def _match(d: Delivery) -> str:
    return call_match(d.message_id, d.rule, d.ordinal)
