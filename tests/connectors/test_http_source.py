"""Polling over HTTP."""

import pytest

from connectors.errors import ConnectorError, SettingsError
from connectors.registry import transports


def source(url, **settings):
    return transports()["http"].source({"url": url, "allow_private": True, **settings})


def answering(target, status, body=b"", **headers):
    target.answer = lambda handler: handler.reply(status, body, **headers)


def test_the_whole_answer_is_one_body(target):
    answering(target, 200, b"ISA*...", Content_Type="application/edi-x12")
    found = list(source(target.url).poll(10))
    assert [(item.body, item.media_type) for item in found] == [(b"ISA*...", "application/edi-x12")]


def test_every_entry_of_a_list_is_one_with_exact_numbers(target):
    answering(target, 200, b'[{"id": "a", "n": 33.30}, {"id": "b", "n": 9007199254740993}]')
    found = list(source(target.url, entries="array", key_field="id").poll(10))
    assert [(item.key, item.body) for item in found] == [
        ("a", b'{"id":"a","n":33.30}'),
        ("b", b'{"id":"b","n":9007199254740993}'),
    ]


def test_the_etag_is_sent_back_once_the_body_is_stored(target):
    answering(target, 200, b"x", ETag='"v1"')
    polling = source(target.url)
    (item,) = polling.poll(1)
    (again,) = polling.poll(1)
    assert again == item
    polling.acknowledge(item)
    answering(target, 304)
    assert list(polling.poll(1)) == []
    sent = [request["headers"].get("If-None-Match") for request in target.requests]
    assert sent == [None, None, '"v1"']


def test_an_unchanged_body_without_etag_is_read_once(target):
    answering(target, 200, b"x")
    polling = source(target.url)
    (item,) = polling.poll(1)
    polling.acknowledge(item)
    assert list(polling.poll(1)) == []
    answering(target, 200, b"y")
    assert [item.body for item in polling.poll(1)] == [b"y"]


@pytest.mark.parametrize(("how", "method"), [("delete", "DELETE"), ("post", "POST")])
def test_the_origin_is_told(target, how, method):
    answering(target, 200, b'[{"id": "a/b"}]')
    settings = {
        "entries": "array",
        "key_field": "id",
        "acknowledge": how,
        "acknowledge_url": target.url + "/{key}",
    }
    polling = source(target.url, **settings)
    (item,) = polling.poll(1)
    polling.acknowledge(item)
    assert (target.requests[-1]["method"], target.requests[-1]["path"]) == (method, "/in/a%2Fb")


def test_an_acknowledgement_that_is_refused_is_an_error(target):
    answering(target, 200, b"x")
    polling = source(target.url, acknowledge="delete", acknowledge_url=target.url)
    (item,) = polling.poll(1)
    answering(target, 500)
    with pytest.raises(ConnectorError) as error:
        polling.acknowledge(item)
    assert error.value.retryable


@pytest.mark.parametrize(("status", "body"), [(204, b""), (304, b""), (200, b""), (200, b" \n")])
def test_nothing_new(target, status, body):
    answering(target, status, body)
    assert list(source(target.url).poll(10)) == []


@pytest.mark.parametrize(("status", "body"), [(500, b""), (404, b""), (302, b""), (200, b"x" * 200)])
def test_what_can_not_be_used_is_an_error_that_can_be_retried(target, status, body):
    answering(target, status, body)
    with pytest.raises(ConnectorError) as error:
        list(source(target.url, max_reply_bytes=100).poll(10))
    assert error.value.retryable


def test_a_list_is_needed_where_one_is_declared(target):
    answering(target, 200, b'{"a":1,"a":2}')
    with pytest.raises(ConnectorError, match="not a JSON list"):
        list(source(target.url, entries="array").poll(10))


def test_the_acknowledgement_goes_to_the_same_host_only(target):
    with pytest.raises(SettingsError):
        source(target.url, acknowledge="delete", acknowledge_url="http://other.example/{key}")
