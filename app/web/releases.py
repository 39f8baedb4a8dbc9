"""Releases: cut one, see what it changes, move it along the chain and back."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user

from app.design import promotions, releases, rulesets
from app.design.errors import DesignError, PromotionRefused, ReleaseRefused
from app.errors import ReasonRequired
from app.storage import environments
from app.web import scheduled
from app.web.access import installation, requires
from app.web.errors import page_blueprint
from app.web.workspace import open_workspace

blueprint = page_blueprint("releases", __name__)


@blueprint.get("/releases")
@requires("view")
def index() -> Any:
    """What is live where, and every release."""
    with installation().database.read() as connection:
        records = releases.list_releases(connection)
        numbers = {record.id: record.number for record in records}
        chain = environments.environments(connection)
        sets = [_pipeline(connection, one, chain, numbers) for one in rulesets.list_rulesets(connection)]
        live: dict[str, list[str]] = {d.release_id: [] for d in environments.deployments(connection)}
        for deployment in environments.deployments(connection):
            live[deployment.release_id].append(deployment.environment)
        moves = environments.promotions(connection, limit=20)
        planned = [one for stage in chain for one in scheduled.shown(connection, stage.name)]
    return render_template(
        "releases.html",
        records=records,
        sets=sets,
        live=live,
        moves=moves,
        numbers=numbers,
        planned=sorted(planned, key=lambda one: one["state"] != "waiting"),
    )


@blueprint.get("/rulesets/<name>/release")
@requires("release")
def prepare(name: str) -> Any:
    """What the next release would change, before it is cut."""
    here = open_workspace(name)
    with installation().database.read() as connection:
        changes = releases.compare_draft(connection, name)
        latest = next(iter(releases.list_releases(connection, name)), None)
    return render_template("release_prepare.html", here=here, changes=changes, latest=latest, refused=None)


@blueprint.post("/rulesets/<name>/release")
@requires("release")
def cut(name: str) -> Any:
    """Make the present files a release."""
    database = installation().database
    note = request.form.get("note", "").strip()
    try:
        with database.read() as connection:
            files = rulesets.read_files(connection, name)
        releases.build(files)
        with database.begin() as tx:
            record = releases.cut_release(tx, name, current_user.login, note)
    except ReleaseRefused as error:
        with database.read() as connection:
            changes = releases.compare_draft(connection, name)
            latest = next(iter(releases.list_releases(connection, name)), None)
        here = open_workspace(name)
        page = render_template(
            "release_prepare.html", here=here, changes=changes, latest=latest, refused=error
        )
        return page, error.status
    flash(f"Release r{record.number} of {name} is cut.", "ok")
    return redirect(url_for("releases.show", release_id=record.id))


@blueprint.get("/releases/<release_id>")
@requires("view")
def show(release_id: str) -> Any:
    """One release: where it stands, what it changes, its tests."""
    return _page(release_id, request.args.get("environment"))


@blueprint.post("/releases/<release_id>/promote")
@requires("view")
def promote(release_id: str) -> Any:
    """Make the release live in an environment."""
    target, reason = request.form.get("environment", ""), request.form.get("reason", "").strip()
    database = installation().database
    scheduled.require_mover(target)
    expected = request.form.get("live", promotions.ANY) or None
    try:
        promotions.promote_audited(
            database, release_id, target, current_user.login, reason=reason, expected_live=expected
        )
    except PromotionRefused as error:
        return _page(release_id, target, refused=error), error.status
    flash(f"The release is live in {target}. Messages that come in from now on use it.", "ok")
    return redirect(url_for("releases.show", release_id=release_id))


@blueprint.post("/environments/<environment>/rollback")
@requires("rollback")
def roll_back(environment: str) -> Any:
    """Put a rule set back on the release that was live before."""
    ruleset, reason = request.form.get("ruleset", ""), request.form.get("reason", "")
    try:
        with installation().database.begin() as tx:
            moved = promotions.rollback(tx, environment, ruleset, current_user.login, reason)
    except (DesignError, ReasonRequired) as error:
        flash(f"Not rolled back: {error.message}", "error")
        return redirect(url_for("releases.index"))
    with installation().database.read() as connection:
        number = releases.get_release(connection, moved.to_release).number
    flash(
        f"{environment} is back on r{number} of {ruleset}. Messages already received finish on their release.",
        "ok",
    )
    return redirect(url_for("releases.index"))


def _page(release_id: str, environment: str | None, refused: PromotionRefused | None = None) -> str:
    with installation().database.read() as connection:
        record = releases.get_release(connection, release_id)
        chain = environments.environments(connection)
        plans = {stage.name: promotions.plan(connection, record.id, stage.name) for stage in chain}
        moves = [
            m
            for m in environments.promotions(connection, ruleset=record.ruleset)
            if m.to_release == record.id
        ]
        chosen = environment if environment in plans else _next_stage(chain, plans)
        changes = _changes(connection, plans.get(chosen), moves)
        planned = scheduled.shown(connection, chosen, record.ruleset) if chosen else []
    return render_template(
        "release.html",
        record=record,
        chain=chain,
        plans=plans,
        chosen=chosen,
        plan=plans.get(chosen),
        changes=changes,
        moves=moves,
        planned=planned,
        refused=refused,
    )


def _changes(connection: Any, plan: Any, moves: list[Any]) -> Any:
    """Against what is live in the stage; once it is live itself, against what was live before."""
    if plan is None or plan["live"] != plan["release"]:
        return plan
    came = next((move for move in moves if move.environment == plan["environment"]), None)
    return releases.compare(connection, came.from_release if came else None, plan["release"])


def _next_stage(chain: list[Any], plans: dict[str, Any]) -> str:
    """The first stage it is not live in, else the last."""
    waiting = [stage.name for stage in chain if plans[stage.name]["live"] != plans[stage.name]["release"]]
    return (waiting or [stage.name for stage in chain][-1:] or [""])[0]


def _pipeline(connection: Any, ruleset: Any, chain: list[Any], numbers: dict[str, int]) -> dict[str, Any]:
    stages = []
    for stage in chain:
        live = environments.live_release(connection, stage.name, ruleset.name)
        back = promotions.previous(connection, stage.name, ruleset.name)
        found = [d for d in environments.deployments(connection, stage.name) if d.ruleset == ruleset.name]
        stages.append(
            {
                "environment": stage,
                "live": live,
                "number": numbers.get(live or ""),
                "since": found[0].since if found else None,
                "by": found[0].by if found else "",
                "back": numbers.get(back or ""),
                "last": stage.name == chain[-1].name and len(chain) > 1,
            }
        )
    return {"ruleset": ruleset, "stages": stages}
