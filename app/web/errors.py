"""Pages for what went wrong: what, and where to go on."""

from http import HTTPStatus
from typing import Any

import structlog
from flask import Blueprint, render_template, request
from werkzeug.exceptions import HTTPException

from app.errors import AppError
from dsl.errors import DslError

_log = structlog.get_logger(__name__)

_TITLES = {
    400: "This request cannot be understood",
    403: "Not allowed",
    404: "There is no such page",
    405: "This page does not do that",
    409: "That does not go now",
    412: "Somebody else changed this meanwhile",
    413: "That is too large",
    422: "That does not fit",
    429: "Too many attempts",
    500: "Something broke here",
}
_MESSAGES = {
    400: "Something in it is missing or has another form than this page sends.",
    404: "Nothing stands under this address. A link may be old, or the thing it led to was renamed or removed.",
    405: "Open the page and use its buttons.",
    413: "The file or text is larger than this installation takes.",
}


def page_blueprint(name: str, module: str) -> Blueprint:
    """A blueprint whose errors are answered as pages."""
    blueprint = Blueprint(name, module)
    blueprint.register_error_handler(AppError, of_app)
    blueprint.register_error_handler(HTTPException, of_http)
    blueprint.register_error_handler(DslError, of_language)
    blueprint.register_error_handler(Exception, of_anything)
    return blueprint


def of_app(error: AppError) -> Any:
    """An error of our own tree."""
    return _page(error.status, error.message, error.code)


def of_http(error: HTTPException) -> Any:
    """An error of HTTP; what the library would say by default is said in our words."""
    status = error.code or 500
    ours = error.description if error.description != type(error).description else _MESSAGES.get(status)
    return _page(status, ours or "", "")


def of_language(error: DslError) -> Any:
    """A construct that is not there, an edit that does not go."""
    return _page(404 if error.code == "not_in_module" else 422, error.message, error.code)


def of_anything(error: Exception) -> Any:
    """What nobody expected: logged, and nothing of the inside shown."""
    _log.error("unexpected error", exc_info=error, path=request.path)
    return _page(500, "The log of the server has it.", "internal_error")


def _page(status: int, message: str, code: str) -> Any:
    title = _TITLES.get(status, HTTPStatus(status).phrase)
    return render_template("error.html", status=status, title=title, message=message, code=code), status
