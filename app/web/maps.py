"""The form of a map: one row a target field, edited where it stands; each edit changes one line of text."""

import json
from typing import Any

from flask import jsonify, render_template, request, url_for

from app.web import previews
from app.web.access import requires
from app.web.edits import Edited, change
from app.web.errors import page_blueprint
from app.web.mapform import MISSING, MapPage
from app.web.workspace import Workspace, open_workspace
from dsl import completion, edits

blueprint = page_blueprint("maps", __name__)


@blueprint.get("/rulesets/<name>/maps/<item>")
@requires("view")
def show(name: str, item: str) -> Any:
    """The form."""
    return render_template("map.html", **_context(open_workspace(name), item, request.args.get("sample")))


@blueprint.post("/rulesets/<name>/maps/<item>")
@requires("edit")
def edit(name: str, item: str) -> Any:
    """Set or remove a field, or apply an offered fix, and show the form again."""
    form = request.form
    done = change(name, form.get("file", ""), form.get("etag", ""), lambda here: _edits(here, item, form))
    context = _context(done.here, item, form.get("sample"), done, form)
    return render_template("map_work.html", **{**context, "oob": True}), done.status


@blueprint.post("/rulesets/<name>/maps/<item>/complete")
@requires("view")
def complete(name: str, item: str) -> Any:
    """What can stand at an offset of a formula that may not be in the text yet."""
    asked = request.get_json()
    here = open_workspace(name)
    path, text, offset = _spliced(here, item, asked["target"], str(asked["expression"]), int(asked["offset"]))
    return jsonify({"options": completion.complete(here.with_text(path, text).trial.program, path, offset)})


def _edits(here: Workspace, item: str, form: Any) -> Any:
    path, _ = here.find("map", item)
    parsed, target = here.parsed(path), form.get("target", "")
    match form.get("do"):
        case "set":
            handlers = json.loads(form["handlers"]) if form.get("handlers") else None
            return edits.set_field(parsed, item, target, form.get("expression", ""), handlers)
        case "line":
            return edits.set_line(parsed, item, target, form.get("expression", ""))
        case "rows":
            parent, _, own = target.rpartition("[].")
            line = f"each {form.get('expression', '').strip()} into {own}"
            return edits.add_line(parsed, item, line, f"each:{parent}" if parent else "")
        case "add":
            return edits.add_line(parsed, item, form.get("line", ""), form.get("parent", ""))
        case "remove":
            return edits.remove_field(parsed, item, target)
        case _:
            return here.fix_edits(form.get("code", ""), form.get("place", ""), int(form.get("fix", 0)))


def _context(
    here: Workspace, item: str, wanted: str | None, done: Edited | None = None, form: Any = None
) -> dict[str, Any]:
    samples = previews.fitting_samples(here, item)
    sample = previews.chosen_sample(here, wanted, samples)
    everything = (form or request.args).get("all") == "yes"
    page = MapPage(here, item, sample, everything)
    if done and done.refused and form.get("do") in ("set", "line", "rows", "add"):
        _show_refused(page, form, done)
    return {
        "page": page,
        "here": here,
        "done": done,
        "clash": _clash(page, done, form),
        "oob": False,
        "MISSING": MISSING,
    }


def _show_refused(page: MapPage, form: Any, done: Edited) -> None:
    """Keep what was typed in its row, with the reason why it was not written."""
    for row in page.rows:
        if row.address == form.get("target"):
            row.expression = form.get("expression", "")
            row.findings = [*done.findings, *row.findings]
            return
    page.loose[:0] = done.findings


def _clash(page: MapPage, done: Edited | None, form: Any) -> dict[str, Any] | None:
    if done is None or done.conflict is None:
        return None
    keep = {key: value for key, value in form.items() if key in ("do", "target", "expression", "handlers")}
    return {
        "message": done.conflict.message,
        "mine": f"{form.get('target', '')} = {form.get('expression', '')}" if form.get("expression") else "",
        "again": keep if form.get("do") != "fix" else None,
        "attribute": "data-post",
        "text_url": url_for("texts.show", name=page.here.name, path=page.path),
    }


def _spliced(here: Workspace, item: str, target: str, expression: str, offset: int) -> tuple[str, str, int]:
    """The module's text with the formula put in where its row stands (or at the end of the map)."""
    path, node = here.find("map", item)
    text, parsed = here.text(path), here.parsed(path)
    for row in MapPage(here, item, "").form["rows"]:
        if row["id"] == target and row["kind"] in ("field", "let"):
            start = parsed.source.offset(row["line"], 1)
            start = text.index("=", start) + 1
            start = text.index(row["expression"], start)
            end = start + len(row["expression"])
            return path, text[:start] + expression + text[end:], start + offset
    start = text.rfind("end", node.span.start, node.span.end)
    line = f"  {target.rpartition('[].')[2]} = "
    return path, f"{text[:start]}{line}{expression}\n{text[start:]}", start + len(line) + offset
