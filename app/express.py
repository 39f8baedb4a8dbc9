"""The short way of a message: from the server's event loop into intake and back, past the application.

Calls in flight are worked on together in few threads: one transaction, one look at what is live, one wake-up for
all of them. Only plain calls come this way: one small body of announced length, from a token that was verified a
moment ago and may send it. Everything else, and everything that is refused, is left to the application, which says
it; what is answered here is byte for byte what the application would have answered.
"""

import asyncio
import re
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import msgspec
from werkzeug.utils import get_content_type

from app.api.calls import journey_name
from app.api.intake import BULK, receipt, reply_headers
from app.combining import Combining
from app.front import Answer
from app.runtime.drafts import Offer
from app.runtime.installation import Installation
from app.runtime.offers import Taken, accept_all
from app.runtime.replying import await_reply, reply_among, wait_for
from app.security import tokens
from app.security.headers import protective
from app.storage.answers import Reply

MOST_BYTES = 65_536
"""Larger bodies take a thread of their own, so that reading them holds nobody up."""
_PATH = re.compile(r"/v1/in/([A-Za-z0-9._~-]+)")
_SPECIAL = ("cookie", "content-digest", "transfer-encoding", "expect")


class Express:
    """The shortcut of one web process."""

    def __init__(self, installation: Installation, threads: int) -> None:
        self._installation = installation
        writers = 2 if installation.database.dialect.many_writers else 1
        workers = ThreadPoolExecutor(2 * writers, "replies")
        accept = partial(accept_all, installation, workers)
        self._intake: Combining[Offer, Taken] = Combining(accept, writers, "intake")
        self._waiters = ThreadPoolExecutor(threads, "waiting")

    async def answer(self, scope: Any, body: bytes) -> Answer | None:
        """The answer to a plain call; None where the application is to be asked.

        Errors: whatever the message is refused with; nothing is stored then.
        """
        offer = self._offer(scope, body)
        if offer is None:
            return None
        self._installation.gate.peek(offer.sender, offer.endpoint)
        taken = await self._intake.put(offer)
        name = journey_name(offer.correlation_id)
        if taken.awaited and (reply := await self._reply(taken)):
            own = reply_headers(taken.accepted[0])
            kind = get_content_type(reply.media_type, "utf-8")
            return self._answer(200, reply.content, {"Content-Type": kind, **own}, name)
        content = msgspec.json.encode(receipt(taken.accepted)) + b"\n"
        return self._answer(202, content, {"Content-Type": "application/json"}, name)

    async def _reply(self, taken: Taken) -> Reply | None:
        """What was decided here, where the message was adopted; else what somebody decides within the time."""
        patience, (accepted,) = self._installation.settings.reply_deadline, taken.accepted
        until, wait = time.monotonic() + patience, await_reply
        if taken.work is not None:
            work, wait = asyncio.wrap_future(taken.work), wait_for
            await asyncio.wait({work}, timeout=patience)
            if work.done() and (reply := reply_among(work.result(), accepted.message_id)):
                return reply
        left = max(0.0, until - time.monotonic())
        asked = partial(wait, self._installation, accepted, left)
        return await asyncio.get_running_loop().run_in_executor(self._waiters, asked)

    def _offer(self, scope: Any, body: bytes) -> Offer | None:
        found = _PATH.fullmatch(scope.path) if scope.method == "POST" else None
        headers = _headers_of(scope)
        if found is None or headers is None or not _plain(headers, body):
            return None
        kind, _, text = headers.get("authorization", "").partition(" ")
        token = self._installation.tokens.find(text.strip()) if kind.lower() == "bearer" else None
        if token is None or "send" not in token.capabilities or not tokens.allows_endpoint(token, found[1]):
            return None
        trace = headers.get("traceparent", "")
        return Offer(
            token.environment,
            found[1],
            body,
            headers.get("content-type", ""),
            headers.get("idempotency-key"),
            headers.get("x-correlation-id") or journey_name(""),
            {"traceparent": trace} if trace else {},
            token.id,
        )

    def _answer(self, status: int, content: bytes, own: dict[str, str], journey: str) -> Answer:
        protection = protective(self._installation.settings.url, secrets.token_urlsafe(16))
        headers = {**own, "Content-Length": str(len(content)), "X-Correlation-Id": journey, **protection}
        return status, [*headers.items(), ("Cache-Control", "no-store"), ("Vary", "Cookie")], content


def _headers_of(scope: Any) -> dict[str, str] | None:
    """The headers of a call by name; None where one is repeated."""
    found: dict[str, str] = {}
    for name, value in scope.headers.items():
        if name in found:
            return None
        found[name] = value
    return found


def _plain(headers: dict[str, str], body: bytes) -> bool:
    """Whether it is one small body that came whole, as its length says, and nothing about it is special."""
    length = headers.get("content-length", "")
    whole = 0 < len(body) <= MOST_BYTES and length.isdecimal() and int(length) == len(body)
    special = any(name in headers for name in _SPECIAL) or BULK in headers.get("content-type", "").lower()
    return whole and not special
