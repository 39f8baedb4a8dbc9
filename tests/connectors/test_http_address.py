"""Where an HTTP connection may go: the resolved address decides, and it is pinned."""

import ipaddress
import socket

import pytest

from connectors.errors import SettingsError
from connectors.registry import transports
from connectors.transports.http import address
from connectors.transports.http.address import AddressRefusedError, pinned_address, read_allow_list


def sink(url, **settings):
    return transports()["http"].sink({"url": url, **settings})


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]",
     "[::]", "169.254.169.254", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "[fe80::1]", "[fd00::1]",
     "224.0.0.1", "255.255.255.255", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"],
)  # fmt: skip
def test_addresses_that_are_not_public_are_refused(host, outgoing):
    receipt = sink(f"http://{host}:9/in", timeout=2).send(outgoing())
    assert (receipt.result, receipt.error_class) == ("refused", "transport"), receipt


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "0.0.0.0", "224.0.0.1"])
def test_private_does_not_mean_link_local(host, outgoing):
    receipt = sink(f"http://{host}:9/in", allow_private=True, timeout=2).send(outgoing())
    assert receipt.result == "refused"


def test_a_network_can_be_allowed_alone(target, outgoing):
    assert sink(target.url, allow_networks="10.0.0.0/8, 127.0.0.1/32").send(outgoing()).result == "delivered"
    assert sink(target.url, allow_networks="127.0.0.2/32").send(outgoing()).result == "refused"


def test_public_addresses_are_allowed():
    allowed = read_allow_list(False, "")
    assert pinned_address("8.8.8.8", 443, allowed, 1) == "8.8.8.8"
    assert allowed.allows(ipaddress.ip_address("2606:4700::1111"))


def test_a_name_is_resolved_once_and_the_address_pinned(monkeypatch, target, outgoing):
    answers = []

    def rebinding(host, port, *args, **kwargs):
        if host != "rebind.example":
            return real(host, port, *args, **kwargs)
        answers.append(host)
        found = "127.0.0.1" if len(answers) == 1 else "169.254.169.254"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]

    real = socket.getaddrinfo
    monkeypatch.setattr(address.socket, "getaddrinfo", rebinding)
    url = target.url.replace("127.0.0.1", "rebind.example")
    assert sink(url, allow_private=True).send(outgoing()).result == "delivered"
    assert len(answers) == 1
    assert target.requests[0]["headers"]["Host"] == f"rebind.example:{target.server_port}"
    assert sink(url, allow_private=True).send(outgoing()).result == "refused"


def test_of_several_addresses_an_allowed_one_is_taken(monkeypatch):
    def two(host, port, *args, **kwargs):
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port)) for found in ("10.0.0.1", "8.8.4.4")
        ]

    monkeypatch.setattr(address.socket, "getaddrinfo", two)
    assert pinned_address("x.example", 80, read_allow_list(False, ""), 1) == "8.8.4.4"
    monkeypatch.setattr(address.socket, "getaddrinfo", lambda *args, **kwargs: two(*args)[:1])
    with pytest.raises(AddressRefusedError):
        pinned_address("x.example", 80, read_allow_list(False, ""), 1)


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "gopher://x/1", "ftp://x/", "//x/y", "x", "", "http://", "http://u:p@x/", "http://x:99999/",
     "http://x/a b", "http://x/\r\nX-Evil: 1", "http://x/\n", "http://x\\@y/", "http://ü.example/", "HTTP+unix://x"],
)  # fmt: skip
def test_urls_that_are_no_plain_http_are_refused(url):
    with pytest.raises(SettingsError):
        sink(url)


@pytest.mark.parametrize(
    "settings",
    [
        {"headers": {"X-A": "1\r\nX-Evil: 2"}},
        {"headers": {"X-A\n": "1"}},
        {"headers": {"X A": "1"}},
        {"headers": {"X-A": 1}},
        {"headers": {"Host": "other"}},
        {"headers": {"Content-Length": "1"}},
        {"auth": "bearer"},
        {"auth": "bearer", "token": "a\nb"},
        {"auth": "basic", "username": "u"},
        {"allow_networks": "all"},
        {"allow_networks": "10.0.0.1/8"},
        {"timeout": 0},
        {"ca_file": "/no/such/file"},
        {"error_body": {"path": "a", "contains": "b"}},
        {"error_body": {"pth": "a"}},
        {"error_body": {"path": "a", "result": "delivered"}},
    ],
)
def test_settings_that_can_not_work_are_refused(settings):
    with pytest.raises(SettingsError) as error:
        sink("http://x.example/", **settings)
    assert error.value.details["faults"]


def test_a_secret_never_shows_in_an_error():
    with pytest.raises(SettingsError) as error:
        sink("http://x.example/", auth="bearer", token="hunter2\r\n")
    assert "hunter2" not in str(error.value) + repr(error.value.details)


def test_line_breaks_in_a_delivery_header_are_a_mapping_error(target, outgoing):
    receipt = sink(target.url, allow_private=True).send(
        outgoing(headers={"Idempotency-Key": "a\r\nX-Evil: 1"})
    )
    assert (receipt.result, receipt.error_class) == ("refused", "mapping")
    assert not target.requests


def test_proxies_of_the_environment_are_not_used(monkeypatch, target, outgoing, unused_url):
    monkeypatch.setenv("http_proxy", unused_url)
    monkeypatch.setenv("HTTP_PROXY", unused_url)
    assert sink(target.url, allow_private=True).send(outgoing()).result == "delivered"
