"""One HTTP request with its answer, under a total deadline.

No client library has one: each read may take its full timeout, so an answer that drips never ends. Here
every operation gets what is left of the deadline, and a watchdog shuts the socket when it is over, whatever
is going on. Every request has its own connection: a kept one that the target has just closed would make a
delivery uncertain.
"""

import os
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException
from typing import Literal
from urllib.parse import SplitResult

from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from connectors.transports.http.address import AddressRefusedError, NotResolvedError, pinned_address
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


class _Deadline:
    """The clock of one request, and the watchdog that ends it."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds
        self.seconds = seconds
        self.over = threading.Event()
        self._handle: socket.socket | None = None
        self._timer: threading.Timer | None = None

    def left(self) -> float:
        return max(self.end - time.monotonic(), 0.001)

    def watch(self, sock: socket.socket) -> None:
        # A duplicate of the descriptor: shutting it works beneath TLS and while another thread reads.
        self._handle = socket.socket(fileno=os.dup(sock.fileno()))
        self._timer = threading.Timer(self.left(), self._bark)
        self._timer.daemon = True
        self._timer.start()

    def _bark(self) -> None:
        self.over.set()
        try:
            if self._handle:
                self._handle.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side was faster

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer.join()
        if self._handle:
            self._handle.close()

    def words(self, error: Exception) -> str:
        if self.over.is_set() or time.monotonic() >= self.end:
            return f"no complete answer within {self.seconds:g} s"
        return f"{type(error).__name__}: {error}"


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked: method, absolute url, headers and, where there is one, the body."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


def call(target: Target, request: Request, seconds: float) -> Answer | NoAnswer:
    """Send one request; redirects are not followed. Never raises for the network or the other side."""
    deadline = _Deadline(min(seconds, target.timeout))
    parts = split_url(request.url)
    try:
        connection = _connect(target, parts, deadline)
    except AddressRefusedError as error:
        return NoAnswer("refused", error.message)
    except (NotResolvedError, *_FAILURES) as error:
        return NoAnswer("connect", f"not connected: {deadline.words(error)}")
    try:
        return _exchange(connection, parts, request, deadline, target.max_reply)
    finally:
        deadline.stop()
        connection.close()


def _connect(target: Target, parts: SplitResult, deadline: _Deadline) -> HTTPConnection:
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
    connection = HTTPConnection(host, port, timeout=deadline.left())
    connection.sock = sock
    return connection


@lru_cache(maxsize=32)
def _tls(ca_file: str | None) -> ssl.SSLContext:
    """Certificates and names are always checked; loading the authorities takes long, so once is enough."""
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _exchange(
    connection: HTTPConnection, parts: SplitResult, request: Request, deadline: _Deadline, most: int
) -> Answer | NoAnswer:
    broken: Exception | None = None
    try:
        _send(connection, parts, request, deadline)
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


def _send(connection: HTTPConnection, parts: SplitResult, request: Request, deadline: _Deadline) -> None:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    own = {
        "Host": parts.netloc,
        "User-Agent": "mapwright",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    headers = {**request.headers, **own}
    connection.sock.settimeout(deadline.left())
    connection.request(
        request.method, path, body=request.body, headers=headers, preload_content=False, decode_content=False
    )


def _read(response: BaseHTTPResponse, deadline: _Deadline, most: int) -> tuple[bytes, bool, bool]:
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
