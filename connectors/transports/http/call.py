"""One HTTP request with its answer, under a total deadline.

No client library has one: each read may take its full timeout, so an answer that drips never ends. Here
every operation gets what is left of the deadline, and a watchdog shuts the socket when it is over, whatever
is going on. Every request has its own connection, unless it may be repeated: a kept one that the target has
just closed would make a delivery uncertain.
"""

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException
from typing import Literal
from urllib.parse import SplitResult

from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from connectors.transports.http.address import AddressRefusedError, NotResolvedError, pinned_address
from connectors.transports.http.connection import OneWrite
from connectors.transports.http.deadline import Deadline
from connectors.transports.http.kept import Kept, Origin
from connectors.transports.http.target import Target, split_url

_FAILURES = (OSError, HTTPException, HTTPError, ValueError)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `complete`: the body did not break off; `cut`: it was longer than is kept."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool = True
    cut: bool = False


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nothing came back: blocked before connecting, not connected, or lost after bytes were sent."""

    phase: Literal["refused", "connect", "sent"]
    detail: str


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked: method, absolute url, headers and, where there is one, the body."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


def call(target: Target, request: Request, seconds: float, kept: Kept | None = None) -> Answer | NoAnswer:
    """Send one request; redirects are not followed. Never raises for the network or the other side.

    With `kept` it may travel on the connection of the one before, and twice where that one turns out closed.
    """
    deadline = Deadline(min(seconds, target.timeout))
    parts = split_url(request.url)
    if kept is not None and (connection := kept.take(_origin(parts))) is not None:
        deadline.watch(connection.sock)
        answer = _finished(connection, parts, request, deadline, target.max_reply, kept)
        if isinstance(answer, Answer) or deadline.over.is_set():
            return answer
    try:
        connection = _connect(target, parts, deadline)
    except AddressRefusedError as error:
        return NoAnswer("refused", error.message)
    except (NotResolvedError, *_FAILURES) as error:
        return NoAnswer("connect", f"not connected: {deadline.words(error)}")
    return _finished(connection, parts, request, deadline, target.max_reply, kept)


def _finished(
    connection: OneWrite,
    parts: SplitResult,
    request: Request,
    deadline: Deadline,
    most: int,
    kept: Kept | None,
) -> Answer | NoAnswer:
    """Exchange, then close the connection or keep it."""
    keep = False
    try:
        answer = _exchange(connection, parts, request, deadline, most, kept is not None)
        keep = kept is not None and isinstance(answer, Answer) and _may_stay(answer)
        return answer
    finally:
        deadline.stop()
        if keep and kept is not None and connection.sock is not None and not deadline.over.is_set():
            kept.put(_origin(parts), connection)
        else:
            connection.close()


def _may_stay(answer: Answer) -> bool:
    return answer.complete and not answer.cut and answer.headers.get("connection", "").lower() != "close"


def _origin(parts: SplitResult) -> Origin:
    return parts.scheme, parts.hostname or "", parts.port


def _connect(target: Target, parts: SplitResult, deadline: Deadline) -> OneWrite:
    """Connect to the pinned address; the watchdog runs from the first byte, so a handshake can't drip either."""
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    pinned = pinned_address(host, port, target.allowed, deadline.left())
    sock = socket.create_connection((pinned, port), timeout=deadline.left())
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        deadline.watch(sock)
        if parts.scheme == "https":
            sock.settimeout(deadline.left())
            sock = _tls(target.ca_file).wrap_socket(sock, server_hostname=host)
    except BaseException:
        deadline.stop()
        sock.close()
        raise
    connection = OneWrite(host, port, timeout=deadline.left())
    connection.sock = sock
    return connection


@lru_cache(maxsize=32)
def _tls(ca_file: str | None) -> ssl.SSLContext:
    """Certificates and names are always checked; loading the authorities takes long, so once is enough."""
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _exchange(
    connection: OneWrite,
    parts: SplitResult,
    request: Request,
    deadline: Deadline,
    most: int,
    keep: bool,
) -> Answer | NoAnswer:
    broken: Exception | None = None
    try:
        _send(connection, parts, request, deadline, keep)
    except _FAILURES as error:
        broken = error  # the target may have answered before it had read everything: 401, 413
    try:
        connection.sock.settimeout(deadline.left())
        response = connection.getresponse()
    except _FAILURES as error:
        return NoAnswer("sent", f"sent, but no answer: {deadline.words(broken or error)}")
    content, complete, cut = _read(response, deadline, most)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, headers, content, complete, cut)


def _send(connection: OneWrite, parts: SplitResult, request: Request, deadline: Deadline, keep: bool) -> None:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    own = {
        "Host": parts.netloc,
        "User-Agent": "mapwright",
        "Accept-Encoding": "identity",
        "Connection": "keep-alive" if keep else "close",
    }
    headers = {**request.headers, **own}
    connection.sock.settimeout(deadline.left())
    connection.request(
        request.method, path, body=request.body, headers=headers, preload_content=False, decode_content=False
    )
    connection.flush()


def _read(response: BaseHTTPResponse, deadline: Deadline, most: int) -> tuple[bytes, bool, bool]:
    """The body up to `most` bytes; whether it was complete; whether it was cut."""
    content = bytearray()
    try:
        while len(content) <= most:
            if deadline.over.is_set():
                return bytes(content[:most]), False, False
            chunk = response.read1(65536, decode_content=False)
            if not chunk:
                return bytes(content), not deadline.over.is_set(), False
            content += chunk
    except _FAILURES:
        return bytes(content[:most]), False, False
    return bytes(content[:most]), True, True
