"""Look for messages, see all of one, retry, replay or discard it."""

from dataclasses import asdict, is_dataclass
from typing import Any

from flask import Response

from app.api import schemas
from app.api.calls import caller, environment, installation, needs
from app.api.document import Resource
from app.api.once import once
from app.api.paging import cursors
from app.runtime import recovery
from app.storage import queries
from app.storage.unknown import no_id

blueprint = Resource(
    "v1-messages", __name__, url_prefix="/v1/messages", description="Messages and their story"
)
_RAW = {"responses": {"200": {"description": "The bytes", "content": {"application/octet-stream": {}}}}}


class StepBody(schemas.ReasonBody):
    """Why, and for retry and replay which release: original, current or an id."""

    release = schemas.text(64, 1, load_default="original")


@blueprint.route("", methods=["GET"])
@needs("view")
@blueprint.arguments(schemas.MessageQuery, location="query")
@blueprint.alt_response(200, schema=schemas.Page)
def search(query: dict[str, Any]) -> Any:
    """Messages, latest first, by business key, state, flow, endpoint, time or text."""
    where = environment(query.pop("environment", None))
    with installation().database.read() as connection, cursors():
        page = queries.search_messages(connection, where, **query)
    return {"items": page.items, "next_cursor": page.next_cursor}


@blueprint.route("/<string:message_id>", methods=["GET"])
@needs("view")
def show(message_id: str) -> Any:
    """Everything about one message; the bytes have a call of their own."""
    found = view(message_id)
    return {name: value for name, value in found.items() if name != "raw"} | {
        "deliveries": readable(found["deliveries"])
    }


@blueprint.route("/<string:message_id>/raw", methods=["GET"])
@blueprint.doc(**_RAW)
@needs("view")
def raw(message_id: str) -> Response:
    """The bytes as they came in; always as a download, whatever they claim to be."""
    headers = {"Content-Disposition": "attachment"}
    return Response(view(message_id)["raw"], content_type="application/octet-stream", headers=headers)


@blueprint.route("/<string:message_id>/<any(document, outcome, lineage):part>", methods=["GET"])
@needs("view")
def show_part(message_id: str, part: str) -> Any:
    """One part of the story: the decoded document, the outcome, the lineage."""
    return {part: view(message_id)[part]}


@blueprint.route("/<string:message_id>/deliveries", methods=["GET"])
@needs("view")
def deliveries(message_id: str) -> Any:
    """What the message caused, each delivery with its attempts."""
    return {"items": readable(view(message_id)["deliveries"]), "next_cursor": None}


@blueprint.route("/<string:message_id>/<any(retry, replay, discard):step>", methods=["POST"])
@needs("operate")
@once
@blueprint.arguments(StepBody)
def act(body: dict[str, Any], message_id: str, step: str) -> Any:
    """Run a failed message again, replay one as a linked child, or discard one; always with a reason."""
    view(message_id)
    options = {} if step == "discard" else {"release": body["release"]}
    done = _STEPS[step](installation(), message_id, by=caller().who, reason=body["reason"], **options)
    return {"message_id": message_id, "step": step, "result": _plain(done)}


def view(message_id: str) -> dict[str, Any]:
    """A message as the caller may see it; another environment's is not there for a token."""
    refused = no_id("message", message_id)
    token = caller().token
    try:
        with installation().database.read() as connection:
            found = queries.message_view(connection, message_id)
    except (LookupError, ValueError):
        raise refused from None
    if token and found["message"]["environment"] != token.environment:
        raise refused
    return found


def readable(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Deliveries with their bytes as text."""
    return [{**one, "payload": bytes(one["payload"]).decode(errors="replace")} for one in found]


def _plain(done: Any) -> Any:
    if isinstance(done, list):
        return [_plain(one) for one in done]
    return asdict(done) if is_dataclass(done) and not isinstance(done, type) else done


_STEPS: dict[str, Any] = {
    "retry": recovery.retry_message,
    "replay": recovery.replay_message,
    "discard": recovery.discard_message,
}
