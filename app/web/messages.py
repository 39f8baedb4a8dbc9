"""Messages: find one by state, flow, business key or text; see its whole journey; try again, replay, discard."""

import json
from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.exceptions import BadRequest

from app.design import rulesets, trials
from app.errors import AppError, NotFound
from app.runtime import recovery
from app.storage import queries, releases
from app.web.access import installation, local_target, requires
from app.web.errors import page_blueprint
from app.web.frame import current_environment
from app.web.journeys import deeds, sentence, timeline

blueprint = page_blueprint("messages", __name__)

STATES = ("received", "waiting", "done", "ignored", "rejected", "held", "dead", "quarantined", "discarded")
_DELIVERY_DEEDS: dict[str, tuple[Callable[..., Any], str]] = {
    "retry": (recovery.retry_delivery, "It will be sent again at once."),
    "discard": (recovery.discard_delivery, "It is discarded: it will not be sent."),
    "confirm": (recovery.confirm_delivery, "It counts as delivered."),
}
_SHOWN_LIMIT = 400_000
_FILTERS = ("state", "flow", "endpoint", "key", "q")


@blueprint.get("/messages")
@requires("view")
def index() -> Any:
    """The list with its filters; the table alone for htmx."""
    here = current_environment()
    asked = {name: request.args.get(name, "").strip() for name in _FILTERS}
    filters: dict[str, Any] = {name: value for name, value in asked.items() if value}
    with installation().database.read() as connection:
        try:
            page = queries.search_messages(connection, here, cursor=request.args.get("cursor"), **filters)
        except ValueError as error:
            raise BadRequest(str(error)) from None
    more = url_for("messages.index", cursor=page.next_cursor, **filters) if page.next_cursor else ""
    partial = request.headers.get("HX-Request-Type") == "partial"
    template = "message_list.html" if partial else "messages.html"
    known = {} if partial else _known()
    return render_template(
        template, recent=page.items, more=more, asked=asked, states=STATES, here=here, known=known
    )


@blueprint.get("/messages/<message_id>")
@requires("view")
def show(message_id: str) -> Any:
    """One message."""
    view = _view(message_id)
    message, decided = view["message"], view["outcome"]
    with installation().database.read() as connection:
        record = releases.release_record(connection, message["release_id"])
    return render_template(
        "message.html",
        view=view,
        message=message,
        outcome=decided,
        sent=[_sent(delivery, decided) for delivery in view["deliveries"]],
        raw=view["raw"][:_SHOWN_LIMIT].decode("utf-8", "replace"),
        release=f"r{record.number} ({record.id[:12]})" if record else "",
        record=record,
        sentence=sentence(view),
        timeline=timeline(view),
        deeds=deeds(message["state"], bool(message["flow"])) if current_user.can("operate") else (),
    )


@blueprint.post("/messages/<message_id>/<any(retry, replay, discard):deed>")
@requires("operate")
def act(message_id: str, deed: str) -> Any:
    """Run it again where it stands, run it as a new message, or give it up."""
    reason, by = request.form.get("reason", "").strip(), current_user.login
    release = "current" if request.form.get("release") == "current" else "original"
    try:
        if deed == "retry":
            recovery.retry_message(installation(), message_id, by=by, reason=reason, release=release)
            flash("It will be processed again at once.", "ok")
        elif deed == "discard":
            recovery.discard_message(installation(), message_id, by=by, reason=reason)
            flash("It is discarded: nothing of it will be sent.", "ok")
        else:
            made = recovery.replay_message(installation(), message_id, by=by, reason=reason, release=release)
            flash("It runs again as this new message.", "ok")
            message_id = made[0].message_id if made else message_id
    except AppError as error:
        flash(f"Not done: {error.message}", "error")
    return redirect(local_target(request.form.get("next") or url_for("messages.show", message_id=message_id)))


@blueprint.post("/deliveries/<delivery_id>/<any(retry, discard, confirm):deed>")
@requires("operate")
def act_on_delivery(delivery_id: str, deed: str) -> Any:
    """Send a dead or uncertain delivery again, give it up, or say that it did arrive."""
    do, words = _DELIVERY_DEEDS[deed]
    try:
        do(installation(), delivery_id, by=current_user.login, reason=request.form.get("reason", "").strip())
        flash(words, "ok")
    except AppError as error:
        flash(f"Not done: {error.message}", "error")
    return redirect(local_target(request.form.get("next")))


def _known() -> dict[str, list[str]]:
    """The flows and incoming endpoints of all rule sets, to choose from."""
    with installation().database.read() as connection:
        names = [one.name for one in rulesets.list_rulesets(connection)]
        programs = [trials.check_files(rulesets.read_files(connection, name)) for name in names]
    endpoints = {e.name for p in programs for e in p.manifest.endpoints.values() if e.direction == "in"}
    return {"flows": sorted({f for p in programs for f in p.flows}), "endpoints": sorted(endpoints)}


def _view(message_id: str) -> dict[str, Any]:
    with installation().database.read() as connection:
        try:
            view: dict[str, Any] = queries.message_view(connection, message_id)
        except LookupError:
            raise NotFound(f"there is no message {message_id}") from None
    return view


def _sent(delivery: dict[str, Any], decided: dict[str, Any]) -> dict[str, Any]:
    """A delivery with what it carries, and the lineage of the action that caused it."""
    text = delivery["payload"][:_SHOWN_LIMIT].decode("utf-8", "replace")
    cause = ("rules", "rule", "ordinal", "endpoint")
    found = [a for a in decided.get("actions", ()) if all(a.get(name) == delivery[name] for name in cause)]
    try:
        content = json.loads(text) if "json" in delivery["media_type"] else None
    except ValueError:
        content = None
    return {
        **delivery,
        "content": content,
        "text": text,
        "lineage": found[0].get("lineage", {}) if found else {},
    }
