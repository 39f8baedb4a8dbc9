"""Flows and playbooks: what comes in, its order and keys, its steps; what is done about failures."""

from typing import Any

from flask import render_template, request

from app.web.access import requires
from app.web.edits import Edited, change
from app.web.errors import page_blueprint
from app.web.workspace import Workspace, open_workspace
from dsl import edits, forms

blueprint = page_blueprint("flows", __name__)

_PROPERTIES = ("owner", "criticality", "sla", "identify_by", "order_by", "business_time", "playbook")


@blueprint.get("/rulesets/<name>/flows/<item>")
@requires("view")
def show(name: str, item: str) -> Any:
    """The form of a flow."""
    return render_template("flow.html", **_context(open_workspace(name), item))


@blueprint.post("/rulesets/<name>/flows/<item>")
@requires("edit")
def edit(name: str, item: str) -> Any:
    """Change the flow and show it again."""
    form = request.form
    done = change(name, form.get("file", ""), form.get("etag", ""), lambda here: _edits(here, item, form))
    return render_template("flow_work.html", oob=True, **_context(done.here, item, done)), done.status


@blueprint.get("/rulesets/<name>/playbooks/<path:item>")
@requires("view")
def show_playbook(name: str, item: str) -> Any:
    """The form of a playbook."""
    return render_template("playbook.html", **_playbook_context(open_workspace(name), item))


@blueprint.post("/rulesets/<name>/playbooks/<path:item>")
@requires("edit")
def edit_playbook(name: str, item: str) -> Any:
    """Change the playbook and show it again."""
    form = request.form
    done = change(
        name, form.get("file", ""), form.get("etag", ""), lambda here: _playbook_edits(here, item, form)
    )
    return render_template(
        "playbook_work.html", oob=True, **_playbook_context(done.here, item, done)
    ), done.status


def _edits(here: Workspace, item: str, form: Any) -> Any:
    path, _ = here.find("flow", item)
    parsed, text = here.parsed(path), form.get("text", "").strip()
    match form.get("do"):
        case "receive":
            return _receive_edits(parsed, item, form["part"], text)
        case "key":
            return _key_edits(parsed, item, form["name"], text)
        case "add key":
            keys = _keys(parsed, item)
            return edits.set_flow_keys(parsed, item, [*keys.items(), (form["name"].strip(), form["formula"])])
        case "step":
            return edits.set_step(parsed, item, int(form["number"]), text)
        case "add step":
            return edits.add_step(parsed, item, text)
        case "remove step":
            return edits.remove_step(parsed, item, int(form["number"]))
        case "move step":
            return edits.move_step(parsed, item, int(form["number"]), int(form["before"]))
        case property if property in _PROPERTIES:
            return edits.set_flow_property(parsed, item, property, text)
        case _:
            return here.fix_edits(form.get("code", ""), form.get("place", ""), int(form.get("fix", 0)))


def _receive_edits(parsed: Any, item: str, part: str, text: str) -> Any:
    now = forms.flow_form(parsed, item)
    said = {name: now[name] for name in ("endpoint", "variable", "schema", "version")}
    return edits.set_receive(parsed, item, **{**said, part: text})


def _keys(parsed: Any, item: str) -> dict[str, str]:
    return {key["name"]: key["expression"] for key in forms.flow_form(parsed, item)["keys"]}


def _key_edits(parsed: Any, item: str, name: str, text: str) -> Any:
    """Another formula of a key; an empty one takes the key out."""
    keys = {**_keys(parsed, item), name: text}
    return edits.set_flow_keys(parsed, item, [(key, formula) for key, formula in keys.items() if formula])


def _context(here: Workspace, item: str, done: Edited | None = None) -> dict[str, Any]:
    path, node = here.find("flow", item)
    manifest = here.trial.program.manifest
    endpoints = manifest.endpoints if manifest else {}
    form = forms.flow_form(here.parsed(path), item)
    return {
        "here": here,
        "path": path,
        "form": form,
        "etag": here.stored[path].etag,
        "findings": (done.findings if done else []) + here.findings_of(path, node),
        "endpoint": endpoints.get(form["endpoint"]),
        "receives": sorted(name for name, one in endpoints.items() if one.direction == "in"),
        "playbooks": [node.name for _, node in here.declarations("playbook")],
        "done": done,
    }


def _playbook_edits(here: Workspace, item: str, form: Any) -> Any:
    path, _ = here.find("playbook", item)
    parsed, text = here.parsed(path), form.get("text", "").strip()
    match form.get("do"):
        case "runbook":
            return edits.set_runbook(parsed, item, text)
        case "reaction":
            return edits.set_reaction(parsed, item, int(form["number"]), text)
        case "add reaction":
            return edits.add_reaction(parsed, item, text)
        case "remove reaction":
            return edits.remove_reaction(parsed, item, int(form["number"]))
        case _:
            return here.fix_edits(form.get("code", ""), form.get("place", ""), int(form.get("fix", 0)))


def _playbook_context(here: Workspace, item: str, done: Edited | None = None) -> dict[str, Any]:
    path, node = here.find("playbook", item)
    return {
        "here": here,
        "path": path,
        "form": forms.playbook_form(here.parsed(path), item),
        "etag": here.stored[path].etag,
        "findings": (done.findings if done else []) + here.findings_of(path, node),
        "flows": [flow.name for _, flow in here.declarations("flow") if flow.playbook == item],
        "done": done,
    }
