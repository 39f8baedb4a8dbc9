"""Names in the text editor: where one is declared, where it is used, another one for it everywhere."""

from typing import Any

from flask import jsonify
from flask_login import current_user

from app.design import rulesets
from app.design.errors import EditConflict
from app.web.access import installation, requires
from app.web.errors import page_blueprint
from app.web.texts import asked_for, clash, typed
from app.web.workspace import Workspace
from dsl import navigation
from dsl.diagnostics import Edit
from dsl.navigation import Index, Place, RenameRefused
from dsl.source import Source

blueprint = page_blueprint("names", __name__)

_MOST = 500


@blueprint.post("/rulesets/<name>/names/definition")
@requires("view")
def definition(name: str) -> Any:
    """Where what stands at an offset is declared."""
    here, index, path, offset = _at(name)
    return jsonify({"places": [_place(here, one) for one in navigation.definition(index, path, offset)]})


@blueprint.post("/rulesets/<name>/names/references")
@requires("view")
def references(name: str) -> Any:
    """Every place that names it, with its line, and whether it can be renamed."""
    here, index, path, offset = _at(name)
    found = index.at(path, offset)
    places = navigation.references(index, path, offset)[:_MOST]
    refused = ""
    try:
        navigation.nameable(index, path, offset)
    except RenameRefused as why:
        refused = why.message
    shown = [_place(here, one) for one in places]
    return jsonify({"name": found.symbol.name if found else "", "places": shown, "refused": refused})


@blueprint.post("/rulesets/<name>/names/hover")
@requires("view")
def hover(name: str) -> Any:
    """What stands at an offset, in a few words."""
    here, index, path, offset = _at(name)
    return jsonify({"shown": navigation.hover(here.trial.program, path, offset, index)})


@blueprint.post("/rulesets/<name>/names/rename")
@requires("edit")
def rename(name: str) -> Any:
    """Give it another name in every file, and save them all; 412 where somebody was faster."""
    asked = asked_for("path", "text", "offset", "to", "etag")
    here, index, path, offset = _at(name)
    texts = {file: content for file, content in here.files.items() if not file.startswith(rulesets.SAMPLES)}
    try:
        edits = navigation.rename(texts, index, path, offset, str(asked["to"]))
    except RenameRefused as refused:
        return jsonify({"message": refused.message}), 422
    changed = {file: _applied(here, file, edits) for file in sorted({path, *(edit.file for edit in edits)})}
    try:
        etag = _saved(name, here, changed, path, asked["etag"])
    except EditConflict as error:
        return jsonify(clash(name, error.details.get("path", path), error)), error.status
    files = len({edit.file for edit in edits})
    words = f"Renamed at {len(edits)} places in {files} {'file' if files == 1 else 'files'}, and saved"
    return jsonify({"text": changed[path], "etag": etag, "message": words})


def _at(name: str) -> tuple[Workspace, Index, str, int]:
    here, asked = typed(name), asked_for("path", "text", "offset")
    return here, Index(here.trial.program), asked["path"], int(asked["offset"])


def _place(here: Workspace, place: Place) -> dict[str, Any]:
    source = here.trial.program.sources.get(place.file) or Source(place.file, "")
    line, column = source.position(place.span.start)
    end_line, end_column = source.position(place.span.end)
    return {
        "file": place.file,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "text": source.line(line).strip()[:200],
    }


def _applied(here: Workspace, file: str, edits: tuple[Edit, ...]) -> str:
    text = here.text(file)
    for edit in sorted((e for e in edits if e.file == file), key=lambda e: e.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def _saved(name: str, here: Workspace, changed: dict[str, str], path: str, etag: str) -> str:
    """Write all files or none; each has to be as it was read."""
    own = ""
    with installation().database.begin() as tx:
        for file, text in changed.items():
            expected = etag if file == path else here.stored[file].etag
            stored = rulesets.write_file(tx, name, file, text.encode(), current_user.login, expected)
            own = stored.etag if file == path else own
    return own
