"""What an answer of an HTTP target means for a delivery, over real sockets."""

import time
from email.utils import formatdate

import pytest

from connectors.registry import transports


def sink(url, **settings):
    return transports()["http"].sink({"url": url, "allow_private": True, **settings})


def answering(target, status, body=b"", **headers):
    target.answer = lambda handler: handler.reply(status, body, **headers)


def test_sends_the_bytes_and_headers_of_the_delivery(target, outgoing):
    receipt = sink(target.url, headers={"X-Plant": "1010"}).send(
        outgoing(b"\x00\xff", media_type="application/edi-x12")
    )
    request = target.requests[0]
    assert (receipt.result, receipt.status, receipt.reply) == ("delivered", 202, b'{"ok":true}')
    assert (request["method"], request["path"], request["body"]) == ("POST", "/in", b"\x00\xff")
    assert request["headers"]["Idempotency-Key"] == "key-1"
    assert request["headers"]["X-Plant"] == "1010"
    assert request["headers"]["Content-Type"] == "application/edi-x12"


@pytest.mark.parametrize("status", [200, 201, 202, 204, 208])
def test_2xx_is_delivered(target, outgoing, status):
    answering(target, status)
    assert sink(target.url).send(outgoing()).result == "delivered"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_what_may_work_later_is_retried(target, outgoing, status):
    answering(target, status)
    receipt = sink(target.url).send(outgoing())
    assert (receipt.result, receipt.status) == ("retry", status)


@pytest.mark.parametrize(
    ("status", "kind"), [(400, "partner"), (422, "partner"), (401, "application"), (404, "application")]
)
def test_other_4xx_is_refused(target, outgoing, status, kind):
    answering(target, status, b"no such plant")
    receipt = sink(target.url).send(outgoing())
    assert (receipt.result, receipt.error_class) == ("refused", kind)
    assert "no such plant" in receipt.detail


def test_the_detail_of_a_receipt_holds_no_control_characters(target, outgoing):
    answering(target, 400, b"bad\r\n\x1b[31mthing")
    assert sink(target.url).send(outgoing()).detail == "HTTP 400: bad [31mthing"


def test_redirects_are_not_followed(target, outgoing):
    answering(target, 307, Location=target.url + "/other")
    assert sink(target.url).send(outgoing()).result == "refused"
    assert len(target.requests) == 1


def test_retry_after_in_seconds(target, outgoing):
    answering(target, 429, Retry_After="17")
    assert sink(target.url).send(outgoing()).retry_after == 17


def test_retry_after_as_a_date(target, outgoing):
    answering(target, 503, Retry_After=formatdate(time.time() + 60, usegmt=True))
    assert 50 <= sink(target.url).send(outgoing()).retry_after <= 61


@pytest.mark.parametrize("value", ["soon", "-5", "1e9", "99999999999999999999", "١٢", ""])
def test_retry_after_that_is_nonsense_is_left_out(target, outgoing, value):
    target.answer = lambda handler: _raw_retry_after(handler, value)
    assert sink(target.url).send(outgoing()).retry_after is None


def _raw_retry_after(handler, value):
    handler.wfile.write(
        b"HTTP/1.1 503 x\r\nRetry-After: "
        + value.encode()
        + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    handler.close_connection = True


def test_retry_after_is_a_day_at_the_most(target, outgoing):
    answering(target, 503, Retry_After="999999999")
    assert sink(target.url).send(outgoing()).retry_after == 86_400


@pytest.mark.parametrize(
    ("rule", "body", "result"),
    [
        ({"path": "error.code"}, b'{"error":{"code":"E7"}}', "refused"),
        ({"path": "error.code"}, b'{"error":null}', "delivered"),
        ({"path": "error"}, b'{"error":""}', "delivered"),
        ({"path": "results.0.status", "equals": "FAILED"}, b'{"results":[{"status":"FAILED"}]}', "refused"),
        ({"path": "status", "equals": "FAILED"}, b'{"status":"OK"}', "delivered"),
        ({"path": "error"}, b"not json", "delivered"),
        ({"contains": "<soap:Fault"}, b"<x><soap:Fault/></x>", "refused"),
        ({"contains": "busy", "result": "retry"}, b"busy, come again", "retry"),
    ],
)
def test_a_200_with_an_error_body(target, outgoing, rule, body, result):
    answering(target, 200, body)
    receipt = sink(target.url, error_body=rule).send(outgoing())
    assert receipt.result == result
    assert receipt.error_class == ("" if result == "delivered" else "application")


def test_nobody_listens(unused_url, outgoing):
    receipt = sink(unused_url).send(outgoing())
    assert (receipt.result, receipt.error_class) == ("retry", "transport")


def test_a_name_that_does_not_exist(outgoing):
    receipt = sink("http://no-such-host.invalid/in").send(outgoing())
    assert (receipt.result, receipt.error_class) == ("retry", "transport")


def test_tls_against_a_plain_port_sends_nothing(target, outgoing):
    receipt = sink(target.url.replace("http:", "https:"), timeout=5).send(outgoing())
    assert (receipt.result, receipt.error_class) == ("retry", "transport")
    assert not target.requests


def test_to_fills_the_address_percent_encoded(target, outgoing):
    receipt = sink(target.url + "/{to}/scar").send(outgoing(address="A/B ü?x=1#y"))
    assert receipt.result == "delivered"
    assert target.requests[0]["path"] == "/in/A%2FB%20%C3%BC%3Fx%3D1%23y/scar"


@pytest.mark.parametrize("address", ["..", "."])
def test_to_can_not_climb(target, outgoing, address):
    assert sink(target.url + "/{to}/scar").send(outgoing(address=address)).error_class == "mapping"
    assert not target.requests


def test_to_without_a_place_in_the_url_is_a_mapping_error(target, outgoing):
    receipt = sink(target.url).send(outgoing(address="SUP-1"))
    assert (receipt.result, receipt.error_class) == ("refused", "mapping")


def test_login(target, outgoing):
    sink(target.url, auth="bearer", token="t0k").send(outgoing())
    sink(target.url, auth="basic", username="u", password="pä").send(outgoing())
    found = [request["headers"]["Authorization"] for request in target.requests]
    assert found == ["Bearer t0k", "Basic dTpww6Q="]
