"""A relay before PostgreSQL that forwards a COMMIT and keeps its reply to itself."""

import socket
import tempfile
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

_COMMIT = b"COMMIT\0"


class Relay:
    """Listens on a socket of its own; armed, it cuts the connection at the reply to the next fitting COMMIT."""

    def __init__(self, database_url: str) -> None:
        self._parts = urlsplit(database_url)
        self._folder = Path(tempfile.mkdtemp(prefix="mw-"))
        self._needle: bytes | None = None
        self.cuts = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._folder / ".s.PGSQL.5432"))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The database, reached through the relay."""
        user = self._parts.username or "postgres"
        return f"postgresql://{user}@/{self._parts.path.strip('/')}?host={self._folder}"

    def arm(self, holding: str) -> None:
        """Cut at the next COMMIT of a transaction with this text in it."""
        self._needle = holding.encode()

    def close(self) -> None:
        """Take no further connection."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=_Connection(self, client, self._server()).run, daemon=True).start()

    def _server(self) -> socket.socket:
        host = parse_qs(self._parts.query).get("host", [self._parts.hostname or "localhost"])[0]
        if not host.startswith("/"):
            return socket.create_connection((host, self._parts.port or 5432))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{parse_qs(self._parts.query).get('port', ['5432'])[0]}")
        return server

    def cut(self, said: bytes) -> bool:
        """Whether the transaction that said this is the one to be cut."""
        if self._needle is None or self._needle not in said:
            return False
        self._needle = None
        self.cuts += 1
        return True


class _Connection:
    """Both ways of one connection."""

    def __init__(self, relay: Relay, client: socket.socket, server: socket.socket) -> None:
        self._relay, self._client, self._server = relay, client, server
        self._silent = threading.Event()

    def run(self) -> None:
        threading.Thread(target=self._answers, daemon=True).start()
        said = b""
        try:
            while data := self._client.recv(65536):
                said += data
                if data.endswith(_COMMIT):
                    if self._relay.cut(said):
                        self._silent.set()
                    said = b""
                self._server.sendall(data)
        except OSError:
            pass
        self._close()

    def _answers(self) -> None:
        try:
            while data := self._server.recv(65536):
                if self._silent.is_set():
                    break
                self._client.sendall(data)
        except OSError:
            pass
        self._close()

    def _close(self) -> None:
        for one in (self._client, self._server):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
