"""Synchronous flows: their sender gets the reply in the answer to the request.

The process that took the message in also works on its lane, under lease and fence like any worker: that
saves the way to a worker and back. Where somebody else has the lane, it waits for what that one writes.
"""

import time
from collections.abc import Mapping

import structlog
from sqlalchemy.exc import DBAPIError

from app.errors import AppError
from app.runtime.adopting import adopt_lanes_of
from app.runtime.deciding import Decided
from app.runtime.installation import Installation
from app.runtime.intake import Accepted
from app.runtime.routing import replies
from app.storage import messages as inbox
from app.storage.answers import Reply, reply
from app.storage.database import now
from app.storage.messages import Message

_FIRST_LOOK, _LONGEST_LOOK = 0.004, 0.05
_STILL = ("received", "waiting")
_log = structlog.get_logger(__name__)


class NoReply(AppError):
    """The flow ended without a reply."""

    code = "no_reply"
    status = 422


def reply_among(decided: Mapping[str, Decided], message_id: str) -> Reply | None:
    """The reply among what was decided of adopted messages; None where it has to be waited for. Errors: NoReply."""
    d = decided.get(message_id)
    if d is None or d.state in _STILL:
        return None
    if d.reply is None:
        raise _no_reply(message_id, d.state, d.code, d.reason)
    return d.reply


def gives_reply(installation: Installation, message: Message) -> bool:
    """Whether the flow of a message is synchronous in its release."""
    return replies(installation.compiled(message.release_id), message.flow)


def await_reply(installation: Installation, accepted: Accepted, seconds: float) -> Reply | None:
    """The reply of a synchronous flow; None where the flow gives none, or not within the time.

    Errors: NoReply, where the message came to its end without one.
    """
    if accepted.message is None or not gives_reply(installation, accepted.message):
        return None
    if accepted.message.state == "received":
        _work_on(installation, accepted.message)
    return wait_for(installation, accepted, seconds)


def wait_for(installation: Installation, accepted: Accepted, seconds: float) -> Reply | None:
    """The reply that somebody else makes; None where it takes longer. Errors: NoReply."""
    until, pause = time.monotonic() + seconds, _FIRST_LOOK
    while True:
        with installation.database.read() as tx:
            # In this order: the state and the reply are committed together, and a commit may come between the two.
            found = inbox.message(tx, accepted.message_id)
            given = reply(tx, accepted.message_id)
        if given is not None:
            return given
        if found.state not in _STILL:
            raise _no_reply(found.id, found.state, found.code, found.reason)
        if time.monotonic() > until:
            return None
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_LOOK)


def _work_on(installation: Installation, message: Message) -> None:
    """Its lane, where nobody has it or had it in vain: that is left to the workers, which were told of it as well."""
    try:
        with installation.database.begin() as tx:
            adopted = adopt_lanes_of(tx, installation, [message], now(tx))
    except DBAPIError:
        _log.warning("lane left to the workers", lane=message.lane, exc_info=True)
        return
    if adopted is not None:
        adopted.work(installation)


def _no_reply(id: str, state: str, code: str, reason: str) -> NoReply:
    details = {"message_id": id, "state": state, "code": code}
    return NoReply(f"the message is {state}: {reason or 'no reason was given'}", details)
