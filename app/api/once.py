"""Writes that are carried out once, however often they are sent: Idempotency-Key on calls other than intake.

The key belongs to its caller. The first call takes it, says in the transaction of each effect that it happened, and
keeps a 2xx answer for a day; the same call again is given that answer. A call that was refused leaves its key free.
"""

import hashlib
import io
import math
import re
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar
from uuid import uuid4

import structlog
from flask import Flask, Response, current_app, request
from flask_smorest import Blueprint
from sqlalchemy import Connection, event
from werkzeug.exceptions import HTTPException

from app.api.calls import caller, installation
from app.errors import AppError
from app.security.bodies import read_body
from app.storage import repeats
from app.storage.repeats import Answer, Claim, Known
from connectors.errors import ConnectorError
from dsl.errors import DslError
from rules.errors import RulesError

View = TypeVar("View", bound=Callable[..., Any])
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_KEPT_HEADERS = ("Content-Type", "ETag", "Location")
_MEANT = ("If-Match", "If-None-Match")
_RETRY_SECONDS = 5
_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    "description": "The same key and call again within 24 hours answers as the first did and does nothing twice",
}
_ANSWERS = {
    "409": {
        "description": "The same call is still under way (see Retry-After), or this state does not allow the step",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
_current: ContextVar[Claim | None] = ContextVar("claim", default=None)
_log = structlog.get_logger(__name__)


class KeyInvalid(AppError):
    """Idempotency-Key must be 1 to 200 printable ASCII characters without blanks: a UUID, for example."""

    code = "idempotency_key_invalid"
    status = 422


class KeyReused(AppError):
    """This Idempotency-Key came before with another call: give each call a key of its own."""

    code = "idempotency_key_reused"
    status = 422


class CallRunning(AppError):
    """The same call is under way: send it again later, with the same Idempotency-Key, to hear its answer."""

    code = "call_running"
    status = 409
    retryable = True


class AnswerLost(AppError):
    """This call was carried out, at least in part, and its answer was lost: look before you send it under a new key."""

    code = "answer_lost"
    status = 409


def register(app: Flask) -> None:
    """Have every transaction of a call that has a key say so as it commits."""
    engine = app.extensions["mapwright"].database.engine
    if not event.contains(engine, "commit", _note):
        event.listen(engine, "commit", _note)


def once(view: View) -> View:
    """Carry a call out once a key; it stands under `needs`, so that whoever may not call learns nothing of keys."""

    @wraps(view)
    def keyed(*args: Any, **kwargs: Any) -> Any:
        given = request.headers.get("Idempotency-Key")
        if given is None:
            return view(*args, **kwargs)
        if not _KEY.fullmatch(given):
            raise KeyInvalid()
        claim = Claim(caller().who, given, _fingerprint(), uuid4().hex)
        with installation().database.begin() as tx:
            known = repeats.begin_call(tx, claim)
        return _carry_out(claim, view, args, kwargs) if known is None else _again(claim, known)

    described: View = Blueprint.doc(parameters=[_PARAMETER], responses=_ANSWERS)(keyed)
    return described


def _note(connection: Connection) -> None:
    claim = _current.get()
    if claim is not None and not repeats.note_effect(connection, claim):
        raise CallRunning(details={"retry_after": _RETRY_SECONDS})


def _carry_out(claim: Claim, view: Callable[..., Any], args: Any, kwargs: Any) -> Response:
    token = _current.set(claim)
    try:
        answer = current_app.make_response(view(*args, **kwargs))
    except Exception as error:
        _current.reset(token)
        _leave(claim, _status(error))
        raise
    _current.reset(token)
    if 200 <= answer.status_code < 300:
        _keep(claim, answer)
    else:
        _leave(claim, answer.status_code)
    return answer


def _again(claim: Claim, known: Known) -> Response:
    """What a repeat hears. Errors: KeyReused, CallRunning, AnswerLost."""
    if known.fingerprint != claim.fingerprint:
        raise KeyReused()
    if known.answer is not None:
        headers = {**known.answer.headers, "Idempotency-Replayed": "true"}
        return Response(known.answer.content, known.answer.status, headers)
    if known.seconds_left > 0:
        raise CallRunning(details={"retry_after": min(_RETRY_SECONDS, math.ceil(known.seconds_left))})
    raise AnswerLost()


def _keep(claim: Claim, answer: Response) -> None:
    """The effect is there: the caller hears so even where the answer cannot be kept."""
    headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
    kept = Answer(answer.status_code, headers, answer.get_data())
    _quietly(claim, lambda tx: repeats.keep_answer(tx, claim, kept))


def _leave(claim: Claim, status: int) -> None:
    _quietly(claim, lambda tx: repeats.leave_call(tx, claim, status < 500))


def _quietly(claim: Claim, write: Callable[[Connection], None]) -> None:
    try:
        with installation().database.begin() as tx:
            write(tx)
    except Exception as error:
        _log.warning("what became of a call is not noted", caller=claim.caller, error=str(error)[:300])


def _status(error: Exception) -> int:
    """The status that an exception is answered with; 500 for what nobody expected."""
    if isinstance(error, AppError):
        return error.status
    if isinstance(error, HTTPException):
        return error.code or 500
    return 422 if isinstance(error, (ConnectorError, DslError, RulesError)) else 500


def _fingerprint() -> str:
    """What is asked: method, path with its query, what it goes by, and the body."""
    meant = [request.method, request.full_path, *(request.headers.get(name, "") for name in _MEANT)]
    made = hashlib.sha256("\n".join(meant).encode())
    made.update(b"\n" + _whole_body())
    return made.hexdigest()


def _whole_body() -> bytes:
    """The body, which whoever reads it next finds untouched."""
    if "Content-Digest" in request.headers and not request.headers.get("Content-Length"):
        content = read_body(request, installation().settings.body_limit)
    else:
        content = request.get_data(cache=True)
    request.environ["wsgi.input"] = io.BytesIO(content)
    return content
