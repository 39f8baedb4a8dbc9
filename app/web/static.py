"""Styles, scripts and templates: where they lie, and addresses that change with their content."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, request, url_for
from jinja2 import FileSystemLoader, StrictUndefined

_HERE = Path(__file__).parent
_FOREVER = "public, max-age=31536000, immutable"


def register(app: Flask) -> None:
    """Templates, `asset()` for them, and /static/."""
    app.jinja_loader = FileSystemLoader(_HERE / "templates")
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["asset"] = asset
    static = Blueprint("assets", __name__, static_folder=str(_HERE / "static"), static_url_path="/static")
    static.after_request(_keep)
    app.register_blueprint(static)


def asset(name: str) -> str:
    """The address of a static file; it names the content, so that browsers may keep it for ever."""
    return url_for("assets.static", filename=name, v=_digest(name))


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((_HERE / "static" / name).read_bytes()).hexdigest()[:12]


def _keep(response: Response) -> Response:
    if "v" in request.args:
        response.headers["Cache-Control"] = _FOREVER
    return response
