"""The text editor: files at the left, CodeMirror, a sample's preview and the findings at the right."""

from pathlib import PurePosixPath
from typing import Any

from flask import jsonify, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.exceptions import BadRequest

from app.design import rulesets
from app.design.errors import EditConflict
from app.errors import NotFound
from app.web import previews
from app.web.access import installation, requires
from app.web.errors import page_blueprint
from app.web.workspace import Workspace, open_workspace, save_text
from dsl import completion, printer
from dsl.source import Source

blueprint = page_blueprint("texts", __name__)

_FOLDERS = ("maps", "tables", "rules", "flows", "tests", "schemas", "lookups", "samples")
_TEXTS = (".mw", ".toml", ".json", ".csv", ".edi", ".x12", ".txt", ".md", ".xml")
_SHOWN_LIMIT = 1_000_000


@blueprint.get("/rulesets/<name>/files/")
@requires("view")
def index(name: str) -> Any:
    """The first module."""
    here = open_workspace(name)
    modules = [path for path in sorted(here.files) if path.endswith(".mw")]
    return redirect(url_for("texts.show", name=name, path=modules[0] if modules else rulesets.MANIFEST))


@blueprint.get("/rulesets/<name>/files/<path:path>")
@requires("view")
def show(name: str, path: str) -> Any:
    """One file in the editor."""
    here = open_workspace(name)
    if path not in here.stored:
        raise NotFound(f"rule set {name} has no file {path}")
    file, choices = here.stored[path], previews.choices(here, path)
    return render_template(
        "text.html",
        here=here,
        path=path,
        file=file,
        readable=path.endswith(_TEXTS) and len(file.content) <= _SHOWN_LIMIT,
        folders=_folders(here),
        choices=choices,
        sample=_sample(here, choices),
    )


@blueprint.put("/rulesets/<name>/files/<path:path>")
@requires("edit")
def save(name: str, path: str) -> Any:
    """Write the text; 412 with the present text where somebody was faster."""
    asked = asked_for("text", "etag")
    try:
        stored = save_text(name, path, asked["text"], asked["etag"])
    except EditConflict as error:
        return jsonify(clash(name, path, error)), error.status
    return jsonify({"etag": stored.etag, "message": "Saved"})


@blueprint.post("/rulesets/<name>/files/")
@requires("edit")
def create(name: str) -> Any:
    """A new, empty file."""
    path = request.form.get("path", "").strip()
    with installation().database.begin() as tx:
        made = rulesets.write_file(tx, name, path, b"", current_user.login, "")
    return redirect(url_for("texts.show", name=name, path=made.path))


@blueprint.post("/rulesets/<name>/check")
@requires("view")
def check(name: str) -> Any:
    """Findings of the whole rule set with this text in place of the stored one."""
    return jsonify({"diagnostics": typed(name).findings()})


@blueprint.post("/rulesets/<name>/complete")
@requires("view")
def complete(name: str) -> Any:
    """What can stand at an offset of the text."""
    here, asked = typed(name), asked_for("path", "offset")
    return jsonify({"options": completion.complete(here.trial.program, asked["path"], int(asked["offset"]))})


@blueprint.post("/rulesets/<name>/format")
@requires("view")
def format_text(name: str) -> Any:
    """The text in its canonical form."""
    asked = asked_for("path", "text")
    return jsonify({"text": printer.format_text(Source(asked["path"], asked["text"]))})


@blueprint.post("/rulesets/<name>/preview")
@requires("view")
def preview(name: str) -> Any:
    """What a flow or map makes of a sample with this text."""
    here = open_workspace(name)
    if request.form.get("path") in here.files:
        here = here.with_text(request.form["path"], request.form.get("text", ""))
    shown = previews.preview(here, request.form.get("subject", ""), request.form.get("sample", ""))
    return render_template("preview.html", shown=shown, here=here)


def _sample(here: Workspace, choices: list[dict[str, Any]]) -> str:
    """A sample that what is run first can read."""
    kind, _, item = next((one["subject"] for one in choices if one["chosen"]), "").partition("/")
    usable = previews.fitting_samples(here, item) if kind == "map" else previews.flow_samples(here, item)
    return previews.chosen_sample(here, request.args.get("sample"), usable)


def typed(name: str) -> Workspace:
    """The rule set with the text of the request in place of the stored one."""
    asked = asked_for("path", "text")
    here = open_workspace(name)
    known = asked["path"] in here.files
    return here.with_text(asked["path"], asked["text"]) if known else here


def asked_for(*names: str) -> dict[str, Any]:
    """The body of the request, which has to have these."""
    body = request.get_json()
    if not isinstance(body, dict) or any(name not in body for name in names):
        raise BadRequest(f"the request needs {', '.join(names)}")
    return body


def clash(name: str, path: str, error: EditConflict) -> dict[str, Any]:
    """What the editor needs to show both texts."""
    with installation().database.read() as connection:
        present = rulesets.read_file(connection, name, path)
    return {
        "message": error.message,
        "text": present.content.decode("utf-8", "replace"),
        "etag": present.etag,
    }


def _folders(here: Workspace) -> list[tuple[str, list[dict[str, Any]]]]:
    grouped: dict[str, list[dict[str, Any]]] = {}
    errors: dict[str, int] = {}
    for found in here.findings():
        if found["severity"] == "error":
            errors[found["file"]] = errors.get(found["file"], 0) + 1
    for path in sorted(here.files):
        folder = PurePosixPath(path).parts[0] if "/" in path else ""
        label = path.removeprefix(f"{folder}/")
        grouped.setdefault(folder, []).append({"path": path, "label": label, "errors": errors.get(path, 0)})
    order = {folder: index for index, folder in enumerate(("", *_FOLDERS))}
    return sorted(grouped.items(), key=lambda pair: (order.get(pair[0], 99), pair[0]))
