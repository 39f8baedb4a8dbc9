"""Every error of the API as application/problem+json (RFC 9457)."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from flask import Response
from werkzeug.exceptions import HTTPException

from app.api.calls import correlation_id
from app.errors import AppError
from app.runtime.pressure import faults
from connectors.errors import ConnectorError
from dsl.errors import DslError
from rules.errors import RulesError

_log = structlog.get_logger(__name__)
_CODES = {
    400: "bad_request",
    401: "not_authenticated",
    403: "refused",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    411: "length_required",
    413: "too_large",
    415: "unsupported_media_type",
    422: "arguments_invalid",
    429: "too_many_requests",
}
_RETRYABLE = frozenset({408, 429, 502, 503, 504})


def answer(error: Exception) -> Response:
    """The answer to any exception; what nobody expected is logged and says nothing of the inside."""
    if isinstance(error, AppError):
        return _of_app(error)
    if isinstance(error, (ConnectorError, DslError, RulesError)):
        return problem(422, error.code, error.message, error.retryable, error.details)
    if isinstance(error, HTTPException):
        return _of_http(error)
    told = faults.told(error)
    if told is not None:
        _log.warning("database", code=told.code, error=str(error)[:300], correlation_id=correlation_id())
        return _of_app(told)
    _log.error("unexpected error", exc_info=error, correlation_id=correlation_id())
    return problem(500, "internal_error", "Something broke here; the log has it under the correlation id.")


def problem(
    status: int,
    code: str,
    detail: str,
    retryable: bool = False,
    details: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """One problem document."""
    body = {
        "type": f"/docs#{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "retryable": retryable,
        "details": _as_list(details),
        "correlation_id": correlation_id(),
    }
    text = json.dumps(body, ensure_ascii=False, default=str)
    return Response(text, status, headers, content_type="application/problem+json")


def _of_app(error: AppError) -> Response:
    headers = {}
    if "retry_after" in error.details:
        headers["Retry-After"] = str(error.details["retry_after"])
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="mapwright"'
    if error.status >= 500 and not error.retryable:
        _log.error("error", code=error.code, exc_info=error, correlation_id=correlation_id())
    return problem(error.status, error.code, error.message, error.retryable, error.details, headers)


def _of_http(error: HTTPException) -> Response:
    status = error.code or 500
    messages = getattr(error, "data", {}).get("messages")
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    if messages is not None:
        code = "not_json" if status == 400 else _CODES[422]
        return problem(status, code, "The arguments do not fit.", details=_faults(messages), headers=headers)
    if type(error).__name__ == "CSRFError":
        return problem(status, "csrf_refused", error.description or "", headers=headers)
    detail = error.description or HTTPStatus(status).phrase
    return problem(
        status, _CODES.get(status, f"http_{status}"), detail, status in _RETRYABLE, headers=headers
    )


def _faults(messages: Any, path: tuple[str, ...] = ()) -> list[dict[str, str]]:
    if isinstance(messages, Mapping):
        return [fault for key, value in messages.items() for fault in _faults(value, (*path, str(key)))]
    said = messages if isinstance(messages, list) else [messages]
    return [{"field": ".".join(path[1:]) or ".".join(path), "message": str(message)} for message in said]


def _as_list(details: Any) -> list[Any]:
    if isinstance(details, list):
        return details
    return [dict(details)] if details else []
