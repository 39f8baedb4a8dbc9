"""Undo, redo and the earlier texts of a file."""

from collections.abc import Iterator
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.exceptions import BadRequest

from app.design import history
from app.design.errors import DesignError
from app.web.access import installation, requires
from app.web.differences import differences
from app.web.errors import page_blueprint
from app.web.workspace import open_workspace

blueprint = page_blueprint("history", __name__)


@blueprint.get("/rulesets/<name>/history/<path:path>")
@requires("view")
def show(name: str, path: str) -> Any:
    """Who changed a file when, and what one change changed."""
    here = open_workspace(name)
    with installation().database.read() as connection:
        versions = history.versions(connection, name, path)
        chosen = _chosen(versions)
        lines = list(_difference(connection, name, path, versions, chosen)) if chosen else []
    return render_template(
        "history.html",
        here=here,
        path=path,
        file=here.stored.get(path),
        versions=versions,
        chosen=chosen,
        lines=lines,
    )


@blueprint.post("/rulesets/<name>/history/<path:path>")
@requires("edit")
def step(name: str, path: str) -> Any:
    """Take a change back, make it again, or put an earlier text back."""
    form, by = request.form, current_user.login
    etag = form.get("etag", "")
    try:
        with installation().database.begin() as tx:
            match form.get("do"):
                case "undo":
                    history.undo(tx, name, path, by, etag)
                case "redo":
                    history.redo(tx, name, path, by, etag)
                case "restore":
                    history.restore(tx, name, path, by, etag, _number(form.get("change", "")))
                case _:
                    raise BadRequest("do is undo, redo or restore")
    except DesignError as error:
        flash(error.message, "warn")
    return redirect(_back(name, path), 303)


def _back(name: str, path: str) -> str:
    """The page the step was made on, where it is one of this rule set."""
    back = request.form.get("back", "")
    return back if back.startswith(f"/rulesets/{name}/") else url_for("history.show", name=name, path=path)


def _chosen(versions: list[Any]) -> Any:
    wanted = request.args.get("change", "")
    return next((one for one in versions if str(one.id) == wanted), versions[0] if versions else None)


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 12:
        raise BadRequest("change is the number of a change")
    return int(text)


def _difference(
    connection: Any, name: str, path: str, versions: list[Any], chosen: Any
) -> Iterator[dict[str, str]]:
    """The lines of a change against the text before it."""
    place = versions.index(chosen)
    before = versions[place + 1] if place + 1 < len(versions) else None
    return differences(*(_text(connection, name, path, change) for change in (before, chosen)))


def _text(connection: Any, name: str, path: str, change: Any) -> str:
    if change is None or not change.etag:
        return ""
    return history.text_at(connection, name, path, change.id).decode("utf-8", "replace")
