"""Rules as cards: when, then, because, each edited where it stands."""

from typing import Any

from flask import render_template, request

from app.web.access import requires
from app.web.edits import Edited, change
from app.web.errors import page_blueprint
from app.web.workspace import Workspace, open_workspace
from dsl import edits, forms

blueprint = page_blueprint("rules", __name__)


@blueprint.get("/rulesets/<name>/rules/<item>")
@requires("view")
def show(name: str, item: str) -> Any:
    """Rules as cards."""
    return render_template("rules.html", **_context(open_workspace(name), item))


@blueprint.post("/rulesets/<name>/rules/<item>")
@requires("edit")
def edit(name: str, item: str) -> Any:
    """Change the rules and show them again."""
    form = request.form
    done = change(name, form.get("file", ""), form.get("etag", ""), lambda here: _edits(here, item, form))
    return render_template("rules_work.html", oob=True, **_context(done.here, item, done)), done.status


def _edits(here: Workspace, item: str, form: Any) -> Any:
    path, _ = here.find("rules", item)
    parsed, rule, text = here.parsed(path), form.get("rule", ""), form.get("text", "").strip()
    match form.get("do"):
        case "first":
            return edits.set_first_only(parsed, item, text == "first")
        case "let":
            return edits.set_let(parsed, item, form.get("name", ""), text)
        case "add":
            return edits.add_rule(parsed, item, form["name"], form.get("when", ""), form["action"])
        case "rename":
            return edits.rename_rule(parsed, item, rule, text)
        case "remove":
            return edits.remove_rule(parsed, item, rule)
        case "move":
            return edits.move_rule(parsed, item, rule, form.get("before") or None)
        case "when":
            return edits.set_when(parsed, item, rule, text)
        case "because":
            return edits.set_because(parsed, item, rule, " ".join(text.split()))
        case "action" | "add action" | "remove action" | "move action":
            return _action_edits(parsed, item, rule, text, form)
        case _:
            return here.fix_edits(form.get("code", ""), form.get("place", ""), int(form.get("fix", 0)))


def _action_edits(parsed: Any, item: str, rule: str, text: str, form: Any) -> Any:
    match form["do"]:
        case "action":
            return edits.set_action(parsed, item, rule, int(form["number"]), text)
        case "add action":
            return edits.add_action(parsed, item, rule, text)
        case "remove action":
            return edits.remove_action(parsed, item, rule, int(form["number"]))
        case _:
            return edits.move_action(parsed, item, rule, int(form["number"]), int(form["before"]))


def _context(here: Workspace, item: str, done: Edited | None = None) -> dict[str, Any]:
    path, _ = here.find("rules", item)
    form, findings = forms.rules_form(here.parsed(path), item), here.findings(f"rules/{item}")
    shown = {rule["id"] for rule in form["rules"]} | {let["target"] for let in form["lets"]}
    for let in form["lets"]:
        let["text"] = _let_text(here, path, let)
    return {
        "here": here,
        "path": path,
        "form": form,
        "etag": here.stored[path].etag,
        "findings": findings,
        "loose": (done.findings if done else [])
        + [found for found in findings if found["subject"].rpartition("/")[2] not in shown],
        "offered": _offered(here),
        "done": done,
    }


def _let_text(here: Workspace, path: str, let: dict[str, Any]) -> str:
    """The whole line of a named value, without its `let`: formula and what happens where it fails."""
    parsed = here.parsed(path)
    line = parsed.tree.line_at(parsed.source.offset(let["line"], 1))
    text = parsed.source.slice(line.span) if line is not None else ""
    return text.removeprefix("let").strip() or f"{let['target']} = {let['expression']}"


def _offered(here: Workspace) -> list[str]:
    """Beginnings of actions: what can be sent where."""
    program = here.trial.program
    manifest = program.manifest
    ends = [one for one in manifest.endpoints.values() if one.direction == "out"] if manifest else []
    maps = {f"{m.target.name}@{m.target.version}": name for name, m in program.maps.items()}
    return [f"send {one.name} using {maps[one.schema]}" for one in ends if one.schema in maps]
