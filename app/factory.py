"""The web application: one Flask app over one installation."""

from typing import Any

from flask import Flask

from app import api, web
from app.security import csrf, headers, sessions

BODY_LIMIT = 10 * 1024 * 1024


def create_app(installation: Any) -> Flask:
    """Pages, API and what protects both.

    Order: limits and sessions first, then CSRF, then the routes, so that nothing runs unprotected.
    """
    app = Flask("mapwright", static_folder=None, template_folder=None)
    app.extensions["mapwright"] = installation
    app.config.update(MAX_CONTENT_LENGTH=BODY_LIMIT, MAX_FORM_MEMORY_SIZE=BODY_LIMIT, MAX_FORM_PARTS=2_000)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    settings = installation.settings
    public_url = settings.public_url or ""
    sessions.register(app, installation.database, settings.secret_keys, public_url)
    headers.register(app, public_url)
    csrf.register(app)
    api.register(app)
    web.register(app)
    return app
