"""The short way of intake answers what the application answers, byte for byte, and leaves the same behind."""

import asyncio
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from sqlalchemy import text, update

from app.errors import DatabaseSlow
from app.express import MOST_BYTES, Express
from app.front import Front
from app.runtime.installation import Installation
from app.runtime.pressure.disk import Room
from app.security import tokens
from app.settings import Settings
from app.storage.limits import Limit, Scope, put_limit
from app.storage.tokens import tokens_table
from app.wiring import wire
from tests.app.api.fronted import Answered, know_tokens
from tests.app.api.test_front import Scope as Call
from tests.app.api.test_replies import publish_replying
from tests.website import KEYS, Site

ORDER = b'{"number": "7", "priority": "1", "quantity": "3"}'
OTHER = b'{"number": "7", "priority": "2", "quantity": "3"}'
PATH = "/v1/in/shop.orders"
JSON = "application/json"
BULK = "application/x-ndjson"
DIGEST = "sha-256=:iHpC0zFsXIhN0gBxEJ0iNZQKrRYh2rKo0mmfUNq1Vys=:"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_MASKS = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"nonce-[\w-]+"), "<nonce>"),
)
_ID = re.compile(r'"message_id": ?"([^"]+)"')
_FIGURES = ("mapwright_taken_in_total", "mapwright_refused_total", "mapwright_intake_seconds_count")


def request(body: bytes = ORDER, path: str = PATH, method: str = "POST", **more: Any) -> Call:
    """A call with the headers of a good one; `headers` changes them, None leaves one out."""
    call = Call(path)
    call.method, call.query_string = method, more.pop("query", "")
    good = {"host": "plant", "content-type": JSON, "content-length": str(len(body))}
    said = {**good, **more.pop("headers", {})}
    call.headers.update({name: value for name, value in said.items() if value is not None})
    call.body, call.token = body, more.pop("token", "good")  # type: ignore[attr-defined]
    assert not more
    return call


@dataclass
class Way:
    """One of two installations that are alike, and how calls come to it."""

    site: Site
    texts: dict[str, str]
    short: bool
    asked: int = 0
    ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shortcut = Express(self.site.installation, 2) if self.short else None
        self.front = Front(self._application, self.site.installation.settings, 2, shortcut)

    def _application(self, environ: Any, start: Any) -> Any:
        self.asked += 1
        return self.site.app(environ, start)

    async def answer(self, call: Any) -> tuple[int, list[tuple[str, str]], str]:
        """What is answered, without what is different in every answer."""
        scope = Call(call.path)
        scope.method, scope.query_string = call.method, call.query_string
        scope.headers.update(call.headers)
        if call.token is not None:
            scope.headers.setdefault("authorization", f"Bearer {self.texts.get(call.token, call.token)}")
        proto = Answered([call.body])
        await self.front.__rsgi__(scope, proto)
        for id in [value for name, value in proto.headers if name == "X-Mapwright-Message"]:
            self._name(id)
        masked = [
            (name, "<moment>" if name == "X-RateLimit-Reset" else self._masked(value))
            for name, value in proto.headers
        ]
        return proto.status, sorted(masked), self._masked(proto.body.decode())

    def _masked(self, said: str) -> str:
        for id in _ID.findall(said):
            self._name(id)
        for id, name in self.ids.items():
            said = said.replace(id, name)
        for pattern, name in _MASKS:
            said = pattern.sub(name, said)
        return said

    def _name(self, id: str) -> None:
        self.ids.setdefault(id, f"<message {len(self.ids) + 1}>")

    def left_behind(self) -> list[Any]:
        """Every message and body, as they are stored."""
        with self.site.installation.database.read() as tx:
            found = tx.execute(
                text(
                    "select m.endpoint, m.flow, m.state, m.code, m.correlation_id, m.document_index, b.content, "
                    "b.media_type, b.headers, b.hash, m.sender from messages m left join bodies b on b.id = m.body_id"
                )
            )
            return sorted(self._masked(repr(tuple(row))) for row in found)


@dataclass
class Both:
    """The same calls by both ways."""

    application: Way
    short: Way

    def prepare(self, change: Callable[[Installation], None]) -> None:
        """Do the same to both installations."""
        for way in (self.application, self.short):
            change(way.site.installation)

    def compare(self, *calls: Call) -> list[int]:
        """Send them one after the other, both ways; the statuses, once everything is the same."""
        statuses = []
        for call in calls:
            (full, counted), (short, also) = (
                self._counted(way, call) for way in (self.application, self.short)
            )
            assert short == full
            assert also == counted
            statuses.append(full[0])
        assert self.short.left_behind() == self.application.left_behind()
        return statuses

    def _counted(self, way: Way, call: Call) -> tuple[Any, dict[Any, float]]:
        before = figures()
        answer = asyncio.run(way.answer(call))
        return answer, {name: value - before.get(name, 0) for name, value in figures().items()}

    @property
    def taken_short(self) -> int:
        """How many calls never came to the application."""
        return self.application.asked - self.short.asked


def figures() -> dict[Any, float]:
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name in _FIGURES and sample.value
    }


def issue(installation: Installation) -> dict[str, str]:
    with installation.database.begin() as tx:

        def one(environment: str, endpoints: tuple[str, ...], *capabilities: str) -> str:
            return tokens.issue(tx, "machine", environment, endpoints, "adm", capabilities).text

        texts = {
            "good": one("dev", ("*",), "send"),
            "one endpoint": one("dev", ("edi.asn",), "send"),
            "view": one("dev", ("*",), "view"),
            "prod": one("prod", ("*",), "send"),
            "revoked": one("dev", ("*",), "send"),
            "expired": one("dev", ("*",), "send"),
        }
        id_of = {name: text.split("_")[1] for name, text in texts.items()}
        tokens.revoke(tx, id_of["revoked"], "adm")
        over = datetime.now(UTC) - timedelta(seconds=1)
        tx.execute(update(tokens_table).where(tokens_table.c.id == id_of["expired"]).values(expires_at=over))
    return texts


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory, furnished: Path) -> Callable[..., Both]:
    """Make two installations with the same tokens, over copies of one database."""

    def make(publish: Callable[[Site], None] = lambda site: None, **given: Any) -> Both:
        homes = [tmp_path_factory.mktemp(name) for name in ("application", "short")]
        shutil.copy(furnished, homes[0] / "mapwright.db")
        first = wire(Settings(home=homes[0], secret_keys=KEYS))
        publish(Site(first))
        texts = issue(first)
        first.close()
        shutil.copy(homes[0] / "mapwright.db", homes[1] / "mapwright.db")
        sites = [Site(wire(Settings(home=home, secret_keys=KEYS, **given))) for home in homes]
        return Both(Way(sites[0], texts, short=False), Way(sites[1], texts, short=True))

    return make


@pytest.fixture
def both(alike: Callable[..., Both]) -> Iterator[Both]:
    yield from used(alike())


@pytest.fixture(scope="module")
def used_up(alike: Callable[..., Both]) -> Iterator[Both]:
    """One pair for many calls."""
    yield from used(alike(body_limit=200_000))


@pytest.fixture
def replying(alike: Callable[..., Both]) -> Iterator[Both]:
    yield from used(alike(publish_replying))


def used(pair: Both) -> Iterator[Both]:
    with pytest.MonkeyPatch.context() as patch:
        know_tokens(patch, pair.short.site.installation)
        yield pair
    pair.prepare(Installation.close)


def headers(**said: str | None) -> dict[str, Any]:
    return {"headers": {name.replace("_", "-"): value for name, value in said.items()}}


SHORT = {
    "plain": request(),
    "charset": request(**headers(content_type="application/json; charset=utf-8")),
    "upper case media": request(**headers(content_type="APPLICATION/JSON")),
    "no media": request(**headers(content_type=None)),
    "octets": request(**headers(content_type="application/octet-stream")),
    "lower bearer": request(token="", **headers(authorization="bearer GOOD")),
    "spaces around": request(token="", **headers(authorization="Bearer   GOOD ")),
    "query": request(query="token=abc&x=1"),
    "correlation": request(**headers(x_correlation_id="journey-7")),
    "empty correlation": request(**headers(x_correlation_id="")),
    "long correlation": request(**headers(x_correlation_id="j" * 150)),
    "trace": request(**headers(traceparent=TRACE)),
    "bad trace": request(**headers(traceparent="00-xyz")),
    "key": request(**headers(idempotency_key="k-1")),
    "empty key": request(**headers(idempotency_key="")),
    "gzip said": request(**headers(content_encoding="gzip", accept="text/html", accept_encoding="br")),
    "conditions": request(
        **headers(if_none_match='"x"', range="bytes=0-1", origin="http://x", te="trailers")
    ),
    "other method said": request(**headers(x_http_method_override="DELETE")),
    "strange host": request(**headers(host="a b:xyz", x_forwarded_for="1.2.3.4", x_forwarded_proto="https")),
    "no host": request(**headers(host=None)),
    "underscores": request(headers={"x_correlation_id": "spoof", "idempotency_key": "spoof"}),
    "nothing in it": request(b"[]"),
    "exact number": request(b'{"number": "8", "quantity": "9007199254740993.10"}'),
}
REFUSED = {
    "text": request(b"not json"),
    "cut": request(b'{"number": "1"'),
    "bytes": request(b"\xff\xfe\x00"),
    "nan": request(b'{"number": NaN}'),
    "twice": request(b'{"number": "1", "number": "2"}'),
    "nested": request(b"[" * 10_000 + b"]" * 10_000),
    "surrogate": request(b'{"number": "\\ud800"}'),
    "other media": request(**headers(content_type="application/xml")),
    "unknown endpoint": request(path="/v1/in/no.such"),
    "dots": request(path="/v1/in/.."),
    "outgoing endpoint": request(path="/v1/in/plant.work_order"),
    "nothing live": request(token="prod"),
    "tab in the key": request(**headers(idempotency_key="a\tb")),
    "long key": request(**headers(idempotency_key="k" * 300)),
    "long correlation": request(**headers(x_correlation_id="j" * 300)),
    "spaced correlation": request(**headers(x_correlation_id="a b\x7f")),
}
LEFT = {
    "bulk": request(ORDER + b"\n" + OTHER, **headers(content_type=BULK)),
    "shouted bulk": request(ORDER + b"\n{", **headers(content_type="Application/X-NDJSON; charset=utf-8")),
    "large": request(b'{"number": "9", "quantity": "3", "x": "%s"}' % (b"x" * MOST_BYTES)),
    "too large": request(b'"%s"' % (b"x" * 200_001)),
    "empty": request(b""),
    "wrong token": request(token="mwt_abc_def"),
    "no token": request(token=None),
    "basic": request(token="", **headers(authorization="Basic eDp5")),
    "revoked": request(token="revoked"),
    "expired": request(token="expired"),
    "other endpoint": request(token="one endpoint"),
    "may not send": request(token="view"),
    "no length": request(**headers(content_length=None)),
    "odd length": request(**headers(content_length="+49")),
    "more announced": request(**headers(content_length="60")),
    "less announced": request(**headers(content_length="10")),
    "chunked": request(**headers(content_length=None, transfer_encoding="chunked", content_digest=DIGEST)),
    "wrong digest": request(**headers(content_digest="sha-256=:AAAA:")),
    "expect": request(**headers(expect="100-continue")),
    "cookie": request(**headers(cookie="mapwright=abc")),
    "below": request(path="/v1/in/a/b"),
    "space": request(path="/v1/in/a b"),
    "no name": request(path="/v1/in/"),
    "unicode": request(path="/v1/in/bestellung-ä"),
    "new line": request(path=f"{PATH}\n"),
    **{name: request(method=name) for name in ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "post")},
}


def meant(both: Both, call: Call) -> Call:
    said = call.headers.get("authorization")
    if said is not None:
        call.headers["authorization"] = said.replace("GOOD", both.application.texts["good"])
    return call


@pytest.mark.parametrize("name", SHORT)
def test_what_is_taken_in_the_short_way(used_up: Both, name: str) -> None:
    before = used_up.taken_short
    assert used_up.compare(meant(used_up, SHORT[name])) == [202]
    assert used_up.taken_short == before + 1


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_on_the_short_way_is_said_by_the_application(used_up: Both, name: str) -> None:
    before = used_up.taken_short
    (status,) = used_up.compare(REFUSED[name])
    assert 400 <= status < 500 or name == "nothing live"
    assert used_up.taken_short == before


@pytest.mark.parametrize("name", LEFT)
def test_what_is_left_to_the_application(used_up: Both, name: str) -> None:
    before = used_up.taken_short
    used_up.compare(LEFT[name])
    assert used_up.taken_short == before


def test_repeats_are_known_again_and_what_contradicts_them_is_quarantined(both: Both) -> None:
    key = headers(idempotency_key="k")
    calls = [request(), request(), request(OTHER), request(ORDER, **key), request(OTHER, **key)]
    later = request(ORDER, **headers(idempotency_key="k", x_correlation_id="another"))
    assert both.compare(*calls, later) == [202] * 6
    assert both.taken_short == 6


def test_an_installation_behind_tls_says_so(alike: Callable[..., Both]) -> None:
    for pair in used(alike(public_url="https://plant")):
        assert pair.compare(request(), request(b"not json")) == [202, 400]


def limited(**given: Any) -> Callable[[Installation], None]:
    def change(installation: Installation) -> None:
        with installation.database.begin() as tx:
            put_limit(tx, Scope("dev", "endpoint", "shop.orders"), Limit(**given))
        installation.gate.look()

    return change


def order(number: int) -> Call:
    return request(b'{"number": "%d", "priority": "1", "quantity": "3"}' % number)


def test_over_a_rate(both: Both) -> None:
    both.prepare(limited(rate=0.001, burst=1))
    assert both.compare(order(1), order(2), order(3)) == [202, 429, 429]


def test_a_full_backlog(both: Both) -> None:
    both.prepare(limited(backlog=1))
    assert both.compare(order(1), order(2), order(3)) == [202, 429, 429]


def test_a_disk_nearly_full(both: Both) -> None:
    def full(installation: Installation) -> None:
        installation.gate.disks.short = Room("/srv", free=1, total=100, least=5)

    both.prepare(full)
    assert both.compare(request()) == [503]


def test_a_database_that_is_slow(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(installation: Installation) -> None:
        def check() -> None:
            raise DatabaseSlow("the database answers too slowly", {"retry_after": 3})

        monkeypatch.setattr(installation.gate.pulse, "check", check)

    both.prepare(slow)
    assert both.compare(request()) == [503]


@pytest.mark.parametrize("table", ["deployments", "messages", "bodies"])
def test_a_database_that_breaks(both: Both, table: str) -> None:
    def broken(installation: Installation) -> None:
        with installation.database.begin() as tx:
            tx.execute(text(f"alter table {table} rename to away_{table}"))

    def mended(installation: Installation) -> None:
        with installation.database.begin() as tx:
            tx.execute(text(f"alter table away_{table} rename to {table}"))

    both.prepare(broken)
    try:
        answers = [asyncio.run(way.answer(request())) for way in (both.application, both.short)]
    finally:
        both.prepare(mended)
    assert answers[0] == answers[1] and answers[0][0] >= 500
    assert both.compare(request()) == [202]


def test_the_reply_of_a_synchronous_flow(replying: Both) -> None:
    key, other = headers(idempotency_key="k"), headers(idempotency_key="k", x_correlation_id="other")
    calls = [request(ORDER, **key), request(ORDER, **key), request(ORDER, **other)]
    calls += [request(b'{"number": "8", "priority": "1"}', **headers(x_correlation_id="j" * 150))]
    assert replying.compare(*calls) == [200, 200, 200, 200]
    assert replying.taken_short == 4


def test_a_synchronous_flow_that_ends_without_a_reply(replying: Both) -> None:
    assert replying.compare(request(b'{"number": "", "priority": "1"}')) == [422]


_NAMES = st.sampled_from(
    [
        "content-type", "idempotency-key", "x-correlation-id", "traceparent", "content-length", "accept", "host",
        "content-encoding", "content-digest", "expect", "cookie", "transfer-encoding", "origin", "x-forwarded-for",
    ]
)  # fmt: skip
_VALUES = st.one_of(
    st.sampled_from(
        [JSON, BULK, "application/xml", "49", "gzip", "chunked", TRACE, "100-continue", "a=b", "*/*"]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20).map(str.strip),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(_NAMES, _VALUES, max_size=5))
def test_whatever_headers_it_has(used_up: Both, said: dict[str, str]) -> None:
    call = request(headers=said)
    assert asyncio.run(used_up.short.answer(call)) == asyncio.run(used_up.application.answer(call))


def test_many_at_once_get_an_answer_each(both: Both) -> None:
    calls = [order(1), request(b"not json"), order(2), order(1), request(path="/v1/in/no.such"), order(3)]

    async def at_once() -> list[int]:
        return [answer[0] for answer in await asyncio.gather(*map(both.short.answer, calls))]

    assert asyncio.run(at_once()) == [202, 400, 202, 202, 404, 202]
    assert both.short.asked == 2
