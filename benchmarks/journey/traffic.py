"""Many requests over kept connections, each sent when the one before it was answered; and a target that counts.

Both speak just enough HTTP/1.1, so that the machine's time goes to what is measured.
"""

import asyncio
import json
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

CONNECTIONS = 16


@dataclass
class Run:
    """How a run of requests went: seconds from the first byte to the last answer, and the answers by status."""

    begun: float = 0.0
    ended: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    last: bytes = b""

    @property
    def rate(self) -> float:
        """Requests a second."""
        return sum(self.statuses.values()) / (self.ended - self.begun)


def post(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """One request as it travels."""
    given = {"Host": "bench", "Content-Length": str(len(body)), "Content-Type": "application/json", **headers}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def send_all(address: tuple[str, int], requests: Sequence[bytes], connections: int = CONNECTIONS) -> Run:
    """Send all, some at a time; one answer a request."""
    return asyncio.run(_send_all(address, requests, connections))


async def _send_all(address: tuple[str, int], requests: Sequence[bytes], connections: int) -> Run:
    run, waiting = Run(), iter(requests)
    loop = asyncio.get_running_loop()
    ends = []
    run.begun = time.monotonic()
    for _ in range(connections):
        end = loop.create_future()
        ends.append(end)
        await loop.create_connection(lambda end=end: _Sender(run, waiting, end), *address)  # type: ignore[misc]
    await asyncio.wait_for(asyncio.gather(*ends), 120)
    run.ended = time.monotonic()
    return run


class _Sender(asyncio.Protocol):
    def __init__(self, run: Run, waiting: Iterator[bytes], end: asyncio.Future[None]) -> None:
        self._run, self._waiting, self._end = run, waiting, end
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._next()

    def _next(self) -> None:
        request = next(self._waiting, None)
        if request is None:
            self._transport.close()
            self._end.done() or self._end.set_result(None)
        else:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if found and len(rest) >= _length(head):
            self._run.statuses[int(head[9:12])] += 1
            self._run.last = rest
            self._received = b""
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._end.done():
            self._end.set_exception(error or ConnectionError(f"closed after {self._received[:300]!r}"))


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


class _Target(asyncio.Protocol):
    """Takes everything and says 200; GET tells how many came, when the last one did, and the first few of them."""

    bodies: list[bytes] = []
    keys: set[bytes] = set()
    count = 0
    at = 0.0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        while True:
            head, found, rest = self._received.partition(b"\r\n\r\n")
            length = _length(head) if found else 0
            if not found or len(rest) < length:
                return
            self._received = rest[length:]
            answer = self._tell() if head.startswith(b"GET") else self._take(rest[:length])
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))

    def _take(self, body: bytes) -> bytes:
        cls = type(self)
        cls.count += 1
        cls.at = time.monotonic()
        if len(cls.bodies) < 2_000:
            cls.bodies.append(body)
        return b"{}"

    def _tell(self) -> bytes:
        cls = type(self)
        told = {"count": cls.count, "at": cls.at, "bodies": [body.decode() for body in cls.bodies]}
        cls.count, cls.bodies = 0, []
        return json.dumps(told).encode()


class Arrivals:
    """What the target process has seen since somebody looked."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}/"

    def wait(self, count: int, seconds: float = 90.0) -> tuple[float, list[Any]]:
        """When the last of so many came, and the bodies."""
        until, seen, bodies, at = time.monotonic() + seconds, 0, [], 0.0
        while seen < count:
            if time.monotonic() > until:
                raise RuntimeError(f"{seen} of {count} messages arrived")
            time.sleep(0.1)
            with urllib.request.urlopen(self.address, timeout=10) as answer:
                told = json.load(answer)
            seen += told["count"]
            bodies += told["bodies"]
            at = max(at, told["at"])
        if seen != count:
            raise RuntimeError(f"{seen} messages arrived where {count} were sent")
        return at, [json.loads(body) for body in bodies]


async def serve_target(port: int) -> None:
    """The target, until it is stopped."""
    server = await asyncio.get_running_loop().create_server(_Target, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve_target(int(sys.argv[1])))
