"""The dry run of a batch, some members at a time: each decided without effect, compared, counted."""

from collections.abc import Mapping, Sequence

import structlog
from sqlalchemy import Connection

from app.errors import AppError, NotFound
from app.runtime.batches import locked, ready
from app.runtime.differing import Report
from app.runtime.drafts import Intake
from app.runtime.installation import Installation
from app.runtime.recovery import current_release
from app.runtime.rehearsing import Rehearsal, Rehearsed, befores
from app.runtime.replaying import Original, originals, replay_intake
from app.runtime.transactions import insist
from app.storage import batches as stored
from app.storage.batches import Batch
from app.storage.database import now

A_SLICE = 50
_log = structlog.get_logger(__name__)
Found = Rehearsed | AppError


def check_some(installation: Installation, found: Batch, limit: int = A_SLICE) -> int:
    """The dry run of the next members; how many were looked at. At the end the batch is ready."""
    with installation.database.read() as tx:
        ids = [m.subject_id for m in stored.unchecked_members(tx, found.id, limit)]
        known, before, at = originals(tx, ids), befores(tx, ids), now(tx)
        wanted = releases(tx, found, known)
    bodies = {o.body.id: o.body for o in known.values() if o.body is not None}
    rehearsal = Rehearsal(installation, bodies, at)
    seen: dict[str, Found] = {}
    for id in ids:
        try:
            intake = prepared(installation, found, known, wanted, id)
            seen[id] = rehearsal.run(known[id], intake, before[id])
        except AppError as refused:
            seen[id] = refused
        except Exception as error:  # one message that nobody foresaw does not stop the dry run of the others
            _log.error("dry run failed", message_id=id, exc_info=True)
            seen[id] = AppError(f"{type(error).__name__}: {error}"[:500])
    insist(lambda: _judge(installation, found.id, seen))
    return len(ids)


def releases(tx: Connection, found: Batch, known: Mapping[str, Original]) -> dict[str, str | AppError]:
    """In which release each message is to run, or why there is none."""
    return {id: _release(tx, found, original) for id, original in known.items()}


def prepared(
    installation: Installation,
    found: Batch,
    known: Mapping[str, Original],
    wanted: Mapping[str, str | AppError],
    id: str,
) -> Intake:
    """The child that a member is to have. Errors: AppError, which says what stands in the way."""
    if id not in known:
        raise NotFound(f"the message {id} is not kept any more")
    release = wanted[id]
    if isinstance(release, AppError):
        raise release
    return replay_intake(installation, known[id], release, only=found.destinations)


def pinned_release(tx: Connection, found: Batch, ruleset: str) -> str:
    """What was live when the batch was made: what the dry run showed is what runs. Errors: NotFound."""
    live = found.report.get("releases", {}).get(ruleset)
    return str(live or current_release(tx, found.environment, ruleset))


def _release(tx: Connection, found: Batch, original: Original) -> str | AppError:
    if found.release == "original":
        return original.message.release_id
    if found.release != "current":
        return found.release
    try:
        return pinned_release(tx, found, original.message.ruleset)
    except AppError as refused:
        return refused


def _judge(installation: Installation, batch_id: str, seen: Mapping[str, Found]) -> None:
    """Count those that nobody counted before: two that check the same members count them once."""
    with installation.database.begin() as tx:
        found = locked(tx, batch_id)
        if found.state != "checking":
            return
        judged = stored.judge(tx, batch_id, {id: _verdict(one) for id, one in seen.items()})
        report = _reported(Report.read(found.report), [(id, one) for id, one in seen.items() if id in judged])
        values = {"report": {**found.report, **report.as_json()}, "checked": found.checked + len(judged)}
        stored.change_batch(tx, batch_id, updated_at=now(tx), **values)
        if not stored.unchecked_members(tx, batch_id, 1):
            ready(tx, found)


def _reported(report: Report, seen: Sequence[tuple[str, Found]]) -> Report:
    for id, one in seen:
        if isinstance(one, AppError):
            report.refuse(id, one.code, one.message)
        else:
            report.add(id, one.differences, one.withheld)
    return report


def _verdict(one: Found) -> str:
    if isinstance(one, AppError):
        return "refused"
    return "differs" if one.differences else "same"
