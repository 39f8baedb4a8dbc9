"""Problems: everything that waits for a person, with its reason and what can be done."""

from typing import Any

from flask import render_template

from app.storage import queries
from app.web.access import installation, requires
from app.web.errors import page_blueprint
from app.web.frame import current_environment

blueprint = page_blueprint("problems", __name__)

_LIMIT = 50


@blueprint.get("/problems")
@requires("view")
def show() -> Any:
    """Dead letters, held and quarantined messages, and deliveries that nobody tries any more."""
    here = current_environment()
    with installation().database.read() as connection:
        messages = {
            state: queries.search_messages(connection, here, state=state, limit=_LIMIT).items
            for state in queries.PROBLEM_STATES
        }
        deliveries = queries.deliveries(
            connection, here, state=("dead", "uncertain", "retry"), limit=_LIMIT
        ).items
    return render_template("problems.html", messages=messages, deliveries=deliveries, here=here)
