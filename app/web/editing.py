"""Edit and retry: a person repairs a body or a payload, sees what changes, and says why."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.exceptions import BadRequest

from app.errors import AppError, NotFound
from app.runtime import editing
from app.runtime.fingerprints import STUCK_MESSAGES
from app.storage import queries
from app.web.access import installation, requires
from app.web.errors import page_blueprint

blueprint = page_blueprint("editing", __name__)
_LONGEST = 1_000_000


@blueprint.get("/messages/<message_id>/edit")
@requires("operate")
def message(message_id: str) -> Any:
    """The raw body of a message that waits for a person."""
    view = _message(message_id)
    return _page(view, _text(view["raw"]))


@blueprint.post("/messages/<message_id>/edit")
@requires("operate")
def save_message(message_id: str) -> Any:
    """Show what an edit changes, or carry it out."""
    view, form = _message(message_id), request.form
    text = _as_sent(form.get("content", ""), view["raw"])
    release = "current" if form.get("release") == "current" else "original"
    try:
        if form.get("do") != "save":
            seen = editing.preview_edit(installation(), message_id, text.encode(), release=release)
            return _page(view, text, seen=seen, release=release)
        made = editing.edit_message(
            installation(),
            message_id,
            text.encode(),
            by=current_user.login,
            reason=form.get("reason", ""),
            release=release,
        )
    except AppError as error:
        flash(f"Not done: {error.message}", "error")
        return _page(view, text, release=release)
    flash("It runs as this new message; the original is discarded and linked.", "ok")
    return redirect(url_for("messages.show", message_id=made[0].message_id))


@blueprint.get("/deliveries/<delivery_id>/edit")
@requires("operate")
def delivery(delivery_id: str) -> Any:
    """The payload of a dead delivery."""
    view = _delivery(delivery_id)
    return _delivery_page(view, _text(view["payload"]))


@blueprint.post("/deliveries/<delivery_id>/edit")
@requires("operate")
def save_delivery(delivery_id: str) -> Any:
    """Show what an edit changes, or carry it out."""
    view, form = _delivery(delivery_id), request.form
    text = _as_sent(form.get("content", ""), view["payload"])
    try:
        if form.get("do") != "save":
            found = editing.preview_payload(installation(), delivery_id, text.encode())
            return _delivery_page(view, text, differences=found)
        by, reason = current_user.login, form.get("reason", "")
        editing.edit_delivery(installation(), delivery_id, text.encode(), by=by, reason=reason)
    except AppError as error:
        flash(f"Not done: {error.message}", "error")
        return _delivery_page(view, text)
    flash("The edited payload is sent at once; the original is discarded and linked.", "ok")
    return redirect(url_for("messages.show", message_id=view["message_id"]))


def _page(view: dict[str, Any], text: str, **more: Any) -> str:
    message = view["message"]
    return render_template(
        "edit_message.html",
        message=message,
        text=text,
        editable=message["state"] in STUCK_MESSAGES,
        **{"seen": None, "release": "original", **more},
    )


def _delivery_page(view: dict[str, Any], text: str, **more: Any) -> str:
    editable = view["state"] == "dead"
    return render_template(
        "edit_delivery.html", delivery=view, text=text, editable=editable, **{"differences": None, **more}
    )


def _message(id: str) -> dict[str, Any]:
    with installation().database.read() as tx:
        try:
            return queries.message_view(tx, id)
        except LookupError:
            raise NotFound(f"there is no message {id[:80]}") from None


def _delivery(id: str) -> dict[str, Any]:
    with installation().database.read() as tx:
        try:
            return queries.delivery_view(tx, id)
        except LookupError:
            raise NotFound(f"there is no delivery {id[:80]}") from None


def _text(content: bytes) -> str:
    """A body as text; one that is none, or too long for a page, is edited as a file on the command line."""
    try:
        if len(content) > _LONGEST or b"\x00" in content:
            raise ValueError
        return content.decode("utf-8")
    except ValueError:
        raise BadRequest(
            "this body is no text that fits a page: use `mapwright messages edit ID FILE`"
        ) from None


def _as_sent(text: str, original: bytes) -> str:
    """A browser sends the ends of lines as CR LF; the original's own stay."""
    return text if b"\r\n" in original else text.replace("\r\n", "\n")
