"""Batches: replay, retry or discard many messages or deliveries at once, dry run first.

checking -> ready -> running <-> paused -> done, or cancelled. The members are chosen when the batch is
made; each is taken in the transaction that carries its step out, so that no member is done twice,
however many drive the batch and whatever dies.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from app.errors import AppError, NotFound, require_reason
from app.runtime.installation import Installation
from app.runtime.states import BATCH_STATES, move_batch, require
from app.security.audit import append
from app.storage import batches as stored
from app.storage.batches import Action, Batch, Subject
from app.storage.database import now
from app.storage.environments import deployed
from app.storage.identity import new_id
from app.storage.problems import Kind, group
from app.storage.selecting import Filter, messages_of, select_deliveries, select_messages

MOST_MEMBERS = 100_000
DEFAULT_RATE = 50
DEFAULT_SHARE = 20
FASTEST = 10_000


class NothingChosen(AppError):
    """No message fits what was asked for."""

    code = "nothing_chosen"
    status = 422


class TooManyChosen(AppError):
    """More messages fit than one batch takes: narrow it down, for example by time."""

    code = "too_many_chosen"
    status = 422


class BatchInvalid(AppError):
    """This batch makes no sense as it is asked for."""

    code = "batch_invalid"
    status = 422


class ReleaseMoved(AppError):
    """Another release is live since the dry run: what was shown is not what would run. Make a new dry run."""

    code = "release_moved"
    status = 409


def create(
    installation: Installation,
    environment: str,
    chosen: Filter,
    *,
    by: str,
    action: Action = "replay",
    subject: Subject = "message",
    release: str = "original",
    destinations: Sequence[str] | None = None,
    rate: int = DEFAULT_RATE,
    share: int = DEFAULT_SHARE,
    reason: str = "",
    dry_run: bool = True,
) -> Batch:
    """Choose the members and begin: with the dry run, or at once where `dry_run` is False and there is a reason.

    Errors: NothingChosen, TooManyChosen, BatchInvalid, ReasonRequired, NotFound (no such release).
    """
    _require_sense(chosen, action, subject, destinations, rate, share)
    if not dry_run:
        require_reason(reason)
    with installation.database.begin() as tx:
        ids, destinations, subject = _members(tx, environment, chosen, action, subject, destinations)
        _require_number(len(ids))
        at = now(tx)
        made = Batch(
            id=new_id(os.urandom(1)[0]),
            environment=environment,
            action=action,
            subject=subject,
            state=_first_state(action, subject, dry_run),
            filter=chosen.as_json(),
            release=release,
            destinations=destinations,
            which="all",
            rate=rate,
            share=share,
            by=by,
            reason=reason.strip(),
            created_at=at,
            updated_at=at,
            started_at=None if dry_run else at,
            total=len(ids),
            report={"releases": deployed(tx, environment)},
        )
        stored.add_batch(tx, made, ids)
        append(tx, by, "batch.create", made.id, None, _shown(made), reason or "dry run")
    return made


def _members(
    tx: Connection,
    environment: str,
    chosen: Filter,
    action: Action,
    subject: Subject,
    destinations: Sequence[str] | None,
) -> tuple[list[str], Sequence[str] | None, Subject]:
    """A group says itself of what it is; a replay of failed deliveries is one of their messages, to the same endpoint."""
    if chosen.fingerprint:
        kind = _kind(tx, chosen.fingerprint)
        subject = "delivery" if kind.subject == "delivery" else "message"
        if subject == "delivery" and action == "replay" and destinations is None:
            destinations = [kind.endpoint]
    if subject == "message":
        return select_messages(tx, environment, chosen, MOST_MEMBERS + 1), destinations, subject
    ids = select_deliveries(tx, environment, chosen, MOST_MEMBERS + 1)
    return (
        (messages_of(tx, ids), destinations, "message")
        if action == "replay"
        else (ids, destinations, subject)
    )


def _kind(tx: Connection, fingerprint: str) -> Kind:
    try:
        return group(tx, fingerprint).kind
    except LookupError:
        raise NothingChosen("nothing of this group waits for anybody (any more)") from None


def _require_sense(
    chosen: Filter, action: str, subject: str, destinations: Sequence[str] | None, rate: int, share: int
) -> None:
    if chosen.empty:
        raise BatchInvalid(
            "say at least one of flow, endpoint, state, key, since, until, code, fingerprint, ids"
        )
    if destinations is not None and action != "replay":
        raise BatchInvalid("destinations are chosen for a replay only")
    if not 1 <= rate <= FASTEST or not 0 <= share <= 100:
        raise BatchInvalid(f"the rate is 1 to {FASTEST} a second, the share 0 to 100 percent")
    if subject == "delivery" and chosen.key:
        raise BatchInvalid("deliveries are not chosen by a business key: choose their messages")


def _require_number(count: int) -> None:
    if not count:
        raise NothingChosen()
    if count > MOST_MEMBERS:
        raise TooManyChosen(f"more than {MOST_MEMBERS} fit, which is the most a batch takes: narrow it down")


def _first_state(action: str, subject: str, dry_run: bool) -> str:
    """There is nothing to compare where nothing runs again."""
    if not dry_run:
        return "running"
    return "checking" if subject == "message" and action != "discard" else "ready"


def run(
    installation: Installation,
    batch_id: str,
    *,
    by: str,
    reason: str = "",
    which: str = "",
    rate: int | None = None,
) -> Batch:
    """Begin after the dry run, or go on after a pause. `which`: all, or differing (leave out what stays the same).

    Errors: ReasonRequired, ReleaseMoved, TransitionRefused.
    """
    with installation.database.begin() as tx:
        found = locked(tx, batch_id)
        require(BATCH_STATES, "batch", found.state, "running")
        values: dict[str, Any] = {"note": "", "rate": rate or found.rate}
        if found.state == "ready":
            values |= _begun(tx, found, reason, which) | {"by": by}
        made = _move(tx, found, "running", by, values, reason)
    return made


def _begun(tx: Connection, found: Batch, reason: str, which: str) -> dict[str, Any]:
    said = reason.strip() or found.reason
    require_reason(said)
    if found.release == "current" and deployed(tx, found.environment) != found.report.get("releases"):
        raise ReleaseMoved()
    values: dict[str, Any] = {"reason": said, "started_at": now(tx), "which": which or found.which}
    left_out = stored.skip(tx, found.id, "same") if which == "differing" else 0
    return values | {"skipped": found.skipped + left_out}


def pause(installation: Installation, batch_id: str, *, by: str, reason: str = "") -> Batch:
    """Stop after the transaction at hand; what was sent stays sent."""
    with installation.database.begin() as tx:
        return _move(tx, locked(tx, batch_id), "paused", by, {"note": ""}, reason)


def cancel(installation: Installation, batch_id: str, *, by: str, reason: str = "") -> Batch:
    """Give up what is left; what was done stays done."""
    with installation.database.begin() as tx:
        return _move(tx, locked(tx, batch_id), "cancelled", by, {"note": "", "ended_at": now(tx)}, reason)


def finish(tx: Connection, found: Batch) -> Batch:
    """Nobody is left: the batch is done."""
    return _move(tx, found, "done", found.by, {"note": "", "ended_at": now(tx)}, found.reason)


def ready(tx: Connection, found: Batch) -> Batch:
    """The dry run has seen everybody."""
    at = now(tx)
    move_batch(tx, found, "ready", at)
    return replace(found, state="ready", updated_at=at)


def locked(tx: Connection, batch_id: str) -> Batch:
    """A batch that nobody else changes until the transaction ends. Errors: NotFound."""
    try:
        return stored.batch(tx, batch_id, lock=True)
    except LookupError:
        raise NotFound(f"there is no batch {batch_id[:80]}") from None


def batch(installation: Installation, batch_id: str) -> Batch:
    """One batch. Errors: NotFound."""
    with installation.database.read() as tx:
        try:
            return stored.batch(tx, batch_id)
        except LookupError:
            raise NotFound(f"there is no batch {batch_id[:80]}") from None


def _move(tx: Connection, found: Batch, state: str, by: str, values: dict[str, Any], reason: str) -> Batch:
    at = now(tx)
    move_batch(tx, found, state, at, **values)
    made = replace(found, state=state, updated_at=at, **values)
    append(tx, by, f"batch.{state}", found.id, _shown(found), _shown(made), reason)
    return made


def _shown(found: Batch) -> dict[str, Any]:
    names = (
        "environment",
        "action",
        "subject",
        "state",
        "filter",
        "release",
        "destinations",
        "which",
        "rate",
        "share",
    )
    figures = ("total", "done", "failed", "skipped")
    return {name: getattr(found, name) for name in (*names, *figures)}
