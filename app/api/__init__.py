"""The HTTP interface under /v1: one module a noun, marshmallow schemas, problem+json for every error.

A call comes in, `access` finds out who it is from (a machine's Bearer token or a person's session),
the resource reads its arguments by a schema that refuses unknown fields, asks one service of
`app.design` or `app.runtime`, and answers plain JSON. `problems` turns every exception into
application/problem+json; `document` describes it all as OpenAPI.

Invariants: a body is read completely and compared with its announced length before anybody looks
at it; nothing is answered 202 before it is durable; no rule of who may do what lives only here.
"""

from flask import Flask


def register(app: Flask) -> None:
    """Add the API to the application."""
