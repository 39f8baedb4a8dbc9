"""Real servers on loopback for the tests of the transports, and the place of the shared data."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Outgoing

ROOT = Path(__file__).resolve().parents[2]


class Target(ThreadingHTTPServer):
    """A small HTTP server that keeps what arrives and answers as it is told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[dict[str, Any]] = []
        self.answer: Callable[[_Handler], None] = lambda handler: handler.reply(202, b'{"ok":true}')

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}/in"


class _Handler(BaseHTTPRequestHandler):
    server: Target
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each body waits 40 ms for its head to be acknowledged

    def handle_any(self) -> None:
        """Keep the request, then answer."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.server.requests.append(
            {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body}
        )
        self.server.answer(self)

    do_OPTIONS = do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@pytest.fixture
def target() -> Iterator[Target]:
    """A running HTTP target."""
    server = Target()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def raw_server() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """A server of bare sockets: give it what to do with a connection, get its address."""
    listeners: list[socket.socket] = []

    def start(serve: Callable[[socket.socket], None]) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=_accept, args=(listener, serve), daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/in"

    yield start
    for listener in listeners:
        listener.close()


def _accept(listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            try:
                serve(connection)
            except OSError:
                pass


@pytest.fixture
def unused_url() -> str:
    """An address nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/in"


@pytest.fixture
def outgoing() -> Callable[..., Outgoing]:
    """Makes deliveries."""

    def make(body: bytes = b'{"a":1}', name: str = "1", **changes: Any) -> Outgoing:
        headers = {
            "Idempotency-Key": f"key-{name}", "X-Correlation-Id": f"journey-{name}",
            "X-Mapwright-Message": f"message-{name}", "X-Mapwright-Delivery": f"delivery-{name}",
        }  # fmt: skip
        return Outgoing(**{"body": body, "media_type": "application/json", "headers": headers, **changes})

    return make


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real files beside the repository; the tests that need it are skipped without it."""
    folder = Path(os.environ.get("MAPWRIGHT_SHARED_DATA") or ROOT / ".." / "shared" / "data").resolve()
    if not (folder / "ORACLE-EDI.csv").is_file():
        pytest.skip(f"no shared data at {folder}; set MAPWRIGHT_SHARED_DATA")
    return folder
