"""Replays and other batches: choose messages, see what would be sent differently, run, pause, cancel."""

import time
from collections.abc import Sequence
from typing import Any, TypeVar

from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.exceptions import BadRequest

from app.errors import AppError, NotFound
from app.runtime import batches
from app.runtime.differing import Report
from app.runtime.dry_runs import check_some
from app.storage import batches as stored
from app.storage.batches import ACTIVE_STATES, Batch
from app.storage.cursors import read_cursor, row_cursor
from app.storage.messages import keys_of
from app.storage.selecting import Filter
from app.web.access import installation, requires
from app.web.clocktimes import typed_time
from app.web.errors import page_blueprint
from app.web.frame import current_environment
from app.web.messages import STATES

blueprint = page_blueprint("replays", __name__)

_TEXTS = ("flow", "endpoint", "key", "code", "fingerprint")
_AS = {"endpoint": "through"}
_SHOWN = 50
_AT_ONCE_SECONDS = 1.5
Word = TypeVar("Word", bound=str)


@blueprint.get("/replays")
@requires("view")
def index() -> Any:
    """Batches of the environment, latest first."""
    cursor, here = request.args.get("cursor", ""), current_environment()
    with installation().database.read() as tx:
        try:
            found = stored.batches(tx, here, read_cursor(cursor) if cursor else None, _SHOWN + 1)
        except ValueError as error:
            raise BadRequest(str(error)) from None
    last = found[_SHOWN - 1] if len(found) > _SHOWN else None
    more = url_for("replays.index", cursor=row_cursor(last.created_at, last.id)) if last else ""
    return render_template("replays.html", batches=found[:_SHOWN], more=more, here=here)


@blueprint.get("/replays/new")
@requires("operate")
def prepare() -> Any:
    """The form; what the list of messages was filtered by stands in it."""
    asked = {
        name: request.args.get(_AS.get(name, name), "").strip()
        for name in (*_TEXTS, "state", "since", "until", "ids")
    }
    pace = {"rate": batches.DEFAULT_RATE, "share": batches.DEFAULT_SHARE}
    return render_template(
        "replay_new.html", asked=asked, states=STATES[2:], here=current_environment(), pace=pace
    )


@blueprint.post("/replays")
@requires("operate")
def create() -> Any:
    """Make a batch with its dry run."""
    form = request.form
    try:
        made = batches.create(
            installation(),
            current_environment(),
            _filter(),
            by=current_user.login,
            action=_word("action", ("replay", "retry", "discard")),
            release=_word("release", ("original", "current")),
            destinations=form.get("destinations", "").split() or None,
            rate=_number("rate", batches.DEFAULT_RATE),
            share=_number("share", batches.DEFAULT_SHARE),
            reason=form.get("reason", "").strip(),
        )
    except AppError as error:
        flash(f"Not done: {error.message}", "error")
        names = [name for name in (*_TEXTS, "state", "since", "until", "ids") if form.get(name)]
        back: Any = {_AS.get(name, name): form[name] for name in names}
        return redirect(url_for("replays.prepare", **back))
    _check_at_once(made)
    return redirect(url_for("replays.show", batch_id=made.id))


@blueprint.get("/replays/<batch_id>")
@requires("view")
def show(batch_id: str) -> Any:
    """A batch: what its dry run found, and how far it is; the state alone for htmx."""
    found = batches.batch(installation(), batch_id)
    partial = request.headers.get("HX-Request-Type") == "partial"
    with installation().database.read() as tx:
        failed = stored.members(tx, found.id, 0, _SHOWN, state="failed")
        keys = keys_of(tx, _examples(found))
    return render_template(
        "replay_state.html" if partial else "replay.html",
        batch=found,
        report=Report.read(found.report).as_json(),
        failed=failed,
        keys=keys,
        active=found.state in ACTIVE_STATES,
        filter=_words_of(found),
        operate=current_user.can("operate"),
    )


@blueprint.post("/replays/<batch_id>/<any(run, pause, cancel):deed>")
@requires("operate")
def act(batch_id: str, deed: str) -> Any:
    """Begin or go on, stop for a while, or give up what is left."""
    reason, by = request.form.get("reason", "").strip(), current_user.login
    try:
        if deed == "run":
            which = "differing" if request.form.get("which") == "differing" else "all"
            batches.run(installation(), batch_id, by=by, reason=reason, which=which)
        else:
            do = batches.pause if deed == "pause" else batches.cancel
            do(installation(), batch_id, by=by, reason=reason)
    except NotFound:
        raise
    except AppError as error:
        flash(f"Not done: {error.message}", "error")
    return redirect(url_for("replays.show", batch_id=batch_id))


def _filter() -> Filter:
    form = request.form
    said: dict[str, Any] = {name: form.get(name, "").strip() for name in _TEXTS}
    said |= {"state": tuple(filter(None, form.getlist("state"))), "ids": tuple(form.get("ids", "").split())}
    for name in ("since", "until"):
        if form.get(name):
            said[name] = typed_time(name)
    return Filter.read(said)


def _word(name: str, known: Sequence[Word]) -> Word:
    """Which of the known words was chosen; the first where none of them was."""
    given = request.form.get(name)
    return next((word for word in known if word == given), known[0])


def _number(name: str, otherwise: int) -> int:
    given = request.form.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 8 else otherwise


def _check_at_once(made: Batch) -> None:
    """A dry run of a few messages is complete when its page opens."""
    until = time.monotonic() + _AT_ONCE_SECONDS
    while made.state == "checking" and time.monotonic() < until:
        check_some(installation(), made)
        made = batches.batch(installation(), made.id)


def _examples(found: Batch) -> list[str]:
    return [e["message_id"] for group in found.report.get("groups", ()) for e in group["examples"]]


def _words_of(found: Batch) -> list[tuple[str, str]]:
    """The filter as a person reads it."""
    shown = []
    for name, value in found.filter.items():
        several = isinstance(value, list)
        shown.append(
            (
                name,
                ", ".join(map(str, value[:5])) + (" ..." if len(value) > 5 else "")
                if several
                else str(value),
            )
        )
    return shown
