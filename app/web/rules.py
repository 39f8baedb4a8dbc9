"""Rules and flows as cards: when, then, because; each card leads to its line of text."""

from typing import Any

from flask import render_template

from app.web.access import requires
from app.web.errors import page_blueprint
from app.web.workspace import open_workspace
from dsl import forms

blueprint = page_blueprint("rules", __name__)


@blueprint.get("/rulesets/<name>/rules/<item>")
@requires("view")
def show(name: str, item: str) -> Any:
    """Rules as cards."""
    here = open_workspace(name)
    path, _ = here.find("rules", item)
    form, findings = forms.rules_form(here.parsed(path), item), here.findings(f"rules/{item}")
    return render_template("rules.html", here=here, path=path, form=form, findings=findings)


@blueprint.get("/rulesets/<name>/flows/<item>")
@requires("view")
def show_flow(name: str, item: str) -> Any:
    """What a flow receives and what happens with it."""
    here = open_workspace(name)
    path, _ = here.find("flow", item)
    form, findings = forms.flow_form(here.parsed(path), item), here.findings(f"flow/{item}")
    endpoint = (
        here.trial.program.manifest.endpoints.get(form["endpoint"]) if here.trial.program.manifest else None
    )
    return render_template("flow.html", here=here, path=path, form=form, findings=findings, endpoint=endpoint)
