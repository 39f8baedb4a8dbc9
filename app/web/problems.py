"""Problems: everything that waits for a person, grouped by cause, with what can be done about it."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.exceptions import BadRequest

from app.errors import AppError
from app.runtime import batches
from app.runtime.problem_groups import failures, open_group, shown_group, shown_groups
from app.storage import queries
from app.storage.cursors import read_cursor, row_cursor
from app.storage.selecting import Filter
from app.web.access import installation, requires
from app.web.errors import page_blueprint
from app.web.frame import current_environment

blueprint = page_blueprint("problems", __name__)

_GROUPS = 25
_LATEST = 5
_MEMBERS = 50
HINTS = {
    "dead": "It could not be processed or delivered, and nobody tries again by itself.",
    "held": "A rule asks a person to decide.",
    "quarantined": "Another body came in under an id that was used before, or workers ended while they had it.",
    "rejected": "A map or rule refused it; nothing was sent.",
    "uncertain": "It was sent, and nobody knows whether it arrived: ask the target first.",
}


@blueprint.get("/problems")
@requires("view")
def show() -> Any:
    """Dead letters, held and quarantined messages, and deliveries that nobody tries any more, by their cause."""
    here, start = current_environment(), _start()
    groups = shown_groups(installation(), here, _GROUPS + 1, start)
    with installation().database.read() as tx:
        latest = {
            g["fingerprint"]: failures(tx, open_group(tx, g["fingerprint"]), _LATEST)
            for g in groups[:_GROUPS]
        }
        waiting = queries.deliveries(tx, here, state="retry", limit=_MEMBERS).items if not start else []
    more = url_for("problems.show", start=start + _GROUPS) if len(groups) > _GROUPS else ""
    return render_template(
        "problems.html",
        groups=groups[:_GROUPS],
        latest=latest,
        waiting=waiting,
        more=more,
        here=here,
        hints=HINTS,
    )


@blueprint.get("/problems/<fingerprint>")
@requires("view")
def group(fingerprint: str) -> Any:
    """One group: who is affected, who acts, and every message or delivery in it."""
    cursor = request.args.get("cursor", "")
    with installation().database.read() as tx:
        try:
            found = failures(
                tx, open_group(tx, fingerprint), _MEMBERS + 1, read_cursor(cursor) if cursor else None
            )
        except ValueError as error:
            raise BadRequest(str(error)) from None
    last = found[_MEMBERS - 1] if len(found) > _MEMBERS else None
    more = (
        url_for("problems.group", fingerprint=fingerprint, cursor=row_cursor(last.at, last.id))
        if last
        else ""
    )
    shown = shown_group(installation(), fingerprint)
    return render_template("problem.html", group=shown, failed=found[:_MEMBERS], more=more, hints=HINTS)


@blueprint.post("/problems/<fingerprint>/<any(retry, replay, discard):deed>")
@requires("operate")
def act(fingerprint: str, deed: Any) -> Any:
    """Make a batch of the whole group; it shows what would come of it before anything is done."""
    form = request.form
    with installation().database.read() as tx:
        environment = open_group(tx, fingerprint).kind.environment
    try:
        made = batches.create(
            installation(),
            environment,
            Filter(fingerprint=fingerprint),
            by=current_user.login,
            action=deed,
            release="current" if form.get("release") == "current" else "original",
            reason=form.get("reason", "").strip(),
        )
    except AppError as error:
        flash(f"Not done: {error.message}", "error")
        return redirect(url_for("problems.group", fingerprint=fingerprint))
    return redirect(url_for("replays.show", batch_id=made.id))


def _start() -> int:
    given = request.args.get("start", "0")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 8 else 0
