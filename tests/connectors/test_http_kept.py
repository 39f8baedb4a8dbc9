"""Connections that stay open: for repeatable deliveries only, and never at the price of one."""

import socket

from tests.connectors.test_http_deadline import read_request, reset, sink

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Counting:
    """Answers so many requests a connection, then ends it as told."""

    def __init__(self, requests, answer=OK, end=socket.socket.close):
        self.connections = 0
        self.requests, self.answer, self.end = requests, answer, end

    def __call__(self, connection):
        self.connections += 1
        for _ in range(self.requests):
            read_request(connection)
            connection.sendall(self.answer)
        self.end(connection)


def results(url, outgoing, count, **more):
    out = sink(url)
    return [out.send(outgoing(**more)).result for _ in range(count)]


def test_repeatable_deliveries_share_a_connection(raw_server, outgoing):
    server = Counting(3)
    assert results(raw_server(server), outgoing, 3, repeatable=True) == ["delivered"] * 3
    assert server.connections == 1


def test_what_must_not_leave_twice_has_a_connection_of_its_own(raw_server, outgoing):
    server = Counting(1)
    assert results(raw_server(server), outgoing, 3) == ["delivered"] * 3
    assert server.connections == 3


def test_a_connection_that_the_target_closed_is_replaced(raw_server, outgoing):
    for end in (reset, socket.socket.close):
        server = Counting(1, end=end)
        assert results(raw_server(server), outgoing, 4, repeatable=True) == ["delivered"] * 4
        assert server.connections == 4


def test_one_that_closes_while_the_request_leaves_is_sent_again(raw_server, outgoing):
    server = Counting(1, end=lambda connection: (read_request(connection), reset(connection)))
    assert results(raw_server(server), outgoing, 2, repeatable=True) == ["delivered"] * 2
    assert server.connections == 2


def test_a_target_that_says_close_is_believed(raw_server, outgoing):
    server = Counting(1, OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert results(raw_server(server), outgoing, 2, repeatable=True) == ["delivered"] * 2
    assert server.connections == 2


def test_a_request_with_a_small_body_leaves_in_one_piece_and_a_large_one_arrives_whole(raw_server, outgoing):
    first, lengths = [], []

    def server(connection):
        for _ in range(2):
            head = connection.recv(65_536)
            first.append(head)
            head, _, body = head.partition(b"\r\n\r\n")
            length = int(next(line for line in head.lower().split(b"\r\n") if b"content-length" in line)[15:])
            while len(body) < length:
                body += connection.recv(65_536)
            lengths.append(len(body))
            connection.sendall(OK)

    out = sink(raw_server(server))
    for body in (b'{"a": 1}', b"x" * 200_000):
        assert out.send(outgoing(body=body, repeatable=True)).result == "delivered"
    assert first[0].endswith(b'{"a": 1}') and lengths == [8, 200_000]
