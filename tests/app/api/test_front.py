"""Bodies in front of the application: how much of them is held, how slow they may be, what reaches it."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.errors import ServerBusy, UploadSlow
from app.front import Front, Upload
from app.settings import Settings


class Proto:
    """A call's body in pieces, and what it was answered."""

    def __init__(self, pieces: list[bytes], pause: float = 0.0) -> None:
        self.pieces, self.pause = pieces, pause
        self.status, self.body = 0, b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            await asyncio.sleep(self.pause)
            yield piece

    def response_bytes(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.body = status, body

    def response_empty(self, status: int, headers: Any) -> None:
        self.status = status


class Headers(dict[str, str]):
    """As the server gives them."""


class Scope:
    """A call as the server describes it."""

    proto, http_version, scheme, method, query_string = "http", "1.1", "http", "POST", "a=1"
    server, client = "127.0.0.1:80", "127.0.0.1:5000"

    def __init__(self, path: str, **headers: str) -> None:
        self.path = path
        self.headers = Headers({name.replace("_", "-"): value for name, value in headers.items()})


def echo(environ: dict[str, Any], start: Any) -> list[bytes]:
    start("200 OK", [("Content-Type", "text/plain")])
    return [environ["REQUEST_METHOD"].encode(), environ["wsgi.input"].read()]


def call(front: Front, scope: Scope, proto: Proto) -> Proto:
    asyncio.run(front.__rsgi__(scope, proto))
    return proto


def receive(pieces: list[bytes], hold: Any = lambda size: None, pause: float = 0.0, **given: Any) -> bytes:
    settings = Settings(**{"upload_patience": 0.2, "upload_rate": 100, **given})
    return asyncio.run(Upload(settings, None, hold).receive(Proto(pieces, pause)))


def test_a_body_reaches_the_application_whole() -> None:
    made = call(Front(echo, Settings(), 2), Scope("/v1/in/x"), Proto([b"ab", b"cd"]))
    assert (made.status, made.body) == (200, b"POSTabcd")


def test_a_body_that_pauses_too_long_is_slow() -> None:
    with pytest.raises(UploadSlow):
        receive([b"a", b"b"], pause=0.5)


def test_a_body_that_comes_fast_enough_may_take_its_time() -> None:
    assert receive([b"x" * 20] * 10, pause=0.05) == b"x" * 200


def test_a_body_that_drips_is_slow_though_it_never_pauses() -> None:
    with pytest.raises(UploadSlow, match="bytes a second"):
        receive([b"x"] * 100, pause=0.05)


def test_more_than_the_limit_is_not_read() -> None:
    assert len(receive([b"x" * 10] * 100, body_limit=50)) == 60


def test_more_than_may_be_held_is_refused_and_given_back() -> None:
    front = Front(echo, Settings(), 2)
    front._most_held = 5
    proto = call(front, Scope("/v1/in/x"), Proto([b"abc", b"def"]))
    assert proto.status == 503 and json.loads(proto.body)["code"] == "server_busy"
    assert front._held == 0
    assert call(front, Scope("/v1/in/x"), Proto([b"abc"])).status == 200


def test_more_calls_of_machines_than_can_wait_are_refused_and_pages_answer() -> None:
    front = Front(echo, Settings(), 2)
    front._handing_in = 10_000
    assert call(front, Scope("/v1/in/x"), Proto([])).status == 503
    assert call(front, Scope("/health/live"), Proto([])).status == 200


def test_what_is_held_is_counted_as_it_comes() -> None:
    held: list[int] = []
    receive([b"ab", b"c"], hold=held.append)
    assert held == [2, 1]
    with pytest.raises(ServerBusy):
        receive([b"ab"], hold=_full)


def _full(size: int) -> None:
    raise ServerBusy
