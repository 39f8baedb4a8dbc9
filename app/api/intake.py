"""Hand in a message: the one call machines make all day."""

from typing import Any

from flask import request

from app.api import schemas
from app.api.calls import correlation_id, installation, needs, require
from app.api.document import Resource
from app.runtime import intake
from app.security import tokens
from app.security.bodies import read_body
from app.security.errors import EndpointNotAllowed, NotPermitted

blueprint = Resource("v1-intake", __name__, url_prefix="/v1/in", description="Hand in messages")

_BODY = {
    "requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
}
_HEADERS = {
    "parameters": [
        {"name": name, "in": "header", "schema": {"type": "string"}, "description": about}
        for name, about in (
            ("Idempotency-Key", "The same key and body again answer the first message"),
            ("X-Correlation-Id", "The journey this message belongs to"),
            ("Content-Digest", "sha-256 of the body (RFC 9530); needed for a chunked body"),
        )
    ]
}


@blueprint.route("/<string:endpoint>", methods=["POST"])
@blueprint.doc(**_BODY, **_HEADERS)
@blueprint.alt_response(
    202, schema=schemas.Accepted, description="Durable; a list where the body held several"
)
@needs("send")
def accept(endpoint: str) -> Any:
    """Take a body in; 202 means that it is durable."""
    token = require("send").token
    if token is None:
        raise NotPermitted("only a token sends")
    if not tokens.allows_endpoint(token, endpoint):
        raise EndpointNotAllowed(details={"endpoint": endpoint})
    body = read_body(request, installation().settings.body_limit)
    accepted = intake.accept(
        installation(),
        token.environment,
        endpoint,
        body,
        media_type=request.headers.get("Content-Type", ""),
        idempotency_key=request.headers.get("Idempotency-Key"),
        correlation_id=request.headers.get("X-Correlation-Id") or correlation_id(),
        headers={"traceparent": trace} if (trace := request.headers.get("traceparent", "")) else {},
    )
    answers = [
        {name: getattr(one, name) for name in ("message_id", "correlation_id", "state", "duplicate")}
        for one in accepted
    ]
    return answers[0] if len(answers) == 1 else answers, 202
