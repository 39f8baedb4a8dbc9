"""The one way a form changes a file: edits of the text, written only over the state the page was made from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.design.errors import EditConflict
from app.errors import NotFound
from app.web.workspace import Workspace, open_workspace, save_text
from dsl import edits
from dsl.diagnostics import Diagnostic, to_json
from dsl.errors import DslError
from dsl.source import Source


@dataclass(frozen=True)
class Edited:
    """How a change ended. `here` is the rule set as it is stored afterwards."""

    here: Workspace
    status: int = 200
    refused: bool = False
    conflict: EditConflict | None = None
    findings: list[dict[str, Any]] = field(default_factory=list)


def change(name: str, file: str, etag: str, make: Callable[[Workspace], Any]) -> Edited:
    """Make edits for the present text and write it; say why where that does not go."""
    here = open_workspace(name)
    if file not in here.stored:
        raise NotFound(f"rule set {name} has no file {file}")
    if here.stored[file].etag != etag:
        return _conflict(here, file)
    try:
        made = [edit for edit in make(here) if edit.file in ("", file)]
        text = edits.apply_edits(here.text(file), made)
    except DslError as error:
        return Edited(here, 422, refused=True, findings=_why(error, file, here))
    try:
        save_text(name, file, text, etag)
    except EditConflict as error:
        return Edited(open_workspace(name), error.status, conflict=error)
    return Edited(open_workspace(name))


def _conflict(here: Workspace, file: str) -> Edited:
    stored = here.stored[file]
    error = EditConflict(f"{stored.updated_by} changed {file} since you opened this page.")
    return Edited(here, error.status, conflict=error)


def _why(error: DslError, file: str, here: Workspace) -> list[dict[str, Any]]:
    found = error.details.get("diagnostics") or ()
    sources = {file: Source(file, here.text(file))}
    shown = [{**to_json(d, sources), "place": ""} for d in found if isinstance(d, Diagnostic)]
    plain = {
        "code": error.code,
        "severity": "error",
        "message": error.message,
        "help": [],
        "fixes": [],
        "place": "",
    }
    return [{**one, "fixes": []} for one in shown] or [plain]
