"""Lanes, flows and figures of operations: what waits where, held back and let go by a person."""

from dataclasses import asdict
from typing import Any

from marshmallow import fields, validate

from app.api import schemas
from app.api.calls import caller, environment, installation, needs
from app.api.document import Resource
from app.api.once import once
from app.api.paging import cursors
from app.errors import NotFound
from app.runtime import steering
from app.runtime.groups import assign_group
from app.runtime.states import LANE_STATES, lane_state
from app.storage import environments, figures, groups, lane_list
from app.storage.unknown import no_environment, no_id

blueprint = Resource(
    "v1-lanes", __name__, url_prefix="/v1", description="Lanes, flows, worker groups, figures"
)


class LaneQuery(schemas.PageQuery):
    """Which lanes; `all` also shows those in which nothing is to be done."""

    environment = schemas.name()
    state = fields.String(validate=validate.OneOf(LANE_STATES))
    flow = schemas.name()
    endpoint = schemas.name()
    key = schemas.text(300, metadata={"description": "Order key, as the lot"})
    kind = fields.String(validate=validate.OneOf(["inbox", "outbox"]))
    all = fields.Boolean(load_default=False)


class FlowBody(schemas.ReasonBody):
    """Where, and why."""

    environment = schemas.name()


class WorkerGroupBody(FlowBody):
    """Who serves a flow, an endpoint, or neither: everything of the environment. `default` ends it."""

    ruleset = schemas.text(120, load_default="")
    flow = schemas.text(120, load_default="")
    endpoint = schemas.text(120, load_default="")
    group = schemas.text(40, 1, required=True)


@blueprint.route("/lanes", methods=["GET"])
@needs("view")
@blueprint.arguments(LaneQuery, location="query")
@blueprint.alt_response(200, schema=schemas.Page)
def index(query: dict[str, Any]) -> Any:
    """Lanes with work in them or that wait for somebody, longest wait first."""
    where = environment(query.pop("environment", None))
    states = [state] if (state := query.pop("state", None)) else []
    options = {"order_key": query.pop("key", None), "everything": query.pop("all"), **query}
    with installation().database.read() as connection, cursors():
        found, following = lane_list.list_lanes(connection, where, states=states, **options)
        at = installation().database.now(connection)
    return {"items": [{**lane, "state": lane_state(lane, at)} for lane in found], "next_cursor": following}


@blueprint.route("/lanes/<string:lane_id>", methods=["GET"])
@needs("view")
def show(lane_id: str) -> Any:
    """One lane: what is said of it, how much waits in it, what is first."""
    return _lane(lane_id)


@blueprint.route("/lanes/<string:lane_id>/<any(release, pause, resume):step>", methods=["POST"])
@needs("operate")
@once
@blueprint.arguments(schemas.ReasonBody)
def act(body: dict[str, Any], lane_id: str, step: str) -> Any:
    """Let a lane go on past what it waits for, hold it back, or let a paused one go on."""
    _lane(lane_id)
    return _STEPS[step](installation(), lane_id, by=caller().who, reason=body["reason"])


@blueprint.route("/flows/<string:ruleset>/<string:flow>/<any(pause, resume):step>", methods=["POST"])
@needs("operate")
@once
@blueprint.arguments(FlowBody)
def turn(body: dict[str, Any], ruleset: str, flow: str, step: str) -> Any:
    """Hold back what a flow does, or let it go; what comes in meanwhile is stored and waits."""
    where = environment(body.get("environment"))
    policy = steering.pause_flow(
        installation(), where, ruleset, flow, step == "pause", by=caller().who, reason=body["reason"]
    )
    return {"environment": where, "ruleset": ruleset, "flow": flow, **asdict(policy)}


@blueprint.route("/groups", methods=["GET"])
@needs("view")
@blueprint.arguments(schemas.EnvironmentQuery, location="query")
def list_groups(query: dict[str, Any]) -> Any:
    """Which group of workers serves what; everything else belongs to `default`."""
    where = environment(query.get("environment"))
    with installation().database.read() as connection:
        return {"items": [asdict(one) for one in groups.assignments(connection, where)], "next_cursor": None}


@blueprint.route("/groups", methods=["PUT"])
@needs("connect")
@once
@blueprint.arguments(WorkerGroupBody)
def assign(body: dict[str, Any]) -> Any:
    """Have a group of workers serve a flow, an endpoint or everything of an environment."""
    where = environment(body.get("environment"))
    wanted = groups.Assignment(where, body["ruleset"], body["flow"], body["endpoint"], body["group"])
    with installation().database.begin() as tx:
        if environments.environment(tx, where) is None:
            raise NotFound(no_environment(tx, where))
        return asdict(assign_group(tx, wanted, caller().who, body["reason"]))


@blueprint.route("/figures", methods=["GET"])
@needs("view")
@blueprint.arguments(schemas.EnvironmentQuery, location="query")
def show_figures(query: dict[str, Any]) -> Any:
    """The screen of operations: what waits for whom since when, what is stuck, how fast it leaves."""
    where = environment(query.get("environment"))
    with installation().database.read() as connection:
        return figures.figures(connection, where)


def _lane(lane_id: str) -> dict[str, Any]:
    refused = no_id("lane", lane_id)
    token = caller().token
    try:
        with installation().database.read() as connection:
            found = lane_list.one_lane(connection, lane_id)
            at = installation().database.now(connection)
    except (LookupError, ValueError):
        raise refused from None
    if token and found["environment"] != token.environment:
        raise refused
    return {**found, "state": lane_state(found, at)}


_STEPS: dict[str, Any] = {
    "release": steering.release_lane,
    "pause": steering.pause_lane,
    "resume": steering.resume_lane,
}
