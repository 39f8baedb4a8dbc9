"""The short way into intake: when it is taken, what it leaves to the application, how long a token is known."""

from typing import Any

import pytest

from app.express import Express
from app.front import Front
from app.security import tokens
from app.security.known import FRESH_SECONDS, KnownTokens
from tests.app.api.fronted import call
from tests.app.api.test_intake import ORDER, PATH


def asked(environ: dict[str, Any], start: Any) -> list[bytes]:
    start("418 asked", [])
    return [b""]


def send(site: Any, text: str, **more: str) -> int:
    front = Front(asked, site.installation.settings, 2, Express(site.installation, 2))
    environ = dict(site.app.test_request_context(PATH, method="POST", data=ORDER).request.environ)
    status: int = call(front, {**environ, "HTTP_AUTHORIZATION": f"Bearer {text}", **more}).status_code
    return status


def known(site: Any, **scope: Any) -> str:
    """The text of a token that was verified just now, however slow the machine."""
    site.installation.tokens = KnownTokens(lambda: 0.0)
    text: str = site.token("send", **scope)
    with site.installation.database.read() as tx:
        record = tokens.verify(tx, text)
    site.installation.tokens.remember(text, record, site.installation.tokens.now())
    return text


def test_a_plain_call_with_a_known_token_does_not_reach_the_application(site: Any) -> None:
    assert send(site, known(site)) == 202


def test_a_token_that_was_not_verified_is_left_to_the_application(site: Any) -> None:
    assert send(site, site.token("send")) == 418


def test_a_token_of_other_endpoints_is_left_to_the_application(site: Any) -> None:
    assert send(site, known(site, endpoints=("edi.asn",))) == 418


@pytest.mark.parametrize(
    "more",
    [
        {"REQUEST_METHOD": "GET"},
        {"PATH_INFO": "/v1/in/a/b"},
        {"HTTP_CONTENT_DIGEST": "sha-256=:AAAA:"},
        {"CONTENT_LENGTH": str(len(ORDER) + 1)},
        {"CONTENT_TYPE": "application/x-ndjson"},
    ],
    ids=lambda more: next(iter(more)),
)
def test_what_is_not_plain_is_left_to_the_application(site: Any, more: dict[str, str]) -> None:
    assert send(site, known(site), **more) == 418


def test_a_token_is_believed_for_a_second_and_asked_for_by_one_halfway(site: Any) -> None:
    now = [10.0]
    book = KnownTokens(lambda: now[0])
    text = site.token("send")
    with site.installation.database.read() as tx:
        record = tokens.verify(tx, text)
    book.remember(text, record, now[0])
    assert book.find(text) == record and book.find(text + "x") is None
    now[0] += FRESH_SECONDS * 0.6
    assert [book.find(text), book.find(text)] == [None, record]
    now[0] += FRESH_SECONDS * 0.5
    assert book.find(text) is None
