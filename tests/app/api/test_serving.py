"""The real web server: hostile bodies over a socket, a taken port, no orphan."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from app import serving
from app.settings import Settings

BODY = b'{"number": "7", "priority": "1", "quantity": "3"}'
CHUNK = b"%x\r\n%s\r\n" % (len(BODY), BODY)
_START = "from app.serving import serve; from app.settings import load_settings; serve(load_settings())"


@dataclass
class Server:
    """A running web server."""

    process: subprocess.Popen[bytes]
    port: int
    token: str
    site: Any

    def raw(self, head: bytes, body: bytes, close: bool) -> bytes:
        """Send bytes as they are; what is answered until the connection ends."""
        token = b"Authorization: Bearer " + self.token.encode()
        start = b"POST /v1/in/shop.orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        with socket.create_connection(("127.0.0.1", self.port), timeout=15) as connection:
            connection.sendall(start + token + b"\r\nContent-Type: application/json\r\n" + head + b"\r\n\r\n")
            try:
                connection.sendall(body)
                if close:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it may answer and close before it has everything
            return b"".join(iter(lambda: _receive(connection), b""))

    def post(self, body: bytes) -> bytes:
        """A well-formed call."""
        return self.raw(b"Content-Length: %d" % len(body), body, close=False)

    def stored(self) -> int:
        """How many messages there are."""
        with self.site.installation.database.read() as connection:
            return int(connection.execute(text("select count(*) from messages")).scalar_one())


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except OSError:
        return b""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Any, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def server(site: Any) -> Iterator[Server]:
    yield from running(site)


@pytest.fixture
def impatient(site: Any) -> Iterator[Server]:
    """A server that gives an upload little time."""
    yield from running(site, MAPWRIGHT_UPLOAD_PATIENCE="1", MAPWRIGHT_UPLOAD_RATE="1000")


def running(site: Any, **more: str) -> Iterator[Server]:
    port = free_port()
    settings = site.installation.settings
    environ = {
        **os.environ,
        "MAPWRIGHT_HOME": str(settings.home),
        "MAPWRIGHT_BIND": f"127.0.0.1:{port}",
        "MAPWRIGHT_SECRET_KEYS": ",".join(settings.secret_keys),
        **more,
    }
    process = subprocess.Popen([sys.executable, "-c", _START], env=environ)
    started = Server(process, port, site.token("send"), site)
    assert wait_until(lambda: listens(port))
    yield started
    process.kill()
    process.wait()
    assert wait_until(lambda: not listens(port))


def test_a_whole_body_is_taken_in(server: Server) -> None:
    assert b" 202 " in server.post(BODY)
    assert server.stored() == 1


def test_calls_of_one_connection_are_answered_alike_the_short_way_and_the_long_one(server: Server) -> None:
    """The first token has to be looked up, the next calls find it known; with a repeated header none is plain."""
    token = b"Authorization: Bearer " + server.token.encode()
    start = b"POST /v1/in/shop.orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + token
    rest = b"\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as connection:
        journey = b"\r\nX-Correlation-Id: j"
        answers = [one_answer(connection, start + journey * times + rest) for times in (1, 1, 1, 2)]
    first, again, once_more, twice = [re.sub(rb"nonce-[\w-]+|date: [^\r]+", b"", one) for one in answers]
    assert first.startswith(b"HTTP/1.1 202") and b'"duplicate":false' in first
    assert again == once_more == first.replace(b"false", b"true").replace(b"length: 108", b"length: 107")
    assert b'"correlation_id":"j"' in twice
    assert server.stored() == 1


def one_answer(connection: socket.socket, call: bytes) -> bytes:
    """Send a call; as much as one answer has, its headers sorted."""
    connection.sendall(call)
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65_536)
    head, _, body = received.partition(b"\r\n\r\n")
    found = re.search(rb"content-length: (\d+)", head)
    assert found is not None
    while len(body) < int(found[1]):
        body += connection.recv(65_536)
    status, *headers = head.split(b"\r\n")
    return b"\r\n".join([status, *sorted(headers), b"", body])


@pytest.mark.parametrize(
    ("head", "body", "breaks_off", "status", "code"),
    [
        (b"Content-Length: %d" % (len(BODY) + 5), BODY, True, b"400", b"body_incomplete"),
        (b"Transfer-Encoding: chunked", CHUNK + b"0\r\n\r\n", False, b"411", b"length_required"),
        (b"Transfer-Encoding: chunked", CHUNK, True, b"411", b"length_required"),
        (b"X-Nothing: 1", b"", False, b"411", b"length_required"),
        (b"Content-Length: 20000000", b"x" * 20_000_000, False, b"413", b"too_large"),
        (b"Content-Length: 20000", b"[" * 10_000 + b"]" * 10_000, False, b"400", b"undecodable"),
    ],
    ids=["cut", "chunked", "cut chunked", "no length", "20 MB", "nested"],
)
def test_a_hostile_body_is_refused_and_the_server_lives(
    server: Server, head: bytes, body: bytes, breaks_off: bool, status: bytes, code: bytes
) -> None:
    answer = server.raw(head, body, close=breaks_off)
    assert answer.startswith(b"HTTP/1.1 " + status), answer[:300]
    assert b'"code": "' + code + b'"' in answer
    assert server.stored() == 0
    assert b" 202 " in server.post(BODY)


def test_a_child_whose_server_ended_while_it_was_starting_ends_too(site: Any) -> None:
    home = str(site.installation.settings.home)
    environ = {**os.environ, "MAPWRIGHT_HOME": home, "MAPWRIGHT_SERVER_PID": "1"}
    child = subprocess.run(
        [sys.executable, "-c", "from app.serving import application"], env=environ, timeout=60
    )
    assert child.returncode == -signal.SIGKILL


def test_a_second_server_on_the_port_is_refused_with_what_to_do(server: Server) -> None:
    with pytest.raises(serving.PortTaken, match=f"port {server.port} .* MAPWRIGHT_BIND"):
        serving.serve(Settings(bind=f"127.0.0.1:{server.port}"))


@pytest.mark.faults
def test_a_killed_server_leaves_no_worker_behind_that_holds_the_port(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as upload:
        upload.sendall(b"POST /v1/in/shop.orders HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        assert wait_until(lambda: not listens(server.port))


def test_a_server_asked_to_stop_stops(server: Server) -> None:
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(15) in (0, -signal.SIGTERM)
    assert wait_until(lambda: not listens(server.port))


@pytest.mark.parametrize(
    ("bind", "expected"), [("127.0.0.1:8700", ("127.0.0.1", 8700)), ("[::1]:80", ("::1", 80))]
)
def test_an_address_is_host_and_port(bind: str, expected: tuple[str, int]) -> None:
    assert serving.address(bind) == expected


@pytest.mark.parametrize("bind", ["8700", "host", "host:", "host:http", "host:0", "host:99999", ":80"])
def test_anything_else_is_no_address(bind: str) -> None:
    with pytest.raises(serving.BindInvalid):
        serving.address(bind)


def test_the_settings_reach_the_processes_of_the_server() -> None:
    settings = Settings(bind="127.0.0.1:1", secret_keys=("one", "two"), body_limit=5)
    environ = serving.environ(settings)
    assert environ["MAPWRIGHT_SECRET_KEYS"] == "one,two" and environ["MAPWRIGHT_BODY_LIMIT"] == "5"


def drip(server: Server, pieces: list[bytes], pause: float, head: bytes) -> tuple[bytes, float]:
    """Send a body piece by piece; what is answered, and after how many seconds."""
    begun = time.monotonic()
    start = b"POST /v1/in/shop.orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + server.token.encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(start + b"\r\nContent-Type: application/json\r\n" + head + b"\r\n\r\n")
        connection.settimeout(pause)
        answer = b""
        for piece in pieces:
            try:
                connection.sendall(piece)
                answer += connection.recv(65_536)
                break
            except TimeoutError:
                continue
            except OSError:
                break
        connection.settimeout(30)
        while b"\r\n\r\n" not in answer and (more := _receive(connection)):
            answer += more
        return answer, time.monotonic() - begun


def test_a_body_that_stalls_is_ended_with_408(impatient: Server) -> None:
    answer, took = drip(impatient, [BODY[:5]], 0.1, b"Content-Length: %d" % len(BODY))
    assert answer.startswith(b"HTTP/1.1 408"), answer[:300]
    assert b'"code": "upload_slow"' in answer and b"application/problem+json" in answer
    assert 0.9 <= took < 30 and impatient.stored() == 0


def test_a_body_that_drips_is_ended_though_it_never_pauses_long(impatient: Server) -> None:
    pieces = [BODY[n : n + 1] for n in range(len(BODY))] * 20
    answer, took = drip(impatient, pieces, 0.2, b"Content-Length: %d" % (20 * len(BODY)))
    assert answer.startswith(b"HTTP/1.1 408") and took < 30, answer[:300]


def test_a_chunked_body_that_drips_is_ended(impatient: Server) -> None:
    answer, _ = drip(impatient, [b"1\r\nx\r\n"] * 100, 0.2, b"Transfer-Encoding: chunked")
    assert answer.startswith(b"HTTP/1.1 408"), answer[:300]


def test_senders_that_drip_keep_no_other_from_being_served(impatient: Server) -> None:
    """Ten times as many as there are threads."""
    head = b"POST /v1/in/shop.orders HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
    slow = [socket.create_connection(("127.0.0.1", impatient.port)) for _ in range(10 * serving.THREADS)]
    for connection in slow:
        connection.sendall(head)
    assert b" 202 " in impatient.post(BODY)
    for connection in slow:
        connection.close()


def test_a_header_that_drips_is_ended(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(b"POST /v1/in/shop.orders HTTP/1.1\r\nHost: x\r\n")
        begun = time.monotonic()
        _receive(connection)
    assert time.monotonic() - begun < 25


def test_repeated_headers_and_spaced_paths_arrive_as_sent(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as connection:
        connection.sendall(
            b"GET /v1/no%20such%C3%A9 HTTP/1.1\r\nHost: x\r\nX_Correlation_Id: spoof\r\nConnection: close\r\n\r\n"
        )
        answer = b"".join(iter(lambda: _receive(connection), b""))
    assert answer.startswith(b"HTTP/1.1 404") and b"spoof" not in answer
