"""The web application: one Flask app over one installation."""

from typing import Any

from flask import Flask, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app import api, web
from app.runtime.installation import Installation
from app.security import bodies, csrf, headers, limits, sessions
from app.settings import secret_keys


def create_app(installation: Installation) -> Flask:
    """Pages, API and what protects both.

    Order: limits and sessions first, then CSRF, then the routes, so that nothing runs unprotected.
    """
    app = Flask("mapwright", static_folder=None, template_folder=None)
    app.extensions["mapwright"] = installation
    settings = installation.settings
    limit = settings.body_limit
    app.config.update(MAX_CONTENT_LENGTH=limit, MAX_FORM_MEMORY_SIZE=limit, MAX_FORM_PARTS=2_000)
    sessions.register(app, installation.database, secret_keys(settings), settings.url)
    headers.register(app, settings.url)
    csrf.register(app, "/v1/")
    limits.register(app, installation.redis)
    _answer_errors(app)
    api.register(app)
    web.register(app)
    app.wsgi_app = bodies.Guard(app.wsgi_app)  # type: ignore[method-assign]
    return app


def _answer_errors(app: Flask) -> None:
    """Problem documents for the API; pages answer theirs themselves, in their blueprints."""

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Any:
        if request.blueprint is None and not api.serves(request.path):
            return _outside(error)
        return api.problems.answer(error)

    def _outside(error: Exception) -> Response | Exception:
        if isinstance(error, HTTPException):
            return web.errors.of_http(error) if not request.path.startswith("/static/") else error
        return api.problems.answer(error)
