"""Limits of intake: how fast and how much an environment takes in, by flow, endpoint and token."""

from typing import Any

from app.api import schemas
from app.api.calls import caller, installation, needs
from app.api.document import Resource
from app.api.once import once
from app.design import promotions
from app.runtime.pressure.setting import Wish, set_limit, shown
from app.storage.limits import Scope

blueprint = Resource("limits", __name__, url_prefix="/v1/environments", description="Limits of intake")


@blueprint.route("/<string:name>/limits", methods=["GET"])
@needs("view")
def index(name: str) -> Any:
    """Limits and weights with what waits now, and those of the whole installation."""
    with installation().database.read() as connection:
        promotions.get_environment(connection, name)
        return shown(connection, name, installation().settings)


@blueprint.route("/<string:name>/limits", methods=["PUT"])
@needs("operate")
@once
@blueprint.arguments(schemas.LimitBody)
def put(body: dict[str, Any], name: str) -> Any:
    """Replace one limit: messages a second, how many may come at once, how many may wait; null is no limit."""
    scope = Scope(name, body["kind"], body["name"])
    wish = Wish(body["rate"], body["burst"], body["backlog"], body["weight"])
    with installation().database.begin() as tx:
        promotions.get_environment(tx, name)
        return set_limit(tx, scope, wish, caller().who, body["reason"])
