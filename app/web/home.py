"""Home: what came through, what waits for somebody, where to start."""

from typing import Any

from flask import render_template

from app.design import rulesets
from app.runtime.pressure.setting import shown
from app.storage import environments, queries, releases
from app.storage.limits import limits
from app.storage.schema import state_of
from app.web.access import installation, requires
from app.web.errors import page_blueprint
from app.web.frame import current_environment

blueprint = page_blueprint("home", __name__)

_SHOWN = ("received", "done", "ignored", "rejected", "held", "dead", "quarantined")


@blueprint.get("/")
@requires("view")
def show() -> Any:
    """The home page."""
    here = current_environment()
    with installation().database.read() as connection:
        counts = queries.counts(connection, here)
        recent = queries.search_messages(connection, here, limit=8)
        sets = [_card(connection, one) for one in rulesets.list_rulesets(connection)]
        stuck = queries.search_messages(connection, here, state=queries.PROBLEM_STATES, limit=6).items
        broken = queries.deliveries(connection, here, state=("dead", "uncertain"), limit=6).items
        schema = state_of(connection)
        limited = shown(connection, here, installation().settings) if limits(connection, here) else None
    states = [(state, counts["messages"].get(state, 0)) for state in _SHOWN]
    return render_template(
        "home.html",
        states=states,
        counts=counts,
        schema=schema,
        recent=recent.items,
        rulesets=sets,
        problems=stuck,
        deliveries=broken,
        here=here,
        limited=limited,
    )


def _card(connection: Any, ruleset: Any) -> dict[str, Any]:
    numbers = {}
    for stage in environments.environments(connection):
        live = environments.live_release(connection, stage.name, ruleset.name)
        record = releases.release_record(connection, live) if live else None
        numbers[stage.name] = record.number if record else None
    return {"name": ruleset.name, "title": ruleset.title, "live": numbers}
