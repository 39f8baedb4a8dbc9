"""The API's own description: blueprints that read strictly, OpenAPI 3.1, and a page about it."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from apispec import APISpec
from flask import Blueprint as PlainBlueprint
from flask import Flask, Response, render_template
from flask.json.provider import DefaultJSONProvider
from flask_smorest import Api, Blueprint
from marshmallow import RAISE
from webargs.flaskparser import FlaskParser, abort
from werkzeug.exceptions import UnsupportedMediaType

from app.api import schemas
from app.errors import AppError

VERSION = "1"
_DESCRIPTION = (
    "Machines send a Bearer token, which belongs to one environment and a set of endpoints. People use the "
    "session of the pages with the header X-CSRF-Token on every change. Errors are application/problem+json."
)


class StrictJson(DefaultJSONProvider):
    """Refuses NaN, duplicate names and bottomless nesting; writes exact numbers and RFC 3339 times."""

    sort_keys = False
    ensure_ascii = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Read JSON; ValueError for anything that others might read differently."""
        return strict_loads(s)

    @staticmethod
    def default(o: Any) -> Any:
        """Times as RFC 3339, decimals as text, else as Flask does."""
        if isinstance(o, Decimal):
            return str(o)
        return o.isoformat() if hasattr(o, "isoformat") else DefaultJSONProvider.default(o)


def strict_loads(text: str | bytes) -> Any:
    """JSON without NaN, duplicate names or bottomless nesting; numbers stay exact."""
    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        return json.loads(
            decoded, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_no_duplicates
        )
    except (UnicodeDecodeError, RecursionError) as error:
        raise _not_json(str(error)) from None


class StrictParser(FlaskParser):
    """Reads arguments: unknown ones are refused everywhere, JSON must be said and be strict."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE, "path": RAISE, "view_args": RAISE}

    def _raw_load_json(self, req: Any) -> Any:
        if not req.is_json:
            raise UnsupportedMediaType("send application/json")
        return strict_loads(req.get_data(cache=True) or b"{}")

    def _handle_invalid_json_error(self, error: Any, req: Any, *args: Any, **kwargs: Any) -> Any:
        abort(400, exc=error, messages={"json": {"body": [error.msg]}})


class Resource(Blueprint):
    """A blueprint whose arguments are read strictly; it documents itself."""

    ARGUMENTS_PARSER = StrictParser()


class MapwrightApi(Api):
    """smorest's Api without its own error answers: `problems` gives them."""

    ERROR_SCHEMA = schemas.Problem

    def _register_error_handlers(self) -> None:
        """Left to `app.api.register`, which answers problem+json."""


def make_api(app: Flask) -> MapwrightApi:
    """The API object that resources register with."""
    app.json = StrictJson(app)
    app.config.update(API_TITLE="Mapwright", API_VERSION=VERSION, OPENAPI_VERSION="3.1.0")
    security = {
        "token": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": str(app.config["SESSION_COOKIE_NAME"])},
    }
    options = {
        "info": {"description": _DESCRIPTION},
        "components": {"securitySchemes": security},
        "security": [{"token": []}, {"session": []}],
    }
    return MapwrightApi(app, spec_kwargs=options)


def register_pages(app: Flask, api: MapwrightApi) -> None:
    """`/openapi.json` and `/docs`, written once after all resources are known."""
    spec = _finished(api.spec)
    text = json.dumps(spec, ensure_ascii=False, indent=1)
    pages = PlainBlueprint(
        "api-page",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/docs/static",
    )

    @pages.get("/openapi.json")
    def openapi() -> Response:
        return Response(text, content_type="application/json")

    @pages.get("/docs")
    def docs() -> str:
        calls = list(_operations(spec))
        return render_template("docs.html", calls=calls, problems=problem_codes(), about=_DESCRIPTION)

    app.register_blueprint(pages)


def problem_codes() -> list[tuple[str, int, str]]:
    """Code, status and meaning of every error of the shell, from the classes themselves."""
    found = {AppError.code: AppError}
    waiting = [AppError]
    while waiting:
        children = waiting.pop().__subclasses__()
        waiting += children
        found |= {child.code: child for child in children}
    return [(code, kind.status, (kind.__doc__ or "").strip()) for code, kind in sorted(found.items())]


def _finished(spec: APISpec) -> dict[str, Any]:
    """The document with errors as application/problem+json, and an answer for every call."""
    document: dict[str, Any] = spec.to_dict()
    for _, _, call in _operations(document):
        answers = call.setdefault("responses", {})
        if not any(status.startswith("2") for status in answers):
            answers["200"] = {"description": call.get("summary", ""), "content": {"application/json": {}}}
    responses = document.get("components", {}).get("responses", {})
    everywhere = [r for _, _, call in _operations(document) for r in call.get("responses", {}).values()]
    for response in [*responses.values(), *everywhere]:
        content = response.get("content", {})
        if str(content.get("application/json", {}).get("schema", {}).get("$ref", "")).endswith("/Problem"):
            content["application/problem+json"] = content.pop("application/json")
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document.get("paths", {}).items():
        for method in ("get", "put", "post", "delete", "patch"):
            if method in item:
                yield method.upper(), path, item[method]


def _not_json(why: str) -> json.JSONDecodeError:
    """`doc` must not be empty: webargs takes that for an absent body."""
    return json.JSONDecodeError(why, "(body)", 0)


def _no_constant(said: str) -> Any:
    raise _not_json(f"{said} is no JSON number")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _not_json("a name stands twice in one object")
    return made
