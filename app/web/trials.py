"""Samples and tests: run every test block, see what they cover."""

from collections.abc import Mapping
from typing import Any

from flask import render_template

from app.design import trials
from app.design.errors import NotRunnable
from app.web.access import requires
from app.web.errors import page_blueprint
from app.web.workspace import open_workspace
from rules import testing

blueprint = page_blueprint("trials", __name__)


@blueprint.get("/rulesets/<name>/tests")
@requires("view")
def show(name: str) -> Any:
    """Run the tests and show each result and the coverage."""
    here = open_workspace(name)
    try:
        report = testing.to_json(trials.run_tests(here.files))
    except NotRunnable:
        return render_template("tests.html", here=here, report=None, coverage=[], findings=here.findings())
    return render_template(
        "tests.html", here=here, report=report, coverage=_coverage(report["coverage"]), findings=[]
    )


def _coverage(coverage: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"kind": kind, **group} for kind, group in coverage.items()]
