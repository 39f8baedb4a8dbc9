"""Samples and tests: run every test block, see what they cover."""

from typing import Any

from flask import Blueprint, render_template

from app.design import trials
from app.design.errors import NotRunnable
from app.web.access import requires
from app.web.workspace import open_workspace
from rules import testing

blueprint = Blueprint("trials", __name__)


@blueprint.get("/rulesets/<name>/tests")
@requires("view")
def show(name: str) -> Any:
    """Run the tests and show each result and the coverage."""
    here = open_workspace(name)
    try:
        report = testing.to_json(trials.run_tests(here.files))
    except NotRunnable:
        report = None
    return render_template("tests.html", here=here, report=report, findings=here.findings())
