"""Move the live release of an environment along the chain, and back.

Who may: whoever has the capability that `needed` names, checked by the door that knows the person;
never an author of an included change, checked here. An environment that asks for no second person
(`approvals_required` 0: dev, the analysts' own try-out) lets authors in.
"""

from typing import Any

from sqlalchemy import Connection

from app.design import connections, releases
from app.design.errors import (
    AlreadyLive,
    BindingsMissing,
    NothingToRollBack,
    OwnChange,
    PointerMoved,
    PromotionRefused,
    StageSkipped,
)
from app.errors import NotFound, require_reason
from app.security import audit
from app.storage import environments as stored
from app.storage import releases as stored_releases
from app.storage.database import Database
from app.storage.environments import Environment, Promotion
from app.storage.releases import ReleaseRecord
from app.storage.unknown import no_environment

ANY = "(any)"


def needed(environment: Environment) -> str:
    """The capability that moving this environment's pointer forward asks for."""
    return "promote" if environment.approvals_required else "release"


def plan(connection: Connection, release_id: str, environment: str) -> dict[str, Any]:
    """What promoting would change, what is missing, and why it would be refused."""
    target = get_environment(connection, environment)
    record = releases.get_release(connection, release_id)
    live = stored.live_release(connection, environment, record.ruleset)
    missing = connections.missing(connection, environment, record.id)
    return {
        "environment": environment,
        "ruleset": record.ruleset,
        "release": record.id,
        "number": record.number,
        "live": live,
        "live_number": releases.get_release(connection, live).number if live else None,
        "authors": sorted(included_authors(connection, record, live)),
        "authors_refused": bool(target.approvals_required),
        "needs": needed(target),
        "missing_bindings": missing,
        "obstacles": _obstacles(connection, record, target, live, missing),
        **releases.compare(connection, live, record.id),
    }


def promote(
    tx: Connection,
    release_id: str,
    environment: str,
    by: str,
    reason: str = "",
    expected_live: str | None = ANY,
    on_behalf_of: str | None = None,
) -> Promotion:
    """Make a release live in an environment.

    `expected_live` is the live release that the plan showed; another one by now is refused.
    `on_behalf_of` is the person who answers for a token, no author either.
    Errors: OwnChange, StageSkipped, AlreadyLive, BindingsMissing, PointerMoved. All are audited.
    """
    target = get_environment(tx, environment)
    record = releases.get_release(tx, release_id)
    live = stored.live_release(tx, environment, record.ruleset)
    if expected_live not in (ANY, live):
        raise PointerMoved(details={"live": live, "expected": expected_live})
    if live == record.id:
        raise AlreadyLive()
    _check_stage(tx, record, target)
    authors = included_authors(tx, record, live)
    if target.approvals_required and authors & {by, on_behalf_of}:
        raise OwnChange(details={"authors": sorted(authors)})
    missing = connections.missing(tx, environment, record.id)
    if missing:
        raise BindingsMissing(f"{environment} has no binding for {', '.join(missing)}", {"missing": missing})
    return _move(tx, environment, record.ruleset, live, record.id, "promote", by, reason)


def rollback(
    tx: Connection, environment: str, ruleset: str, by: str, reason: str, to: str | None = None
) -> Promotion:
    """Go back to the release that was live before, or to any that once was; needs a reason."""
    get_environment(tx, environment)
    require_reason(reason, "a rollback needs a reason")
    live = stored.live_release(tx, environment, ruleset)
    target = previous(tx, environment, ruleset) if to is None else releases.get_release(tx, to).id
    if live is None or target is None:
        raise NothingToRollBack()
    if target == live:
        raise AlreadyLive()
    if all(move.to_release != target for move in stored.promotions(tx, environment, ruleset)):
        raise NothingToRollBack(f"release {target[:12]} was never live in {environment}")
    return _move(tx, environment, ruleset, live, target, "rollback", by, reason)


def previous(connection: Connection, environment: str, ruleset: str) -> str | None:
    """The release a rollback would go back to."""
    live = stored.live_release(connection, environment, ruleset)
    moves = stored.promotions(connection, environment, ruleset)
    return next((m.from_release for m in moves if m.to_release == live and m.kind == "promote"), None)


def included_authors(connection: Connection, record: ReleaseRecord, live: str | None) -> set[str]:
    """Everybody who wrote a change that lies between what is live and the release."""
    live_number = releases.get_release(connection, live).number if live else 0
    low, high = sorted((live_number, record.number))
    between = stored_releases.releases_between(connection, record.ruleset, low, high)
    return {author for one in [record, *between] for author in one.authors}


def get_environment(connection: Connection, name: str) -> Environment:
    """One environment; NotFound where there is none."""
    found = stored.environment(connection, name)
    if found is None:
        raise NotFound(no_environment(connection, name))
    return found


def promote_audited(
    database: Database, release_id: str, environment: str, by: str, **options: Any
) -> Promotion:
    """`promote` in a transaction of its own; a refusal is audited too before it is raised again."""
    try:
        with database.begin() as tx:
            return promote(tx, release_id, environment, by, **options)
    except PromotionRefused as error:
        with database.begin() as tx:
            record_refusal(tx, "promote", release_id, environment, by, error.code)
        raise


def record_refusal(tx: Connection, what: str, release_id: str, environment: str, by: str, code: str) -> None:
    """Audit a promotion that was refused; in a transaction of its own, as the refused one is undone."""
    target = f"environment/{environment}"
    audit.append(tx, by, f"{what}.refused", target, after={"release": release_id, "code": code})


def _move(
    tx: Connection, environment: str, ruleset: str, live: str | None, to: str, kind: Any, by: str, reason: str
) -> Promotion:
    if not stored.move_pointer(tx, environment, ruleset, live, to, by):
        raise PointerMoved(details={"expected": live})
    moved = stored.record_promotion(tx, environment, ruleset, live, to, kind, by, reason)
    audit.append(tx, by, kind, f"environment/{environment}/{ruleset}", live, to, reason)
    return moved


def _check_stage(connection: Connection, record: ReleaseRecord, target: Environment) -> None:
    stage = _stage_before(connection, target)
    if stage and not _passed(connection, record, stage):
        raise StageSkipped(
            f"release {record.number} of {record.ruleset} has to be live in {stage.name} before {target.name}",
            {"stage": stage.name},
        )


def _passed(connection: Connection, record: ReleaseRecord, stage: Environment) -> bool:
    """Live in the stage, or replaced there by a later promotion; one rolled back has not passed."""
    moves = stored.promotions(connection, stage.name, record.ruleset)
    for move in moves:
        if record.id in (move.to_release, move.from_release):
            return move.to_release == record.id or move.kind == "promote"
    return False


def _stage_before(connection: Connection, target: Environment) -> Environment | None:
    earlier = [e for e in stored.environments(connection) if e.position < target.position]
    return earlier[-1] if earlier else None


def _obstacles(
    connection: Connection, record: ReleaseRecord, target: Environment, live: str | None, missing: list[str]
) -> list[str]:
    stage = _stage_before(connection, target)
    found = [AlreadyLive.code] if live == record.id else []
    if stage and not _passed(connection, record, stage):
        found.append(StageSkipped.code)
    return [*found, *([BindingsMissing.code] if missing else [])]
