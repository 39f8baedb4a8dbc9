"""What belongs to one call: the installation, who calls, the correlation id."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast
from uuid import uuid4

from flask import current_app, g, request
from flask_login import current_user

from app.errors import NotFound
from app.runtime.installation import Installation
from app.security import csrf, limits, tokens
from app.security.errors import EnvironmentNotAllowed, NotAuthenticated, NotPermitted, TokenRefused
from app.storage import environments
from app.storage.tokens import TokenRecord
from app.storage.unknown import no_environment

View = TypeVar("View", bound=Callable[..., Any])
_CORRELATION = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a machine by its token, or a person by the session.

    `who` is what the audit log says; `person` answers for it where no author may act.
    """

    who: str
    person: str
    capabilities: frozenset[str]
    token: TokenRecord | None = None

    def can(self, capability: str) -> bool:
        """Whether the call may do this."""
        return capability in self.capabilities


def installation() -> Installation:
    """The installation behind this application."""
    found: Installation = current_app.extensions["mapwright"]
    return found


def caller() -> Caller:
    """Who calls; NotAuthenticated without a session or token. A token sent is never ignored."""
    if "caller" not in g:
        g.caller = _by_token() if csrf.carries_token() else _by_session()
    found: Caller = g.caller
    return found


def needs(capability: str) -> Callable[[View], View]:
    """Refuse the call before anything of it is read, unless the caller has the capability."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            require(capability)
            return view(*args, **kwargs)

        return cast(View, guarded)

    return decorate


def require(capability: str) -> Caller:
    """The caller, if it has the capability."""
    found = caller()
    if not found.can(capability):
        raise NotPermitted(f"this needs the capability {capability}", {"capability": capability})
    return found


def environment(wanted: str | None = None) -> str:
    """The environment of the call: the token's own, or the one a person asks for."""
    token = caller().token
    if token is not None:
        if wanted not in (None, token.environment):
            raise EnvironmentNotAllowed()
        return token.environment
    with installation().database.read() as connection:
        names = [found.name for found in environments.environments(connection)]
        chosen = installation().settings.environment if wanted is None else wanted
        if chosen in names or not names:
            return chosen
        if wanted is not None:
            raise NotFound(no_environment(connection, wanted))
    return names[0]


def correlation_id() -> str:
    """The id of the journey: as the caller says, else a new one."""
    if "correlation_id" not in g:
        g.correlation_id = journey_name(request.headers.get("X-Correlation-Id", ""))
    return str(g.correlation_id)


def journey_name(given: str) -> str:
    """The name of a journey as its sender gave it, where that is one; else a new one."""
    return given if _CORRELATION.fullmatch(given) else str(uuid4())


def _by_token() -> Caller:
    text = request.headers["Authorization"].partition(" ")[2].strip()
    known = installation().tokens
    begun = known.now()
    try:
        with installation().database.read() as connection:
            record = tokens.verify(connection, text)
    except TokenRefused:
        with limits.limited(limits.GUESSES):
            raise
    known.remember(text, record, begun)
    return Caller(f"token/{record.id}", record.created_by, frozenset(record.capabilities), record)


def _by_session() -> Caller:
    if not current_user.is_authenticated:
        raise NotAuthenticated()
    return Caller(current_user.login, current_user.login, current_user.granted)
