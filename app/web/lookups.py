"""The form of a value map: rows of keys and results, edited where they stand."""

from typing import Any

from flask import render_template, request

from app.web.access import requires
from app.web.edits import Edited, change
from app.web.errors import page_blueprint
from app.web.workspace import Workspace, open_workspace
from dsl import edits, forms

blueprint = page_blueprint("lookups", __name__)


@blueprint.get("/rulesets/<name>/lookups/<item>")
@requires("view")
def show(name: str, item: str) -> Any:
    """The form."""
    return render_template("lookup.html", **_context(open_workspace(name), item))


@blueprint.post("/rulesets/<name>/lookups/<item>")
@requires("edit")
def edit(name: str, item: str) -> Any:
    """Change the value map and show it again."""
    form = request.form
    done = change(name, form.get("file", ""), form.get("etag", ""), lambda here: _edits(here, item, form))
    return render_template("lookup_work.html", oob=True, **_context(done.here, item, done)), done.status


def _edits(here: Workspace, item: str, form: Any) -> Any:
    path, _ = here.find("lookup", item)
    parsed = here.parsed(path)
    match form.get("do"):
        case "cell":
            rows = {row["id"]: row for row in forms.lookup_form(parsed, item)["rows"]}
            cells = [*rows[form["row"]]["keys"], *rows[form["row"]]["results"]]
            cells[int(form["index"])] = form.get("text", "").strip()
            return edits.set_lookup_row(parsed, item, int(form["row"]), cells)
        case "add":
            cells = [form[name].strip() for name in sorted(form) if name.startswith("cell-")]
            return edits.add_lookup_row(parsed, item, None, cells)
        case "remove":
            return edits.remove_lookup_row(parsed, item, int(form["row"]))
        case _:
            return here.fix_edits(form.get("code", ""), form.get("place", ""), int(form.get("fix", 0)))


def _context(here: Workspace, item: str, done: Edited | None = None) -> dict[str, Any]:
    path, node = here.find("lookup", item)
    findings = here.findings_of(path, node)
    return {
        "here": here,
        "path": path,
        "lookup": forms.lookup_form(here.parsed(path), item),
        "etag": here.stored[path].etag,
        "findings": (done.findings if done else []) + findings,
        "done": done,
    }
