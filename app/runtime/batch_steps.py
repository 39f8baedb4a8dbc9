"""Carry out the steps of a batch: each member is taken in the transaction that does it."""

from collections.abc import Mapping, Sequence

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.errors import AppError, NotFound
from app.runtime.batches import finish, locked
from app.runtime.drafts import Intake
from app.runtime.dry_runs import pinned_release, prepared, releases
from app.runtime.installation import Installation
from app.runtime.recovery import discard_in, retry_delivery_in, retry_in, settle_in
from app.runtime.replaying import originals
from app.runtime.storing import store_intakes
from app.runtime.transactions import insist, undone
from app.storage import batches as stored
from app.storage.batches import Batch, Member
from app.storage.database import now
from app.storage.identity import partition_of, partitions_of
from app.storage.messages import Message, messages

_log = structlog.get_logger(__name__)


def run_some(installation: Installation, found: Batch, limit: int) -> int:
    """The next steps of a batch; how many members were dealt with. At the end the batch is done."""
    with installation.database.read() as tx:
        waiting = stored.waiting_members(tx, found.id, limit)
    if not waiting:
        insist(lambda: _finish(installation, found.id))
        return 0
    if found.action == "replay":
        return _replay_some(installation, found, waiting)
    return sum(_step(installation, found, one) for one in waiting)


def _finish(installation: Installation, batch_id: str) -> None:
    with installation.database.begin() as tx:
        found = locked(tx, batch_id)
        if found.state == "running" and not stored.waiting_members(tx, batch_id, 1):
            finish(tx, found)


def _replay_some(installation: Installation, found: Batch, waiting: Sequence[Member]) -> int:
    intakes, refused = _prepared(installation, found, [m.subject_id for m in waiting])
    try:
        return insist(lambda: _store(installation, found.id, intakes, refused))
    except DBAPIError as error:
        if len(waiting) > 1:
            return sum(_replay_some(installation, found, [one]) for one in waiting)
        _log.error("replay failed", batch_id=found.id, exc_info=True)
        refused = {waiting[0].subject_id: AppError(f"the database refuses it: {error.orig}"[:500])}
        return insist(lambda: _store(installation, found.id, {}, refused))


def _prepared(
    installation: Installation, found: Batch, ids: Sequence[str]
) -> tuple[dict[str, Intake], dict[str, AppError]]:
    with installation.database.read() as tx:
        known = originals(tx, ids)
        wanted = releases(tx, found, known)
    intakes: dict[str, Intake] = {}
    refused: dict[str, AppError] = {}
    for id in ids:
        try:
            intakes[id] = prepared(installation, found, known, wanted, id)
        except AppError as error:
            refused[id] = error
        except Exception as error:  # the others go on; this one is noted as failed
            _log.error("replay failed", message_id=id, exc_info=True)
            refused[id] = AppError(f"{type(error).__name__}: {error}"[:500])
    return intakes, refused


def _store(
    installation: Installation,
    batch_id: str,
    intakes: Mapping[str, Intake],
    refused: Mapping[str, AppError],
) -> int:
    """Take the members and store their children, in one transaction: all of it, or nothing."""
    with installation.database.begin() as tx:
        if locked(tx, batch_id).state != "running":
            return 0
        mine = stored.take(tx, batch_id, intakes)
        failed = stored.take(tx, batch_id, refused, "failed")
        children = _children(tx, {id: intake for id, intake in intakes.items() if id in mine})
        rows = [(id, group[0].id, "", "") for id, group in children.items()]
        rows += [(id, "", refused[id].code, refused[id].message) for id in sorted(failed)]
        stored.note_members(tx, batch_id, rows)
        stored.count(tx, batch_id, now(tx), done=len(mine), failed=len(failed))
    lanes = [m.lane for group in children.values() for m in group if m.state == "received"]
    if lanes:
        installation.doorbell.ring("drain", partitions_of(lanes))
    return len(mine) + len(failed)


def _children(tx: Connection, intakes: Mapping[str, Intake]) -> dict[str, list[Message]]:
    made = store_intakes(tx, list(intakes.values())) if intakes else []
    return {id: [m for m, _ in group] for id, group in zip(intakes, made, strict=True)}


def _step(installation: Installation, found: Batch, member: Member) -> int:
    """Retry or discard one; a step that its state refuses by now is noted as failed."""
    try:
        return insist(lambda: _carry_out(installation, found, member.subject_id), undone)
    except AppError as error:
        refused = {member.subject_id: error}
        return insist(lambda: _store(installation, found.id, {}, refused))


def _carry_out(installation: Installation, found: Batch, id: str) -> int:
    with installation.database.begin() as tx:
        if locked(tx, found.id).state != "running" or not stored.take(tx, found.id, [id]):
            return 0
        lane = _lane_of_delivery(tx, found, id) if found.subject == "delivery" else _lane(tx, found, id)
        stored.count(tx, found.id, now(tx), done=1)
    kind = "deliver" if found.subject == "delivery" else "drain"
    installation.doorbell.ring(kind, {partition_of(lane)})
    return 1


def _lane_of_delivery(tx: Connection, found: Batch, id: str) -> str:
    if found.action == "retry":
        return retry_delivery_in(tx, id, found.by, found.reason)
    return settle_in(tx, id, "discarded", found.by, found.reason)


def _lane(tx: Connection, found: Batch, id: str) -> str:
    if found.action == "discard":
        return discard_in(tx, id, found.by, found.reason)
    known = messages(tx, [id])
    if id not in known:
        raise NotFound(f"the message {id} is not kept any more")
    release = pinned_release(tx, found, known[id].ruleset) if found.release == "current" else found.release
    return retry_in(tx, id, found.by, found.reason, release)
