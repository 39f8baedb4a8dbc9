"""Between the web server and the application: bodies arrive without a thread, calls run in few threads.

The server (granian) speaks RSGI: one task a call, no thread. A body is received here whole before a thread is
given to the call, so that a sender that drips its bytes ties up nothing; one that is too slow hears 408. Calls
of machines that hand in messages have threads of their own: however they pile up, pages and health answer.
"""

import asyncio
import io
import json
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Protocol
from uuid import uuid4

from app.api.intake import REFUSED
from app.errors import AppError, ServerBusy, UploadSlow
from app.settings import Settings

PAGE_THREADS = 8
_QUEUED_A_THREAD = 8
_HELD_BODIES = 16
_LEAST_HELD = 256_000_000
_INTAKE = "/v1/in/"
Answer = tuple[int, list[tuple[str, str]], bytes]


class Shortcut(Protocol):
    """A way past the application for some calls."""

    async def answer(self, scope: Any, body: bytes) -> Answer | None:
        """The answer; None where the application is to be asked. Errors: what the application is to say."""
        ...


class Front:
    """The application as RSGI; calls of machines try the shortcut first."""

    def __init__(
        self,
        wsgi: Callable[..., Iterable[bytes]],
        settings: Settings,
        threads: int,
        shortcut: Shortcut | None = None,
        end: Callable[[], None] = lambda: None,
    ) -> None:
        self._wsgi = wsgi
        self._shortcut = shortcut
        self._end = end
        self._settings = settings
        self._threads = threads
        self._machines = ThreadPoolExecutor(threads, "intake")
        self._people = ThreadPoolExecutor(PAGE_THREADS, "pages")
        self._most_held = max(_LEAST_HELD, _HELD_BODIES * settings.body_limit)
        self._held = 0
        self._handing_in = 0

    def __rsgi_del__(self, _loop: Any) -> None:
        """The server ends in order."""
        self._end()

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        """One call: receive its body, run it in a thread, answer."""
        if scope.proto != "http":
            return
        try:
            status, headers, body = await self._answer(scope, proto)
        except AppError as error:
            status, headers, body = _problem(error)
        if body and scope.method != "HEAD":
            proto.response_bytes(status, headers, body)
        else:
            proto.response_empty(status, headers)

    async def _answer(self, scope: Any, proto: Any) -> Answer:
        upload = Upload(self._settings, scope.headers.get("content-length"), self._hold)
        try:
            return await self._run(scope, await upload.receive(proto))
        finally:
            self._held -= upload.received

    def _hold(self, size: int) -> None:
        """Room for so many bytes more. Errors: ServerBusy."""
        if self._held + size > self._most_held:
            raise ServerBusy(details={"retry_after": 1})
        self._held += size

    async def _run(self, scope: Any, body: bytes) -> Answer:
        run = asyncio.get_running_loop().run_in_executor
        if not scope.path.startswith(_INTAKE):
            return await run(self._people, self._call, scope, body)
        if self._handing_in >= self._threads * (1 + _QUEUED_A_THREAD):
            raise ServerBusy(details={"retry_after": 1})
        self._handing_in += 1
        try:
            answer, refused = await self._short(scope, body)
            if answer is None:
                answer = await run(self._machines, self._call, scope, body, refused)
            return answer
        finally:
            self._handing_in -= 1

    async def _short(self, scope: Any, body: bytes) -> tuple[Answer | None, Exception | None]:
        if self._shortcut is None:
            return None, None
        try:
            return await self._shortcut.answer(scope, body), None
        except Exception as error:
            return None, error

    def _call(self, scope: Any, body: bytes, refused: Exception | None = None) -> Answer:
        """The application's answer, in a thread; or what it says of a refusal."""
        started: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            started[:] = [int(status.split(" ", 1)[0]), headers]

        given = environ(scope, body)
        if refused is not None:
            given[REFUSED] = refused
        parts = self._wsgi(given, start)
        try:
            content = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        return started[0], started[1], content


class Upload:
    """A body on its way: it may pause for a while, and has to come at a least rate on average."""

    def __init__(self, settings: Settings, announced: str | None, hold: Callable[[int], None]) -> None:
        self.received = 0
        self._hold = hold
        self._patience = settings.upload_patience
        self._rate = settings.upload_rate
        self._limit = settings.body_limit
        self._announced = int(announced) if announced and announced.isdecimal() else None

    async def receive(self, proto: Any) -> bytes:
        """All of it; nothing of one that is announced as too large, which the application refuses itself.

        Errors: UploadSlow, ServerBusy.
        """
        if self._announced is not None and not 0 < self._announced <= self._limit:
            return b""
        begun = time.monotonic()
        parts: list[bytes] = []
        stream = proto.__aiter__()
        while self.received <= self._limit and self.received != self._announced:
            part = await self._part(stream, time.monotonic() - begun)
            if part is None:
                break
            self._hold(len(part))
            self.received += len(part)
            parts.append(part)
        return b"".join(parts)

    async def _part(self, stream: Any, passed: float) -> bytes | None:
        """The next bytes, so many seconds after the first were awaited; None at the end. Errors: UploadSlow."""
        left = self._patience + self.received / self._rate - passed
        begun = time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, min(self._patience, left))):
                part: bytes = await anext(stream)
        except StopAsyncIteration:
            return None
        except TimeoutError:
            raise UploadSlow(
                f"{self.received:,} bytes came in {passed + time.monotonic() - begun:.0f} s: a body may pause for "
                f"{self._patience:g} s and needs {self._rate:,} bytes a second after that"
            ) from None
        return part


def environ(scope: Any, body: bytes) -> dict[str, Any]:
    """The call as WSGI has it."""
    host, _, port = scope.server.rpartition(":")
    address, _, client_port = scope.client.rpartition(":")
    made = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": address.strip("[]"),
        "REMOTE_PORT": client_port,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    return made | _headers(scope.headers)


def _headers(given: Any) -> dict[str, str]:
    """As WSGI names them; those of one name as one."""
    made: dict[str, str] = {}
    for name, value in given.items():
        if "_" in name:
            continue  # X_Y would stand for X-Y
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        between = "; " if key == "HTTP_COOKIE" else ","
        made[key] = f"{made[key]}{between}{value}" if key in made else value
    return made


def _problem(error: AppError) -> Answer:
    """A problem document for what never came to the application."""
    wait = error.details.get("retry_after", 1)
    body = {
        "type": f"/docs#{error.code}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        "retryable": error.retryable,
        "details": [error.details] if error.details else [],
        "correlation_id": str(uuid4()),
    }
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Connection", "close"),
        ("Retry-After", str(wait)),
    ]
    return error.status, headers, json.dumps(body, ensure_ascii=False).encode()
