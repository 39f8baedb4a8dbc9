"""The HTTP interface under /v1: one module a noun, marshmallow schemas, problem+json for every error.

A call comes in, `calls` finds out who it is from (a machine's Bearer token or a person's session),
the resource reads its arguments by a schema that refuses unknown fields, asks one service of
`app.design` or `app.runtime`, and answers plain JSON. `problems` turns every exception into
application/problem+json; `document` describes it all as OpenAPI.

Invariants: who calls is settled before anything of the call is read; a body is read completely and
compared with its announced length before anybody looks at it; nothing is answered 202 before it is
durable; no rule of who may do what lives only here.
"""

from flask import Flask, Response

from app.api import (
    audit,
    calls,
    connections,
    deliveries,
    edits,
    environments,
    health,
    intake,
    lanes,
    limits,
    messages,
    once,
    problem_groups,
    problems,
    releases,
    replays,
    rulesets,
)
from app.api.document import make_api, register_pages

__all__ = ["problems", "register", "serves"]

_NOUNS = (
    intake, limits, messages, deliveries, lanes, connections, edits, problem_groups, replays,
    rulesets, releases, environments, audit,
)  # fmt: skip
_PATHS = ("/v1/", "/health/", "/metrics", "/openapi.json", "/docs")


def register(app: Flask) -> None:
    """Add the API to the application."""
    once.register(app)
    api = make_api(app)
    for noun in _NOUNS:
        api.register_blueprint(noun.blueprint)
    app.register_blueprint(health.blueprint)
    register_pages(app, api)

    @app.after_request
    def name_the_journey(response: Response) -> Response:
        if serves_request():
            response.headers["X-Correlation-Id"] = calls.correlation_id()
        return response


def serves(path: str) -> bool:
    """Whether a path belongs to the API."""
    return path.startswith(_PATHS)


def serves_request() -> bool:
    """Whether the present request is a call of the API."""
    from flask import request

    return serves(request.path)
