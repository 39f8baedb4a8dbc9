"""Promotions at a set time: a timer that moves the live pointer once, if it still may.

Whoever schedules one must be allowed to promote; whether they still are, and everything else that a
promotion is checked for, is looked at again at the moment itself. A promotion that is refused then is
dropped, audited and alerted, never tried again by itself.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from app.design import promotions, releases
from app.design.errors import AlreadyLive, DesignError, OwnChange
from app.errors import AppError, NotFound, TimeInvalid, TransitionRefused, require_reason
from app.runtime.installation import Installation
from app.runtime.states import move_timers
from app.runtime.timing import fire
from app.security import audit
from app.security.errors import NotPermitted
from app.security.permissions import capabilities
from app.storage.alerts import add_alerts
from app.storage.database import now
from app.storage.environments import Environment, live_release
from app.storage.identity import digest
from app.storage.releases import ReleaseRecord
from app.storage.timers import Timer, add_timers, matching, these, timer, timer_id, timers_table
from app.storage.tokens import token
from app.storage.users import user

_LONGEST = timedelta(days=366)
_OPERATIONS = "operations"
_t = timers_table.c


def schedule(
    tx: Connection,
    release_id: str,
    environment: str,
    at: datetime,
    by: str,
    *,
    reason: str = "",
    expected_live: str | None = promotions.ANY,
    on_behalf_of: str | None = None,
) -> Timer:
    """Have a release become live at a moment; asked twice it is scheduled once.

    Errors: TimeInvalid, NotFound, OwnChange, AlreadyLive.
    """
    moment = now(tx)
    _require_ahead(at, moment)
    target = promotions.get_environment(tx, environment)
    record = releases.get_release(tx, release_id)
    live = live_release(tx, environment, record.ruleset)
    if live == record.id:
        raise AlreadyLive(f"r{record.number} of {record.ruleset} is live in {environment} already")
    authors = promotions.included_authors(tx, record, live)
    if target.approvals_required and authors & {by, on_behalf_of}:
        raise OwnChange(details={"authors": sorted(authors)})
    if waiting := _same(tx, digest("promote", environment, record.ruleset), record.id, at):
        return waiting
    content = {"by": by, "on_behalf_of": on_behalf_of, "reason": reason, "expected_live": expected_live}
    made = _timer(record, environment, at, moment, content)
    add_timers(tx, [made])
    said = {"release": record.id, "at": at.isoformat(), "id": made.id}
    audit.append(
        tx, by, "promotion.schedule", f"environment/{environment}/{record.ruleset}", live, said, reason
    )
    return made


def _require_ahead(at: datetime, moment: datetime) -> None:
    if moment < at <= moment + _LONGEST:
        return
    wrong = "is over" if at <= moment else "is more than a year ahead"
    raise TimeInvalid(
        f"{at:%Y-%m-%d %H:%M %Z} {wrong}: a promotion is scheduled for a moment after now "
        f"({moment:%Y-%m-%d %H:%M} UTC) and within a year"
    )


def _timer(
    record: ReleaseRecord, environment: str, at: datetime, moment: datetime, content: dict[str, Any]
) -> Timer:
    match = digest("promote", environment, record.ruleset)
    return Timer(
        id=timer_id(match, secrets.token_hex(16)),
        kind="promote",
        state="open",
        match=match,
        due_at=at,
        deadline=at,
        environment=environment,
        ruleset=record.ruleset,
        release_id=record.id,
        flow="",
        event="promote",
        key=str(record.number),
        created_at=moment,
        updated_at=moment,
        content=content,
    )


def _same(tx: Connection, match: str, release_id: str, at: datetime) -> Timer | None:
    """The promotion that waits for this moment already: a form that is sent twice asks for one."""
    here = matching(tx, "promote", [match]) & (_t.release_id == release_id) & (_t.deadline == at)
    id = tx.execute(select(_t.id).where(here)).scalar()
    return timer(tx, id) if id else None


def cancel(tx: Connection, environment: str, id: str, by: str, reason: str) -> dict[str, Any]:
    """Call a promotion off before it happens. Errors: ReasonRequired, NotFound."""
    require_reason(reason, "calling a promotion off needs a reason; it stands in the audit log")
    found = _scheduled(tx, environment, id)
    content = {**found.content, "ended": f"cancelled by {by}: {reason}"}
    if not move_timers(tx, these(tx, [id]), ("open",), "dropped", now(tx), content=content):
        raise TransitionRefused(f"the promotion {id} is {shown(found)['state']}, so it can't be called off")
    audit.append(
        tx,
        by,
        "promotion.cancel",
        f"environment/{environment}/{found.ruleset}",
        found.release_id,
        None,
        reason,
    )
    return shown(_scheduled(tx, environment, id))


def scheduled(tx: Connection, environment: str, limit: int = 100) -> list[dict[str, Any]]:
    """Promotions of an environment that wait, and what became of earlier ones; the latest moment first."""
    query = select(_t.id).where(_t.kind == "promote", _t.environment == environment)
    ids = tx.execute(query.order_by(_t.deadline.desc(), _t.id).limit(limit)).scalars()
    return [shown(timer(tx, id)) for id in ids]


def shown(found: Timer) -> dict[str, Any]:
    """A scheduled promotion as people see it."""
    state = {"open": "waiting", "fired": "done"}.get(found.state, "not done")
    return {
        "id": found.id,
        "state": state,
        "at": found.deadline,
        "environment": found.environment,
        "ruleset": found.ruleset,
        "release": found.release_id,
        "number": int(found.key),
        "by": found.content["by"],
        "reason": found.content["reason"],
        "ended": found.content.get("ended", ""),
    }


def fire_promotion(installation: Installation, found: Timer) -> int:
    """Promote now what was scheduled, once; what is not allowed any more is dropped and says why."""
    said = found.content
    try:
        with installation.database.begin() as tx:
            if not fire(tx, found, now(tx)):
                return 0
            _require_still_allowed(tx, promotions.get_environment(tx, found.environment), said)
            promotions.promote(
                tx,
                found.release_id,
                found.environment,
                said["by"],
                f"scheduled: {said['reason']}".strip(": "),
                expected_live=said["expected_live"],
                on_behalf_of=said["on_behalf_of"],
            )
        return 1
    except (DesignError, NotPermitted, NotFound) as error:
        with installation.database.begin() as tx:
            _drop(tx, found, error)
        return 0


def _require_still_allowed(tx: Connection, environment: Environment, said: Mapping[str, Any]) -> None:
    """Whoever scheduled it may still promote. A name without an account came by the command line of a host."""
    needed, by = promotions.needed(environment), str(said["by"])
    person = said["on_behalf_of"] or by
    account = user(tx, person)
    if account is not None and (not account.active or needed not in capabilities(account.roles)):
        raise NotPermitted(f"{person} may not {needed} any more")
    if by.startswith("token/"):
        record = token(tx, by.removeprefix("token/"))
        expired = record is None or record.revoked_at or (record.expires_at and record.expires_at <= now(tx))
        if record is None or expired or needed not in record.capabilities:
            raise NotPermitted(f"the token that scheduled it may not {needed} any more")


def _drop(tx: Connection, found: Timer, error: AppError) -> None:
    at = now(tx)
    content = {**found.content, "ended": f"{error.message} [{error.code}]"}
    if move_timers(tx, these(tx, [found.id]), ("open",), "dropped", at, content=content):
        by = str(found.content["by"])
        promotions.record_refusal(tx, "promote", found.release_id, found.environment, by, error.code)
        text = (
            f"release {found.key} of {found.ruleset} did not become live in {found.environment} at "
            f"{found.deadline:%Y-%m-%d %H:%M} UTC as {by} had scheduled: {error.message}"
        )
        add_alerts(tx, found.environment, [(found.id, _OPERATIONS, text, "promotion")], at)


def _scheduled(tx: Connection, environment: str, id: str) -> Timer:
    try:
        found = timer(tx, id)
    except LookupError:
        found = None
    if found is None or found.kind != "promote" or found.environment != environment:
        raise NotFound(
            f"there is no scheduled promotion {id[:80]} in {environment}: `mapwright scheduled --env {environment}` "
            "lists those there are"
        )
    return found
