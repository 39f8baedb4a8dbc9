"""Edit and retry: a person repairs the body of a message, or the payload of a delivery, and says why.

Both stay. The original is never changed: it becomes discarded, and what was edited is a message or
delivery of its own that is linked to it. One that blocks its lane is replaced in its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.errors import AppError, TransitionRefused, require_reason
from app.runtime.calling import CALL
from app.runtime.differing import Difference, compare
from app.runtime.drafts import Intake
from app.runtime.fingerprints import STUCK_MESSAGES
from app.runtime.firing import TIMER
from app.runtime.installation import Installation
from app.runtime.intake import Accepted, require_size
from app.runtime.recovery import release_of
from app.runtime.rehearsing import Rehearsal, Rehearsed, befores
from app.runtime.replaying import Original, drafts_in, originals, require_body
from app.runtime.routing import guide
from app.runtime.states import move_delivery_states, move_messages
from app.runtime.storing import entries_of, store_entries, touches_of
from app.runtime.timing import drop
from app.security.audit import append
from app.storage import messages as inbox
from app.storage.aftermath import lane_key
from app.storage.database import now
from app.storage.deliveries import (
    Delivery,
    DeliveryMove,
    add_deliveries,
    delivery,
    delivery_body,
    place_delivery,
)
from app.storage.identity import content_hash, digest, new_id, partition_of, partitions_of
from app.storage.lanes import Touch, lock, next_number, touch, wake
from app.storage.messages import Message, Move
from app.storage.origins import add_edit
from app.storage.unknown import no_id
from connectors.errors import ConnectorError


class EditRefused(AppError):
    """What was edited can't be used in place of the original."""

    code = "edit_refused"
    status = 422


@dataclass(frozen=True)
class Preview:
    """What an edit changes: in the document, and in what comes of it."""

    document: tuple[Difference, ...]
    outcome: Rehearsed


def edit_message(
    installation: Installation,
    message_id: str,
    content: bytes,
    *,
    by: str,
    reason: str,
    release: str = "original",
) -> list[Accepted]:
    """Put an edited body in the place of a message that is dead, rejected, held or quarantined, and run it.

    Errors: ReasonRequired, TransitionRefused, EditRefused, Undecodable, ReplayRefused and its kinds.
    """
    require_reason(reason)
    original, intake = _edited(installation, message_id, content, release)
    with installation.database.begin() as tx:
        made = _replace(tx, original, intake, by, reason)
    installation.doorbell.ring("drain", partitions_of({original.message.lane, *(m.lane for m in made)}))
    return [Accepted(m.id, m.correlation_id, m.state, False, m.flow) for m in made]


def preview_edit(
    installation: Installation, message_id: str, content: bytes, *, release: str = "original"
) -> Preview:
    """What an edit would change; nothing is written. Errors: as `edit_message`."""
    original, intake = _edited(installation, message_id, content, release)
    found = original.message
    with installation.database.read() as tx:
        before, at = befores(tx, [found.id])[found.id], now(tx)
    bodies = {found.body_id: replace(require_body(original), content=content)}
    rehearsed = Rehearsal(installation, bodies, at).run(original, intake, before)
    return Preview(tuple(_document_changes(installation, original, content)), rehearsed)


def edit_delivery(
    installation: Installation, delivery_id: str, content: bytes, *, by: str, reason: str
) -> Delivery:
    """Put an edited payload in the place of a dead delivery, and send it under a key of its own.

    Errors: ReasonRequired, TransitionRefused, EditRefused.
    """
    require_reason(reason)
    preview_payload(installation, delivery_id, content)
    with installation.database.begin() as tx:
        made = _replace_delivery(tx, delivery_id, content, by, reason)
    installation.doorbell.ring("deliver", {partition_of(made.lane)})
    return made


def preview_payload(installation: Installation, delivery_id: str, content: bytes) -> list[Difference]:
    """In which fields an edited payload differs. Errors: as `edit_delivery`."""
    require_size(installation, content)
    with installation.database.read() as tx:
        found = _dead(tx, delivery_id)
        before = delivery_body(tx, delivery_id)
    if content == before:
        raise EditRefused("nothing was changed: retry the delivery instead")
    after = _payload(installation, found, content)
    try:
        return list(compare(f"send {found.endpoint}", _payload(installation, found, before), after))
    except EditRefused:  # the payload that was sent cannot be read back: then there are no fields to name
        return [
            Difference(
                f"send {found.endpoint}", "", "changed", f"{len(before)} bytes", f"{len(content)} bytes"
            )
        ]


def _edited(
    installation: Installation, message_id: str, content: bytes, release: str
) -> tuple[Original, Intake]:
    require_size(installation, content)
    with installation.database.read() as tx:
        original = originals(tx, [message_id] if _is_id(message_id) else []).get(message_id)
        if original is None:
            raise no_id("message", message_id)
        release_id = release_of(tx, original.message, release)
    _require_editable(original, content)
    found, body = original.message, require_body(original)
    drafts = drafts_in(installation, original, release_id, content)
    faults = [fault for draft in drafts for fault in draft.errors]
    if faults:
        raise EditRefused(f"the edited body can't be read: {faults[0].message}", {"code": faults[0].code})
    return original, Intake(
        found.environment,
        found.endpoint,
        content,
        content_hash(content),
        body.media_type,
        body.headers,
        tuple(drafts),
        correlation_id=found.correlation_id,
        causation_id=found.id,
        trace=found.trace,
        hops=found.hops,
        edited_from=found.id,
    )


def _require_editable(original: Original, content: bytes) -> None:
    state = original.message.state
    if state not in STUCK_MESSAGES:
        raise TransitionRefused(f"a message that is {state} is not edited", {"state": state})
    body = require_body(original)
    if body.media_type == TIMER:
        raise EditRefused("a timer made this message: there is no body of a sender to edit")
    if content == body.content:
        raise EditRefused("nothing was changed: retry the message instead")


def _replace(tx: Connection, original: Original, intake: Intake, by: str, reason: str) -> list[Message]:
    """The lanes of both first, in their fixed order; then the edited one, then the end of the original."""
    found, group = original.message, entries_of(intake)
    lane = lane_key(tx, found.lane)
    touched = touch(tx, [Touch(lane), *touches_of(group)])
    blocking = lock(tx, found.lane)["blocked_by"] == found.id
    made = [m for m, _ in store_entries(tx, [intake], [group], touched)[0]]
    placed = [m for m in made if blocking and m.lane == found.lane][:1]
    for m in placed:  # they change places, so that no number of a lane stands twice
        inbox.place(tx, found.id, m.seq, found.release_id)
        inbox.place(tx, m.id, found.seq, m.release_id)
    at = now(tx)
    names = ", ".join(m.id for m in made)
    move_messages(
        tx, [Move(found.id, found.state, "discarded", f"edited as {names}: {reason}", found.code, by)], at
    )
    drop(tx, found.id, at)
    wake(tx, found.lane, head_seq=found.seq - 1 if placed else None, unblock=found.id)
    hashes = (require_body(original).hash, intake.hash)
    for m in made:
        add_edit(tx, m.id, found.id, hashes, by, at)
    before = {"state": found.state, "hash": hashes[0], "release": found.release_id, "reason": found.reason}
    after = {"hash": hashes[1], "children": [m.id for m in made], "release": made[0].release_id}
    append(tx, by, "message.edit", found.id, before, after, reason)
    return made


def _replace_delivery(tx: Connection, delivery_id: str, content: bytes, by: str, reason: str) -> Delivery:
    found = _dead(tx, delivery_id)
    blocking = lock(tx, found.lane)["blocked_by"] == found.id
    further = next_number(tx, found.lane)
    at, hashes = now(tx), (content_hash(delivery_body(tx, found.id)), content_hash(content))
    made = _anew(found, hashes[1], found.seq if blocking else further, at)
    move = DeliveryMove(found, "discarded", reason=f"edited as {made.id}: {reason}")
    move_delivery_states(tx, [move], at)
    if blocking:  # they change places, so that no number of a lane stands twice
        place_delivery(tx, found.id, further)
    add_deliveries(tx, [(made, content)])
    add_edit(tx, made.id, found.id, hashes, by, at)
    wake(tx, found.lane, unblock=found.id)
    before = {"state": found.state, "hash": hashes[0], "endpoint": found.endpoint, "reason": found.reason}
    append(tx, by, "delivery.edit", found.id, before, {"hash": hashes[1], "child": made.id}, reason)
    return made


def _anew(found: Delivery, hash: str, seq: int, at: datetime) -> Delivery:
    """A delivery of other bytes that was never tried."""
    return replace(
        found,
        id=new_id(partition_of(found.lane)),
        seq=seq,
        state="pending",
        next_at=at,
        ledger_key=digest(found.ledger_key, "edited", found.id, hash),
        created_at=at,
        updated_at=at,
        fence=0,
        attempts=0,
        forgiven=0,
        error_class="",
        status=None,
        reason="",
    )


def _dead(tx: Connection, delivery_id: str) -> Delivery:
    try:
        found = delivery(tx, delivery_id)
    except LookupError:
        raise no_id("delivery", delivery_id) from None
    if found.state != "dead":
        raise TransitionRefused(f"a delivery that is {found.state} is not edited", {"state": found.state})
    if found.rules == CALL:
        raise EditRefused("this is the question of a call: edit its message instead")
    return found


def _payload(installation: Installation, found: Delivery, content: bytes) -> Any:
    """What bytes say to the target. Errors: EditRefused where the endpoint's codec can't read them."""
    compiled = installation.compiled(found.release_id)
    endpoint = compiled.program.manifest.endpoints[found.endpoint]
    codec = installation.codecs[endpoint.codec]
    try:
        documents = codec.decode(content, endpoint.options, guide(compiled, endpoint))
    except ConnectorError as error:
        raise EditRefused(
            f"the payload can't be read as {endpoint.codec}: {error.message}", error.details
        ) from None
    return [one.data for one in documents] if len(documents) != 1 else documents[0].data


def _document_changes(installation: Installation, original: Original, content: bytes) -> list[Difference]:
    """In which fields the document differs; without fields where the original could not be read."""
    try:
        drafts = {name: _documents(installation, original, text) for name, text in _texts(original, content)}
    except (AppError, ConnectorError, IndexError):
        return [
            Difference(
                "raw", "", "changed", f"{len(require_body(original).content)} bytes", f"{len(content)} bytes"
            )
        ]
    return list(compare("raw", drafts["before"], drafts["after"]))


def _texts(original: Original, content: bytes) -> Sequence[tuple[str, bytes]]:
    return ("before", require_body(original).content), ("after", content)


def _documents(installation: Installation, original: Original, content: bytes) -> Any:
    found = original.message
    compiled = installation.compiled(found.release_id)
    endpoint = compiled.program.manifest.endpoints.get(found.endpoint)
    codec = installation.codecs[endpoint.codec if endpoint else "json"]
    options = endpoint.options if endpoint else {}
    return codec.decode(content, options, guide(compiled, endpoint))[found.document_index].data


def _is_id(text: str) -> bool:
    try:
        return partition_of(text) >= 0
    except LookupError:
        return False
