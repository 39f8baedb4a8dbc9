"""The HTTP side of the sandbox."""

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from app.sandbox.page import page
from app.sandbox.store import MODES, SYSTEMS, Behaviour, Store

LIMIT = 10_000_000


class SandboxServer(ThreadingHTTPServer):
    """One port for all systems: `POST /<system>/<anything>`."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], store: Store) -> None:
        super().__init__(address, _Handler)
        self.store = store


class _Handler(BaseHTTPRequestHandler):
    server: SandboxServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each body waits 40 ms for its head to be acknowledged
    timeout = 60

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the page shows what arrived."""

    def do_GET(self) -> None:
        """`/` the page, `/received` the same as JSON, `/control` the behaviour, `/health`."""
        address = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        store = self.server.store
        match address.path:
            case "/":
                self._answer(200, page(store).encode(), "text/html; charset=utf-8")
            case "/received":
                found = store.received(asked.get("system", ""), asked.get("correlation_id", ""))
                self._json(200, {"received": [one.as_json() for one in found]})
            case "/control":
                self._json(200, {system: store.behaviour(system).mode for system in SYSTEMS})
            case "/health":
                self._json(200, {"ok": True})
            case _:
                self._json(404, {"error": "no such page"})

    def do_POST(self) -> None:
        """Take a body for a system, or change the behaviour of one."""
        body = self._body()
        path = urlsplit(self.path).path
        system = path.strip("/").partition("/")[0]
        if body is None:
            return
        if path == "/control":
            self._control(body)
        elif system in SYSTEMS:
            self._take(system, path, body)
        else:
            self._json(404, {"error": f"no such system; known are {', '.join(SYSTEMS)}"})

    def do_DELETE(self) -> None:
        """`DELETE /received`: start with nothing."""
        if urlsplit(self.path).path != "/received":
            return self._json(404, {"error": "only /received can be emptied"})
        self.server.store.forget()
        return self._json(200, {"received": []})

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LIMIT:
            self.close_connection = True
            self._json(411 if not length else 413, {"error": "a body of known and reasonable length, please"})
            return None
        return self.rfile.read(int(length))

    def _take(self, system: str, path: str, body: bytes) -> None:
        behaviour = self.server.store.behaviour(system)
        if behaviour.mode == "down":
            return self._json(503, {"error": f"{SYSTEMS[system]} is down"}, {"Retry-After": "1"})
        if behaviour.mode == "slow":
            time.sleep(behaviour.seconds)
        if behaviour.mode == "wrong":
            return self._json(
                200, {"error": {"code": "M7/021", "message": "Deficit of stock in unrestricted use"}}
            )
        try:
            document = json.loads(body)
        except ValueError as error:
            return self._json(400, {"error": f"not JSON: {error}"})
        outcome, number = self.server.store.take(path, dict(self.headers.items()), document)
        if outcome == "other":
            return self._json(409, {"error": "this Idempotency-Key came with another body before"})
        return self._json(
            201 if outcome == "new" else 200, {"id": f"{system}-{number}", "status": "accepted"}
        )

    def _control(self, body: bytes) -> None:
        form = self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
        try:
            asked = {k: v[0] for k, v in parse_qs(body.decode()).items()} if form else json.loads(body)
            systems = [asked["system"]] if asked.get("system") else list(SYSTEMS)
            behaviour = Behaviour(str(asked["mode"]), float(asked.get("seconds", 3.0)))
        except (ValueError, KeyError, TypeError, AttributeError):
            return self._json(
                400, {"error": 'send {"mode": "ok|slow|down|wrong", "system": ..., "seconds": ...}'}
            )
        if behaviour.mode not in MODES or not set(systems) <= set(SYSTEMS):
            return self._json(
                400, {"error": f"mode is one of {', '.join(MODES)}, system of {', '.join(SYSTEMS)}"}
            )
        for system in systems:
            self.server.store.behave(system, behaviour)
        if form:
            return self._answer(303, b"", "text/plain", {"Location": "/"})
        return self._json(200, dict.fromkeys(systems, behaviour.mode))

    def _json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        self._answer(status, json.dumps(body).encode(), "application/json", headers)

    def _answer(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def open_sandbox(address: tuple[str, int], path: Path) -> SandboxServer:
    """A sandbox that listens (port 0: any free one) and stores in a file; call serve_forever."""
    return SandboxServer(address, Store(path))
