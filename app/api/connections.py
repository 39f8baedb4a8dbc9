"""Connections of an environment: how each stands and what waits at it; pause, stop and let go."""

from dataclasses import asdict
from typing import Any

from marshmallow import fields

from app.api import schemas
from app.api.calls import caller, environment, installation, needs
from app.api.document import Resource
from app.api.once import once
from app.api.paging import numbered_page
from app.errors import NothingChosen
from app.runtime import staging, switching
from app.runtime.connection_tests import try_connection
from app.storage import outages

blueprint = Resource(
    "v1-connections", __name__, url_prefix="/v1", description="Connections: breakers, limits, what waits"
)


class ConnectionQuery(schemas.PageQuery):
    """Where."""

    environment = schemas.name()


class ConnectionBody(schemas.ReasonBody):
    """Why, and for a person in which environment."""

    environment = schemas.name()


class StageBody(ConnectionBody):
    """Until when deliveries are held back; without it until a person lets them go."""

    hold_until = fields.AwareDateTime(format="iso", allow_none=True)


class ReleaseStagedBody(ConnectionBody):
    """Which staged deliveries may leave; `until` are those made by then. `all` where nothing narrows it."""

    endpoint = schemas.name()
    ruleset = schemas.name()
    flow = schemas.name()
    until = fields.AwareDateTime(format="iso")
    all = fields.Boolean(load_default=False)


@blueprint.route("/connections", methods=["GET"])
@needs("view")
@blueprint.arguments(ConnectionQuery, location="query")
@blueprint.alt_response(200, schema=schemas.Page)
def index(query: dict[str, Any]) -> Any:
    """Every bound endpoint: paused, breaker, limit, and what waits since when."""
    where = environment(query.get("environment"))
    with installation().database.read() as connection:
        return numbered_page(outages.connections(connection, where), query)


@blueprint.route("/connections/<string:endpoint>/<any(pause, resume, open, close):step>", methods=["POST"])
@needs("operate")
@once
@blueprint.arguments(ConnectionBody)
def act(body: dict[str, Any], endpoint: str, step: str) -> Any:
    """Pause or resume a connection; open its breaker for good, or close it without waiting for a probe."""
    where = environment(body.get("environment"))
    _STEPS[step](installation(), where, endpoint, by=caller().who, reason=body["reason"])
    return {"endpoint": endpoint, "environment": where, "step": step}


@blueprint.route("/connections/<string:endpoint>/test", methods=["POST"])
@needs("operate")
@blueprint.arguments(schemas.EnvironmentQuery)
def test(body: dict[str, Any], endpoint: str) -> Any:
    """Try a connection without side effects: works, refused or failing, what was found, and what to do about it."""
    where = environment(body.get("environment"))
    return asdict(try_connection(installation(), where, endpoint))


@blueprint.route("/connections/<string:endpoint>/<any(stage, unstage):step>", methods=["POST"])
@needs("operate")
@once
@blueprint.arguments(StageBody)
def stage(body: dict[str, Any], endpoint: str, step: str) -> Any:
    """Hold back what is made for this endpoint from now on, or no longer."""
    where = environment(body.get("environment"))
    staging.stage(
        installation(),
        where,
        endpoint,
        step == "stage",
        by=caller().who,
        reason=body["reason"],
        hold_until=body.get("hold_until"),
    )
    return {"endpoint": endpoint, "environment": where, "staged": step == "stage"}


@blueprint.route("/deliveries/release", methods=["POST"])
@needs("operate")
@once
@blueprint.arguments(ReleaseStagedBody)
def release(body: dict[str, Any]) -> Any:
    """Let staged deliveries leave: by endpoint, rule set, flow or time, or all."""
    where = environment(body.pop("environment", None))
    everything = body.pop("all")
    if not everything and not body.keys() - {"reason"}:
        raise NothingChosen()
    return {
        "environment": where,
        "released": staging.release_staged(installation(), where, by=caller().who, **body),
    }


_STEPS: dict[str, Any] = {
    "pause": switching.pause,
    "resume": switching.resume,
    "open": switching.open_breaker,
    "close": switching.close_breaker,
}
