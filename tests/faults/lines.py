"""The network of one host: everything it reaches goes through lines with its own address, which can be cut.

A cut line loses nothing and says nothing, as a real one: what was on its way stays on its way, new connections
hang, and when it is whole again everything goes on, also what nobody waits for any more.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

Connect = Callable[[], socket.socket]


class Line:
    """A TCP address of one host that leads to a server."""

    def __init__(self, address: str, connect: Connect) -> None:
        self._connect = connect
        self._whole = threading.Event()
        self._whole.set()
        self._listener = socket.create_server((address, 0), backlog=64)
        self.host, self.port = self._listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Nothing passes from now on."""
        self._whole.clear()

    def mend(self) -> None:
        """Everything passes again."""
        self._whole.set()

    def close(self) -> None:
        """Take it away."""
        self._whole.set()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        self._whole.wait()
        try:
            server = self._connect()
        except OSError:
            client.close()
            return
        for one, other in ((client, server), (server, client)):
            threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._whole.wait()
                sink.sendall(data)
        self._whole.wait()
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Host:
    """One host with an address of its own, and its lines to the database and the queue."""

    def __init__(self, address: str, database_url: str, redis_url: str) -> None:
        parts = urlsplit(database_url)
        self.database = Line(address, lambda: connect_postgres(database_url))
        self.queue = Line(address, lambda: connect_unix(urlsplit(redis_url).path))
        user = f"{parts.username or 'postgres'}{':' + parts.password if parts.password else ''}"
        self.environ = {
            "MAPWRIGHT_DATABASE_URL": f"postgresql://{user}@{address}:{self.database.port}{parts.path}",
            "MAPWRIGHT_REDIS_URL": f"redis://{address}:{self.queue.port}",
        }

    def cut(self) -> None:
        """Cut the host off."""
        self.database.cut()
        self.queue.cut()

    def mend(self) -> None:
        """And back."""
        self.database.mend()
        self.queue.mend()

    def close(self) -> None:
        """Take its lines away."""
        self.database.close()
        self.queue.close()


def connect_postgres(url: str) -> socket.socket:
    """The server of a database URL, by socket or by TCP."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    host, port = query.get("host", [parts.hostname or "localhost"])[0], parts.port or 5432
    if host.startswith("/"):
        return connect_unix(f"{host}/.s.PGSQL.{query.get('port', [port])[0]}")
    return socket.create_connection((host, port))


def connect_unix(path: str) -> socket.socket:
    """A server behind a socket of this machine."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    return connection
