"""Deliveries of an environment: what left, what did not."""

from dataclasses import asdict
from typing import Any

from app.api import schemas
from app.api.calls import caller, environment, installation, needs
from app.api.document import Resource
from app.api.messages import readable
from app.api.once import once
from app.api.paging import cursors
from app.runtime import recovery, staging
from app.storage import queries
from app.storage.unknown import no_id

blueprint = Resource("v1-deliveries", __name__, url_prefix="/v1", description="Deliveries")


class DeliveryQuery(schemas.PageQuery):
    """Which deliveries."""

    environment = schemas.name()
    state = schemas.name()
    endpoint = schemas.name()
    message_id = schemas.name()


@blueprint.route("/deliveries", methods=["GET"])
@needs("view")
@blueprint.arguments(DeliveryQuery, location="query")
@blueprint.alt_response(200, schema=schemas.Page)
def index(query: dict[str, Any]) -> Any:
    """Deliveries, latest first."""
    where = environment(query.pop("environment", None))
    with installation().database.read() as connection, cursors():
        page = queries.deliveries(connection, where, **query)
    return {"items": page.items, "next_cursor": page.next_cursor}


@blueprint.route("/deliveries/<string:delivery_id>", methods=["GET"])
@needs("view")
def show(delivery_id: str) -> Any:
    """One delivery with its attempts and the bytes that are sent."""
    return readable([view_delivery(delivery_id)])[0]


@blueprint.route(
    "/deliveries/<string:delivery_id>/<any(retry, confirm, discard, release):step>", methods=["POST"]
)
@needs("operate")
@once
@blueprint.arguments(schemas.ReasonBody)
def act(body: dict[str, Any], delivery_id: str, step: str) -> Any:
    """Send again, say that it did arrive, give it up, or let a staged one leave; always with a reason."""
    view_delivery(delivery_id)
    done = _STEPS[step](installation(), delivery_id, by=caller().who, reason=body["reason"])
    return {"delivery_id": delivery_id, "step": step, "result": asdict(done)}


def view_delivery(delivery_id: str) -> dict[str, Any]:
    """A delivery as the caller may see it; another environment's is not there for a token."""
    refused = no_id("delivery", delivery_id)
    token = caller().token
    try:
        with installation().database.read() as connection:
            found = queries.delivery_view(connection, delivery_id)
    except (LookupError, ValueError):
        raise refused from None
    if token and found["environment"] != token.environment:
        raise refused
    return found


_STEPS: dict[str, Any] = {
    "retry": recovery.retry_delivery,
    "confirm": recovery.confirm_delivery,
    "discard": recovery.discard_delivery,
    "release": staging.release_delivery,
}
