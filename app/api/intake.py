"""Hand in a message: the one call machines make all day."""

from typing import Any

from flask import Response, request

from app.api import schemas
from app.api.calls import correlation_id, installation, needs, require
from app.api.document import Resource
from app.api.problems import problem
from app.runtime import intake
from app.runtime.replying import await_reply
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


REFUSED = "mapwright.refused"
"""What `app.express` was refused is answered here, like everything else that is refused."""
BULK = "application/x-ndjson"
_LATER = {
    "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds after which to send it again"}
}


@blueprint.before_request
def refuse_early() -> None:
    """What is hopeless now is refused before who sends it is looked up and before its body is read."""
    if REFUSED in request.environ:
        raise request.environ[REFUSED]
    given = request.headers.get("Authorization", "").partition(" ")[2].strip()
    installation().gate.peek(
        given.split("_")[1] if given.count("_") > 1 else "", (request.view_args or {})["endpoint"]
    )


@blueprint.route("/<string:endpoint>", methods=["POST"])
@blueprint.doc(**_BODY, **_HEADERS)
@blueprint.alt_response(
    202, schema=schemas.Accepted, description="Durable; a list where the body held several"
)
@blueprint.alt_response(429, schema=schemas.Problem, headers=_LATER, description="Over a limit of the sender")
@blueprint.alt_response(503, schema=schemas.Problem, headers=_LATER, description="Not now: the installation")
@needs("send")
def accept(endpoint: str) -> Any:
    """Take a body in; 202 means that it is durable. As application/x-ndjson, every line is a body.

    A synchronous flow answers 200 with its reply, 422 where it ended without one, and 202 where it takes
    longer than the server lets a sender wait: the reply is kept, and the same key brings it later.
    """
    token = require("send").token
    if token is None:
        raise NotPermitted("only a token sends")
    if not tokens.allows_endpoint(token, endpoint):
        raise EndpointNotAllowed(details={"endpoint": endpoint})
    body = read_body(request, installation().settings.body_limit)
    given: dict[str, Any] = {
        "correlation_id": request.headers.get("X-Correlation-Id") or correlation_id(),
        "headers": {"traceparent": trace} if (trace := request.headers.get("traceparent", "")) else {},
        "sender": token.id,
    }
    if request.mimetype == BULK:
        return _bulk(intake.accept_lines(installation(), token.environment, endpoint, body, **given))
    accepted = intake.accept(
        installation(),
        token.environment,
        endpoint,
        body,
        media_type=request.headers.get("Content-Type", ""),
        idempotency_key=request.headers.get("Idempotency-Key"),
        **given,
    )
    if len(accepted) == 1 and (
        reply := await_reply(installation(), accepted[0], installation().settings.reply_deadline)
    ):
        return Response(reply.content, 200, reply_headers(accepted[0]), mimetype=reply.media_type)
    return receipt(accepted), 202


def receipt(accepted: list[intake.Accepted]) -> Any:
    """What a sender hears of its messages; a list where the body held several."""
    answers = [_answer(one) for one in accepted]
    return answers[0] if len(answers) == 1 else answers


def reply_headers(one: intake.Accepted) -> dict[str, str]:
    """What the answer of a synchronous flow says of its message."""
    return {"X-Mapwright-Message": one.message_id, "X-Correlation-Id": one.correlation_id}


def _answer(one: intake.Accepted) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("message_id", "correlation_id", "state", "duplicate")}


def _bulk(lines: list[intake.Line]) -> Any:
    refused = [line for line in lines if line.refused is not None]
    if not lines or len(refused) == len(lines):
        told = [_told(line)[0] for line in refused]
        return problem(422, "bulk_refused", "No line of the bulk could be taken.", details=told)
    accepted = [one for line in lines for one in line.accepted]
    duplicates = sum(one.duplicate for one in accepted)
    return {
        "accepted": len(accepted) - duplicates,
        "duplicates": duplicates,
        "refused": len(refused),
        "lines": [told for line in lines for told in _told(line)],
    }, 202


def _told(line: intake.Line) -> list[dict[str, Any]]:
    """What a sender hears of one line; a line may have become several messages."""
    if line.refused is None:
        return [{"line": line.number, **_answer(one)} for one in line.accepted]
    error = line.refused
    details = [dict(error.details)] if error.details else []
    return [{"line": line.number, "code": error.code, "detail": error.message, "details": details}]
