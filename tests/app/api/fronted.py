"""The same calls over the front of the web server, where plain ones go the short way past the application."""

import asyncio
from typing import Any

import pytest
from flask import Response
from werkzeug.test import EnvironBuilder

from app.express import Express
from app.front import Front
from app.runtime.installation import Installation
from app.security import tokens
from app.security.errors import TokenRefused
from tests.app.api.test_front import Headers, Proto, Scope
from tests.website import Machine, Site


class Answered(Proto):
    """What a call was answered, with its headers."""

    def response_bytes(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    def response_empty(self, status: int, headers: Any) -> None:
        self.status, self.headers = status, headers


def scope_of(environ: dict[str, Any]) -> Scope:
    """A call of WSGI as the web server describes it."""
    scope = Scope(environ["PATH_INFO"])
    scope.method, scope.query_string = environ["REQUEST_METHOD"], environ["QUERY_STRING"]
    names = {name: name for name in ("CONTENT_TYPE", "CONTENT_LENGTH")}
    names |= {name: name[5:] for name in environ if name.startswith("HTTP_")}
    given = {
        said.lower().replace("_", "-"): environ[name] for name, said in names.items() if environ.get(name)
    }
    scope.headers = Headers(given)
    return scope


def call(front: Front, environ: dict[str, Any]) -> Response:
    """One call, as the web server would pass it on."""
    proto = Answered([environ["wsgi.input"].read()])
    asyncio.run(front.__rsgi__(scope_of(environ), proto))
    return Response(proto.body, proto.status, proto.headers)


def know_tokens(patch: pytest.MonkeyPatch, installation: Installation) -> None:
    """Have tokens known as if each had been verified a moment ago."""
    known = installation.tokens
    find = known.find

    def verified(text: str) -> Any:
        begun = known.now()
        try:
            with installation.database.read() as tx:
                known.remember(text, tokens.verify(tx, text), begun)
        except TokenRefused:
            return None
        return find(text)

    patch.setattr(known, "find", verified)


def go_over_the_front(patch: pytest.MonkeyPatch, site: Site) -> None:
    """Have machines call the front, their tokens known from the first call on."""
    front = Front(site.app, site.installation.settings, 2, Express(site.installation, 2))
    know_tokens(patch, site.installation)

    def over(machine: Machine, method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {machine.token}", **options.pop("headers", {})}
        more = options.pop("environ_overrides", {})
        environ = EnvironBuilder(path, method=method, headers=headers, **options).get_environ()
        return call(front, {**environ, **more})

    patch.setattr(Machine, "call", over)


@pytest.fixture(params=["application", "front"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, site: Site) -> str:
    """How machines reach intake: every behaviour is the same."""
    if request.param == "front":
        go_over_the_front(monkeypatch, site)
    return str(request.param)
