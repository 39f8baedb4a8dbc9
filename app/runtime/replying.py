"""Synchronous flows: their sender gets the reply in the answer to the request."""

import time

from app.errors import AppError
from app.runtime.installation import Installation
from app.runtime.intake import Accepted
from app.runtime.routing import route
from app.storage import messages as inbox
from app.storage.answers import Reply, reply
from app.storage.messages import Message
from dsl import syntax

_FIRST_LOOK, _LONGEST_LOOK = 0.004, 0.05
_STILL = ("received", "waiting")


class NoReply(AppError):
    """The flow ended without a reply."""

    code = "no_reply"
    status = 422


def gives_reply(installation: Installation, message: Message) -> bool:
    """Whether the flow of a message is synchronous in its release."""
    found = route(installation, message.ruleset, message.release_id, message.endpoint)
    flow = found.compiled.program.flows.get(message.flow)
    return flow is not None and any(isinstance(step, syntax.Reply) for step in flow.node.steps)


def await_reply(installation: Installation, accepted: Accepted, seconds: float) -> Reply | None:
    """The reply of a synchronous flow; None where the flow gives none, or not within the time.

    Errors: NoReply, where the message came to its end without one.
    """
    if accepted.message is None or not gives_reply(installation, accepted.message):
        return None
    until, pause = time.monotonic() + seconds, _FIRST_LOOK
    while True:
        with installation.database.read() as tx:
            found, given = inbox.message(tx, accepted.message_id), reply(tx, accepted.message_id)
        if given is not None:
            return given
        if found.state not in _STILL:
            raise _no_reply(found)
        if time.monotonic() > until:
            return None
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_LOOK)


def _no_reply(found: Message) -> NoReply:
    details = {"message_id": found.id, "state": found.state, "code": found.code}
    return NoReply(f"the message is {found.state}: {found.reason or 'no reason was given'}", details)
