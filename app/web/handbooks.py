"""The documentation of a rule set: its maps, tables, rules and the rest, with their tests."""

import io
from typing import Any

from flask import render_template, send_file

from app.design.handbooks import handbook_page
from app.web.access import requires
from app.web.errors import page_blueprint
from app.web.workspace import open_workspace
from dsl.handbook import handbook

blueprint = page_blueprint("handbooks", __name__)


@blueprint.get("/rulesets/<name>/documentation")
@requires("view")
def show(name: str) -> Any:
    """Everything the rule set holds, for reading."""
    here = open_workspace(name)
    return render_template("handbook.html", here=here, book=handbook(here.trial.program))


@blueprint.get("/rulesets/<name>/documentation.html")
@requires("view")
def take_out(name: str) -> Any:
    """The same as one file."""
    page = handbook_page(open_workspace(name).trial.program).encode()
    return send_file(io.BytesIO(page), "text/html", as_attachment=True, download_name=f"{name}.html")
