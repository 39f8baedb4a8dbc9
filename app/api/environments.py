"""Environments: what is live, plan, promote, roll back, and the bindings of their endpoints."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from app import scheduling
from app.api import schemas
from app.api.calls import caller, installation, needs, require
from app.api.document import Resource
from app.api.once import once
from app.api.paging import numbered_page
from app.design import connections, promotions, releases
from app.runtime import switching
from app.security.secrets import Vault
from app.storage import environments as stored

blueprint = Resource(
    "environments", __name__, url_prefix="/v1/environments", description="The chain of stages"
)


@blueprint.route("", methods=["GET"])
@needs("view")
def index() -> Any:
    """The chain, first stage first, with what is live."""
    with installation().database.read() as connection:
        items = [_environment(connection, found) for found in stored.environments(connection)]
    return {"items": items, "next_cursor": None}


@blueprint.route("/<string:name>", methods=["GET"])
@needs("view")
def show(name: str) -> Any:
    """One environment with the latest moves of its pointers."""
    with installation().database.read() as connection:
        found = _environment(connection, promotions.get_environment(connection, name))
        moves = stored.promotions(connection, name, limit=50)
    return {**found, "promotions": [asdict(move) for move in moves]}


@blueprint.route("/<string:name>/plan", methods=["POST"])
@needs("view")
@blueprint.arguments(schemas.PlanBody)
def plan(body: dict[str, Any], name: str) -> Any:
    """What promoting a release here would change, and what stands in the way."""
    with installation().database.read() as connection:
        return promotions.plan(connection, body["release"], name)


@blueprint.route("/<string:name>/promote", methods=["POST"])
@needs("view")
@once
@blueprint.arguments(schemas.PromoteBody)
def promote(body: dict[str, Any], name: str) -> Any:
    """Make a release live here, now or at a moment; never by an author beyond the first try-out, no stage skipped."""
    with installation().database.read() as connection:
        require(promotions.needed(promotions.get_environment(connection, name)))
    if "at" in body:
        return _schedule(body, name)
    moved = promotions.promote_audited(
        installation().database,
        body["release"],
        name,
        caller().who,
        reason=body["reason"],
        expected_live=body.get("expected_live", promotions.ANY),
        on_behalf_of=caller().person,
    )
    return asdict(moved)


def _schedule(body: dict[str, Any], name: str) -> Any:
    with installation().database.begin() as tx:
        made = scheduling.schedule(
            tx,
            body["release"],
            name,
            body["at"],
            caller().who,
            reason=body["reason"],
            expected_live=body.get("expected_live", promotions.ANY),
            on_behalf_of=caller().person,
        )
    return scheduling.shown(made)


@blueprint.route("/<string:name>/scheduled", methods=["GET"])
@needs("view")
@blueprint.arguments(schemas.PageQuery, location="query")
@blueprint.alt_response(200, schema=schemas.Page)
def scheduled(query: dict[str, Any], name: str) -> Any:
    """Promotions that wait for their moment, and what became of earlier ones, the latest moment first."""
    with installation().database.read() as connection:
        promotions.get_environment(connection, name)
        return numbered_page(scheduling.scheduled(connection, name, 1_000), query)


@blueprint.route("/<string:name>/scheduled/<string:promotion>/cancel", methods=["POST"])
@needs("view")
@once
@blueprint.arguments(schemas.ReasonBody)
def cancel(body: dict[str, Any], name: str, promotion: str) -> Any:
    """Call a promotion off before its moment, with a reason."""
    with installation().database.read() as connection:
        require(promotions.needed(promotions.get_environment(connection, name)))
    with installation().database.begin() as tx:
        return scheduling.cancel(tx, name, promotion, caller().who, body["reason"])


@blueprint.route("/<string:name>/rollback", methods=["POST"])
@needs("rollback")
@once
@blueprint.arguments(schemas.RollbackBody)
def rollback(body: dict[str, Any], name: str) -> Any:
    """Put a rule set back on an earlier release, with a reason."""
    with installation().database.begin() as tx:
        moved = promotions.rollback(tx, name, body["ruleset"], caller().who, body["reason"], body.get("to"))
    return asdict(moved)


@blueprint.route("/<string:name>/bindings", methods=["GET"])
@needs("view")
def bindings(name: str) -> Any:
    """The bindings of an environment, without secrets."""
    with installation().database.read() as connection:
        promotions.get_environment(connection, name)
        items = [connections.public(found) for found in stored.bindings(connection, name)]
    return {"items": items, "next_cursor": None}


@blueprint.route("/<string:name>/bindings/<string:endpoint>", methods=["PUT"])
@needs("connect")
@once
@blueprint.arguments(schemas.BindingBody)
def bind(body: dict[str, Any], name: str, endpoint: str) -> Any:
    """Write where and how an endpoint is reached; secrets are write-only."""
    vault = installation().vault or Vault(installation().settings.secret_keys)
    with installation().database.begin() as tx:
        given = (body["transport"], body["settings"], caller().who, body.get("control"))
        bound = connections.bind(tx, vault, name, endpoint, *given)
    return connections.public(bound)


@blueprint.route("/<string:name>/bindings/<string:endpoint>/<any(pause, resume):step>", methods=["POST"])
@needs("operate")
@once
@blueprint.arguments(schemas.ReasonBody)
def pause(body: dict[str, Any], name: str, endpoint: str, step: str) -> Any:
    """Hold back or let go what travels through an endpoint."""
    do = switching.pause if step == "pause" else switching.resume
    do(installation(), name, endpoint, by=caller().who, reason=body["reason"])
    return {"endpoint": endpoint, "paused": step == "pause"}


def _environment(connection: Connection, found: stored.Environment) -> dict[str, Any]:
    live = [
        {**asdict(one), "number": releases.get_release(connection, one.release_id).number}
        for one in stored.deployments(connection, found.name)
    ]
    return {**asdict(found), "live": live}
