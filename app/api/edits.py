"""Edit and retry: a repaired body in the place of a message, a repaired payload in that of a delivery."""

import base64
import binascii
from dataclasses import asdict
from typing import Any

from marshmallow import fields

from app.api import schemas
from app.api.calls import caller, installation, needs
from app.api.deliveries import view_delivery
from app.api.document import Resource
from app.api.messages import view
from app.api.once import once
from app.runtime import editing
from app.runtime.editing import EditRefused

blueprint = Resource("v1-edits", __name__, url_prefix="/v1", description="Edit and retry")


class EditBody(schemas.Strict):
    """The repaired content, as text or in base64. With `dry_run` nothing is written; without it a reason is needed."""

    content = fields.String()
    content_base64 = fields.String()
    reason = schemas.text(1_000, load_default="")
    dry_run = fields.Boolean(load_default=True)


class MessageEditBody(EditBody):
    """Also the release that is to run it: original, current or an id."""

    release = schemas.text(64, 1, load_default="original")


@blueprint.route("/messages/<string:message_id>/edit", methods=["POST"])
@needs("operate")
@once
@blueprint.arguments(MessageEditBody)
def message(body: dict[str, Any], message_id: str) -> Any:
    """Put a repaired body in the place of a message that waits for a person; both stay, linked."""
    view(message_id)
    content, release = _content(body), body["release"]
    if body["dry_run"]:
        seen = editing.preview_edit(installation(), message_id, content, release=release)
        return {
            "message_id": message_id,
            "dry_run": True,
            "document": [one.as_json() for one in seen.document],
            "state": seen.outcome.state,
            "reason": seen.outcome.reason,
            "differences": [one.as_json() for one in seen.outcome.differences],
        }
    made = editing.edit_message(
        installation(), message_id, content, by=caller().who, reason=body["reason"], release=release
    )
    return {"message_id": message_id, "dry_run": False, "edited_as": [asdict(one) for one in made]}


@blueprint.route("/deliveries/<string:delivery_id>/edit", methods=["POST"])
@needs("operate")
@once
@blueprint.arguments(EditBody)
def delivery(body: dict[str, Any], delivery_id: str) -> Any:
    """Put a repaired payload in the place of a dead delivery; it is sent under a key of its own."""
    view_delivery(delivery_id)
    content = _content(body)
    if body["dry_run"]:
        found = editing.preview_payload(installation(), delivery_id, content)
        return {"delivery_id": delivery_id, "dry_run": True, "differences": [one.as_json() for one in found]}
    made = editing.edit_delivery(installation(), delivery_id, content, by=caller().who, reason=body["reason"])
    return {"delivery_id": delivery_id, "dry_run": False, "edited_as": asdict(made)}


def _content(body: dict[str, Any]) -> bytes:
    given = [name for name in ("content", "content_base64") if name in body]
    if len(given) != 1:
        raise EditRefused("give the repaired content once: as content or as content_base64")
    if given == ["content"]:
        return str(body["content"]).encode()
    try:
        return base64.b64decode(body["content_base64"], validate=True)
    except (ValueError, binascii.Error):
        raise EditRefused("content_base64 is no base64") from None
