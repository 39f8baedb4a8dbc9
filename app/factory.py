"""The web application: one Flask app over one installation."""

from typing import Any

from flask import Flask

from app import api, web
from app.security import csrf, headers, sessions
from app.settings import secret_keys


def create_app(installation: Any) -> Flask:
    """Pages, API and what protects both.

    Order: limits and sessions first, then CSRF, then the routes, so that nothing runs unprotected.
    """
    app = Flask("mapwright", static_folder=None, template_folder=None)
    app.extensions["mapwright"] = installation
    app.json.sort_keys = False  # type: ignore[attr-defined]
    settings = installation.settings
    limit = settings.body_limit
    app.config.update(MAX_CONTENT_LENGTH=limit, MAX_FORM_MEMORY_SIZE=limit, MAX_FORM_PARTS=2_000)
    sessions.register(app, installation.database, secret_keys(settings), settings.url)
    headers.register(app, settings.url)
    csrf.register(app)
    api.register(app)
    web.register(app)
    return app
