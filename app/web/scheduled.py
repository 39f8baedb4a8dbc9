"""Promotions at a set time: schedule one, see what waits and what became of earlier ones, call one off."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask_login import current_user

from app import scheduling
from app.design import promotions
from app.design.errors import PromotionRefused
from app.errors import AppError
from app.security.errors import NotPermitted
from app.web.access import installation, local_target, requires
from app.web.clocktimes import typed_time
from app.web.errors import page_blueprint

blueprint = page_blueprint("scheduled", __name__)

_ENDED = 5


@blueprint.post("/releases/<release_id>/schedule")
@requires("view")
def schedule(release_id: str) -> Any:
    """Have the release become live at a moment."""
    target, reason = request.form.get("environment", ""), request.form.get("reason", "").strip()
    require_mover(target)
    try:
        at = typed_time("at")
        with installation().database.begin() as tx:
            made = scheduling.schedule(
                tx, release_id, target, at, current_user.login, reason=reason,
                expected_live=request.form.get("live", promotions.ANY) or None,
            )  # fmt: skip
        flash(
            f"Release r{made.key} becomes live in {target} at its time; until then it can be called off.",
            "ok",
        )
    except (AppError, PromotionRefused) as error:
        flash(f"Not scheduled: {error.message}", "error")
    return redirect(url_for("releases.show", release_id=release_id, environment=target))


@blueprint.post("/environments/<environment>/scheduled/<promotion_id>/cancel")
@requires("view")
def cancel(environment: str, promotion_id: str) -> Any:
    """Call a promotion off before its moment."""
    require_mover(environment)
    reason = request.form.get("reason", "").strip()
    try:
        with installation().database.begin() as tx:
            done = scheduling.cancel(tx, environment, promotion_id, current_user.login, reason)
        flash(f"Called off: r{done['number']} of {done['ruleset']} does not become live by itself.", "ok")
    except AppError as error:
        flash(f"Not called off: {error.message}", "error")
    return redirect(local_target(request.form.get("next")))


def require_mover(environment: str) -> None:
    """The person may move what is live there. Errors: NotFound, NotPermitted."""
    with installation().database.read() as connection:
        needed = promotions.needed(promotions.get_environment(connection, environment))
    if not current_user.can(needed):
        roles = ", ".join(current_user.roles)
        raise NotPermitted(f"none of your roles ({roles}) allows to {needed} to {environment}")


def shown(connection: Any, environment: str, ruleset: str | None = None) -> list[dict[str, Any]]:
    """What waits, the soonest first, then the latest few that are over; whether the person may call one off."""
    needed = promotions.needed(promotions.get_environment(connection, environment))
    found = [
        {**one, "mine": current_user.can(needed)}
        for one in scheduling.scheduled(connection, environment)
        if ruleset in (None, one["ruleset"])
    ]
    waiting = [one for one in reversed(found) if one["state"] == "waiting"]
    return waiting + [one for one in found if one["state"] != "waiting"][:_ENDED]
