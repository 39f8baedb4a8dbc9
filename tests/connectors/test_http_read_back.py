"""What a target's answer says about a delivery of which nobody knows whether it arrived."""

from typing import Any

import pytest

from connectors.contract import Asking, Outgoing
from connectors.errors import SettingsError
from connectors.transports.http.call import Answer, NoAnswer
from connectors.transports.http.readback import ReadBack, read_read_back
from connectors.transports.http.spec import TRANSPORT

URL = "https://erp.example/orders"
HEADERS = {
    "Idempotency-Key": "k/1",
    "X-Correlation-Id": "c 1",
    "X-Mapwright-Message": "m1",
    "X-Mapwright-Delivery": "d1",
}


def reads(**said: Any) -> ReadBack:
    found = read_read_back({"url": URL + "/{key}", **said}, URL)
    assert found is not None
    return found


def answer(status: int, body: bytes = b"", **more: Any) -> Answer:
    return Answer(status, {}, body, **more)


@pytest.mark.parametrize(
    ("status", "result"),
    [(200, "arrived"), (204, "arrived"), (404, "absent"), (410, "absent"), (401, "unknown"), (403, "unknown"),
     (302, "unknown"), (429, "unknown"), (500, "unknown"), (503, "unknown")],
)  # fmt: skip
def test_the_status_says_it(status: int, result: str) -> None:
    assert reads().finding(answer(status)).result == result


@pytest.mark.parametrize(
    ("said", "body", "result"),
    [
        ({"jmespath": "value[0].id"}, b'{"value": [{"id": 0}]}', "absent"),
        ({"jmespath": "value[0].id"}, b'{"value": [{"id": "4711"}]}', "arrived"),
        ({"jmespath": "value[0]"}, b'{"value": []}', "absent"),
        ({"jmespath": "length(value) > `1`"}, b'{"value": [1]}', "absent"),
        ({"jmespath": "length(value)"}, b'{"value": 1.5}', "unknown"),
        ({"pointer": "/d/results/0"}, b'{"d": {"results": [{"x": 1}]}}', "arrived"),
        ({"pointer": "/d/results/0"}, b'{"d": {"results": []}}', "absent"),
        ({"pointer": "/a~1b/c~0d"}, b'{"a/b": {"c~d": true}}', "arrived"),
        ({"pointer": "/x"}, b"<html>", "unknown"),
        ({"pointer": "/x"}, b"[" * 100_000, "unknown"),
    ],
)
def test_the_content_says_it(said: dict[str, Any], body: bytes, result: str) -> None:
    assert reads(**said).finding(answer(200, body)).result == result


def test_half_an_answer_says_nothing() -> None:
    found = reads(pointer="/x").finding(answer(200, b'{"x": 1}', complete=False))
    assert found.result == "unknown" and "broke off" in found.detail


def test_no_answer_says_nothing() -> None:
    assert reads().finding(NoAnswer("connect", "not connected")).result == "unknown"


def test_the_evidence_is_kept() -> None:
    found = reads().finding(answer(404, b"no such order"))
    assert (found.status, found.reply, found.detail) == (
        404,
        b"no such order",
        "asked, the target says HTTP 404",
    )


def test_the_address_is_filled_and_encoded() -> None:
    found = read_read_back({"url": URL + "?ref={key}&c={correlation_id}"}, URL)
    assert found is not None and found.address(Outgoing(b"", "", HEADERS)) == URL + "?ref=k%2F1&c=c%201"


def test_an_address_that_lacks_a_value_is_not_asked() -> None:
    found = read_read_back({"url": URL + "/{key}/{to}"}, URL)
    assert found is not None and found.address(Outgoing(b"", "", HEADERS)) is None


@pytest.mark.parametrize(
    "said",
    [
        {"url": "https://evil.example/{key}"},
        {"url": URL},
        {"jmespath": "x"},
        {"url": URL + "/{key}", "jmespath": "["},
        {"url": URL + "/{key}", "jmespath": "x", "pointer": "/x"},
        {"url": URL + "/{key}", "pointer": "x"},
        {"url": URL + "/{key}", "absent": 404},
        {"url": URL + "/{key}", "method": "DELETE"},
    ],
)
def test_settings_that_do_not_fit_are_refused(said: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        read_read_back(said, URL)


def test_a_connection_says_whether_it_can_be_asked() -> None:
    assert TRANSPORT.sink is not None
    plain, asked = (
        TRANSPORT.sink({"url": URL}),
        TRANSPORT.sink({"url": URL, "read_back": {"url": URL + "/{key}"}}),
    )
    assert (
        isinstance(plain, Asking) and isinstance(asked, Asking) and (plain.asks, asked.asks) == (False, True)
    )
