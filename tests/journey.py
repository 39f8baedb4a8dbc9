"""What tests send on its way: a small rule set, an installation that runs it, and a real HTTP target."""

import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from app.runtime.installation import Installation
from app.settings import Settings
from app.storage.environments import (
    deployed,
    ensure_environment,
    move_pointer,
    put_binding,
)
from app.storage.releases import add_release, release_record
from app.wiring import wire
from rules.release import build_release

ENVIRONMENT = "test"
FOLDER = Path(__file__).parent / "app" / "runtime" / "journey"


def journey_files() -> dict[str, bytes]:
    """The rule set, path -> content."""
    return {
        path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()
    }


def install(settings: Settings) -> Installation:
    """An installation with the rule set live in the environment `test`."""
    installation = wire(settings)
    deploy(installation, journey_files())
    return installation


def deploy(installation: Installation, files: dict[str, bytes]) -> str:
    """Cut a release of these files and point the environment to it; its id."""
    release = build_release(files)
    with installation.database.begin() as tx:
        ensure_environment(tx, ENVIRONMENT, 1, "Test")
        if release_record(tx, release.id) is None:
            add_release(tx, release.id, "journey", release.content, "tests")
        before = deployed(tx, ENVIRONMENT).get("journey")
        if before != release.id:
            assert move_pointer(tx, ENVIRONMENT, "journey", before, release.id, "tests")
    return release.id


def bind(
    installation: Installation,
    endpoint: str,
    url: str,
    paused: bool = False,
    control: Mapping[str, Any] | None = None,
    staged: bool = False,
    hold_until: datetime | None = None,
    **more: Any,
) -> None:
    """Bind an endpoint to an HTTP target on this machine; `more` are settings of the transport."""
    settings = {"url": url, "allow_private": True, **more}
    with installation.database.begin() as tx:
        put_binding(
            tx,
            ENVIRONMENT,
            endpoint,
            "http",
            settings,
            paused=paused,
            control=control,
            staged=staged,
            hold_until=hold_until,
        )


def order(number: int, lot: str = "L1", **more: Any) -> bytes:
    """One body of the endpoint shop.order."""
    return json.dumps({"id": f"order-{number}", "lot": lot, "n": number, **more}).encode()


@dataclass
class Arrival:
    """One request as the target saw it."""

    path: str
    key: str
    headers: dict[str, str]
    body: Any
    at: float


@dataclass
class Answer:
    """What the target says: a status, headers, a body; or how it fails to say it.

    `hang_up`: the connection is closed; `cut`: after half of the body, `reset`: in the middle of it; `drip`: seconds
    between two bytes. `effect` says whether it does what it was asked; where it is not given, the status says it.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    hang_up: bool = False
    reset: bool = False
    drip: float = 0.0
    seconds: float = 0.0
    cut: bool = False
    effect: bool | None = None

    @property
    def takes(self) -> bool:
        """Whether the target does it."""
        return self.status < 300 if self.effect is None else self.effect


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that is killed resets its connection: nothing to tell."""


class Target:
    """A real HTTP server that tells repeats apart by Idempotency-Key, as a good target does."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.effects: list[Arrival] = []
        self.script: Callable[[int], Answer] = lambda number: Answer()
        self._seen: Counter[str] = Counter()
        self.asked: list[str] = []
        self.knows: Callable[[str], Answer] = self.has
        self._lock = threading.Lock()
        self._count = 0
        target = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # or each body waits 40 ms for the head to be acknowledged

            def do_POST(self) -> None:
                target._receive(self)

            def do_GET(self) -> None:
                target._tell(self)

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/orders"

    @property
    def repeats(self) -> int:
        """How many requests brought something it had already."""
        return sum(self._seen.values()) - len(self._seen)

    def times(self, key: str) -> int:
        """How often it took the effect of this key, had it no memory."""
        return self._seen[key]

    def _receive(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers.get("Content-Length", "0"))
        raw = request.rfile.read(length)
        if len(raw) < length:  # the sender died in the middle of it
            request.close_connection = True
            return
        body = json.loads(raw)
        headers = {name.lower(): value for name, value in request.headers.items()}
        arrival = Arrival(request.path, headers.get("idempotency-key", ""), headers, body, time.monotonic())
        with self._lock:
            self._count += 1
            answer = self.script(self._count)
            self.arrivals.append(arrival)
            if answer.takes:
                self._take(arrival)
        time.sleep(answer.seconds)
        with suppress(OSError):  # the sender may be gone by now
            self._answer(request, answer)

    def _tell(self, request: BaseHTTPRequestHandler) -> None:
        """Asked whether it has a key, as /orders/<key>."""
        key = request.path.rpartition("/")[2]
        self.asked.append(key)
        self._answer(request, self.knows(key))

    def has(self, key: str) -> Answer:
        """200 with the order, or 404: an honest answer."""
        return Answer(200 if self._seen[key] else 404)

    def _take(self, arrival: Arrival) -> None:
        self._seen[arrival.key] += 1
        if self._seen[arrival.key] == 1:
            self.effects.append(arrival)

    def _answer(self, request: BaseHTTPRequestHandler, answer: Answer) -> None:
        if answer.hang_up:
            request.close_connection = True
            request.connection.close()
            return
        if answer.drip:
            _drip(request, answer)
            return
        request.send_response(answer.status)
        length = len(answer.body) + (100 if answer.reset else 0)
        for name, value in {**answer.headers, "Content-Length": str(length)}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(answer.body[: len(answer.body) // 2] if answer.cut else answer.body)
        if answer.reset:
            request.wfile.flush()
            request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.connection.close()
        request.close_connection = request.close_connection or answer.reset or answer.cut

    def numbers(self, lot: str) -> list[int]:
        """The numbers of one lot in the order of their effects."""
        return [arrival.body["n"] for arrival in self.effects if arrival.body["lot"] == lot]

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def _drip(request: BaseHTTPRequestHandler, answer: Answer) -> None:
    """Byte by byte, until the other side has had enough."""
    text = f"HTTP/1.1 {answer.status} OK\r\nContent-Length: {len(answer.body)}\r\n\r\n".encode() + answer.body
    request.close_connection = True
    try:
        for byte in text:
            request.connection.sendall(bytes([byte]))
            time.sleep(answer.drip)
    except OSError:
        pass  # it hung up


def drain_all(installation: Installation) -> int:
    """Drain every partition, events of events included."""
    from app.runtime.processing import drain

    moved, total = -1, 0
    while moved:
        moved = drain(installation, set(range(256)))
        total += moved
    return total


def deliver_all(installation: Installation) -> int:
    """Send everything that is due now."""
    from tests.delivering import deliver

    return deliver(installation, set(range(256)))
