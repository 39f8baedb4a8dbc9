"""Slow, cut and broken answers: the deadline is total, and what was sent is never called failed."""

import socket
import time

import pytest

from connectors.registry import transports


def sink(url, **settings):
    return transports()["http"].sink({"url": url, "allow_private": True, **settings})


def read_request(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(65536)
        if not received:
            raise ConnectionError("the other side is gone")
        data += received
    return data


def drip(connection, data, seconds=0.1):
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(seconds)


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


def timed(url, outgoing, **settings):
    start = time.monotonic()
    receipt = sink(url, **settings).send(outgoing)
    return receipt, time.monotonic() - start


def test_no_answer_is_uncertain(raw_server, outgoing):
    url = raw_server(lambda connection: (read_request(connection), time.sleep(20)))
    receipt, seconds = timed(url, outgoing(), timeout=0.4)
    assert (receipt.result, receipt.error_class) == ("uncertain", "transport")
    assert seconds < 10  # a stalled machine has its time; the target would have taken longer


def test_headers_that_drip_can_not_stretch_the_deadline(raw_server, outgoing):
    url = raw_server(lambda c: (read_request(c), drip(c, b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 200)))
    receipt, seconds = timed(url, outgoing(), timeout=0.6)
    assert receipt.result == "uncertain"
    assert seconds < 10  # a stalled machine has its time; the target would have taken longer


def test_a_body_that_drips_can_not_stretch_the_deadline(raw_server, outgoing):
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
    url = raw_server(lambda c: (read_request(c), c.sendall(answer), drip(c, b"x" * 500)))
    receipt, seconds = timed(url, outgoing(), timeout=0.6)
    assert receipt.result == "delivered"  # the target said 200; only its words were slow
    assert seconds < 10  # a stalled machine has its time; the target would have taken longer


def test_a_cut_body_is_uncertain_where_the_body_decides(raw_server, outgoing):
    answer = b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"err'
    url = raw_server(lambda c: (read_request(c), c.sendall(answer)))
    receipt, _ = timed(url, outgoing(), error_body={"path": "error"})
    assert receipt.result == "uncertain"


def test_the_deadline_of_the_delivery_counts_too(raw_server, outgoing):
    url = raw_server(lambda connection: (read_request(connection), time.sleep(20)))
    receipt, seconds = timed(url, outgoing(deadline=0.3), timeout=30)
    assert receipt.result == "uncertain"
    assert seconds < 10  # a stalled machine has its time; the target would have taken longer


@pytest.mark.parametrize("end", [reset, socket.socket.close], ids=["reset", "closed"])
def test_a_connection_lost_after_sending_is_uncertain(raw_server, outgoing, end):
    url = raw_server(lambda connection: (read_request(connection), end(connection)))
    receipt, _ = timed(url, outgoing())
    assert (receipt.result, receipt.error_class) == ("uncertain", "transport")


def test_an_answer_that_is_no_http_is_uncertain(raw_server, outgoing):
    url = raw_server(lambda connection: (read_request(connection), connection.sendall(b"220 smtp ready\r\n")))
    assert timed(url, outgoing())[0].result == "uncertain"


def test_an_early_refusal_of_a_large_body_is_understood(raw_server, outgoing):
    def serve(connection):
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        time.sleep(0.3)
        while connection.recv(1 << 20):
            pass

    receipt, _ = timed(raw_server(serve), outgoing(b"x" * 30_000_000), timeout=10)
    assert (receipt.result, receipt.status) == ("refused", 413)


def test_an_endless_answer_is_cut(raw_server, outgoing):
    def serve(connection):
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    receipt, seconds = timed(raw_server(serve), outgoing(), max_reply_bytes=100_000)
    assert (receipt.result, len(receipt.reply)) == ("delivered", 100_000)
    assert seconds < 30


def test_a_gzip_bomb_is_not_unpacked(target, outgoing):
    import gzip

    bomb = gzip.compress(b"0" * 50_000_000)
    target.answer = lambda handler: handler.reply(200, bomb, Content_Encoding="gzip")
    receipt, _ = timed(target.url, outgoing())
    assert receipt.reply == bomb


def test_endless_headers_are_uncertain_not_an_exception(raw_server, outgoing):
    def serve(connection):
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(100_000):
            connection.sendall(b"X-%d: a\r\n" % number)

    assert timed(raw_server(serve), outgoing())[0].result == "uncertain"


def test_a_handshake_that_drips_can_not_stretch_the_deadline(raw_server, outgoing):
    url = raw_server(lambda connection: drip(connection, b"\x16\x03\x03\x40\x00" + b"\x02" * 200))
    receipt, seconds = timed(url.replace("http:", "https:"), outgoing(), timeout=0.6)
    assert (receipt.result, receipt.error_class) == ("retry", "transport")
    assert seconds < 10  # a stalled machine has its time; the target would have taken longer


def test_many_deliveries_leave_no_descriptor_open(target, unused_url, outgoing):
    import os

    sending, failing = sink(target.url), sink(unused_url)
    sending.send(outgoing())
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        sending.send(outgoing())
        failing.send(outgoing())
    assert len(os.listdir("/proc/self/fd")) <= before + 5
