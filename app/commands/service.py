"""Commands that run a part of the installation, prepare it, or say how it is."""

import os
import signal
import socket
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from app.commands.folder import AS_JSON
from app.commands.opening import broken, check_home, opened
from app.terminal import PROBLEMS, REFUSED, USAGE, Stop, print_json, print_table, say


def address(text: str) -> tuple[str, int]:
    """host:port as it stands in settings."""
    host, _, port = text.rpartition(":")
    if not port.isdigit():
        raise Stop(USAGE, f"{text} is no address: say host:port")
    return host.strip("[]") or "127.0.0.1", int(port)


def require_free(host: str, port: int, setting: str) -> None:
    """Stop where something listens already: a second server on the port would start without a word."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            hint = f"stop what listens there, or set {setting} to another port"
            raise Stop(REFUSED, f"port {port} on {host} can't be used ({error.strerror}): {hint}") from None


def server_command(host: str, port: int) -> list[str]:
    """The web server as a process of its own."""
    options = [
        "--interface", "wsgi", "--host", host, "--port", str(port), "--workers", "1",
        "--blocking-threads", "16", "--respawn-failed-workers", "--workers-kill-timeout", "5",
        "--http", "1", "--no-ws", "--log-level", "warning",
    ]  # fmt: skip
    return [sys.executable, "-m", "granian", *options, "app.serving:application"]


@click.command()
@click.option("--bind", help="host:port; MAPWRIGHT_BIND unless said.")
def serve(bind: str | None) -> None:
    """Pages and API."""
    from app.settings import load_settings

    settings = load_settings()
    check_home(settings.home)
    host, port = address(bind or settings.bind)
    require_free(host, port, "MAPWRIGHT_BIND")
    command = server_command(host, port)
    sys.stdout.flush()
    os.execv(command[0], command)


@click.command()
@click.option("--processes", type=click.IntRange(1, 64), help="How many; MAPWRIGHT_WORKERS unless said.")
def worker(processes: int | None) -> None:
    """Process and deliver messages until told to stop."""
    from app.settings import load_settings
    from app.worker import run_workers

    settings = load_settings()
    check_home(settings.home)
    run_workers(settings, processes or settings.workers)


@click.command()
def clock() -> None:
    """Sweep lanes and deliveries, poll sources, until told to stop."""
    from app.clock import run_clock
    from app.settings import load_settings

    settings = load_settings()
    check_home(settings.home)
    run_clock(settings)


@click.command()
@click.option("--bind", default="127.0.0.1:8710", show_default=True, help="host:port")
@click.option(
    "--store",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Its SQLite file; in the data folder unless said.",
)
def sandbox(bind: str, store: Path | None) -> None:
    """A small ERP, QMS, WMS, supplier portal and purchasing system that shows what arrived."""
    from app.sandbox.server import open_sandbox
    from app.settings import load_settings

    host, port = address(bind)
    require_free(host, port, "--bind")
    server = open_sandbox((host, port), store or load_settings().home / "sandbox.db")
    signal.signal(signal.SIGTERM, _end)
    say(f"sandbox: http://{host}:{port}")
    try:
        server.serve_forever(0.1)
    finally:
        server.server_close()


def _end(number: int, frame: Any) -> None:
    raise SystemExit(0)


@click.command()
@click.option("--to", "revision", default="head", show_default=True, help="Migration to stop at.")
def migrate(revision: str) -> None:
    """Bring the database to this version."""
    from sqlalchemy.exc import DatabaseError

    from app.settings import load_settings
    from app.storage.migrate import upgrade

    settings = load_settings()
    check_home(settings.home)
    try:
        upgrade(settings.database, revision)
    except DatabaseError as error:
        if settings.database.startswith("sqlite") and "locked" not in str(error):
            raise Stop(REFUSED, broken(settings.home)) from None
        raise Stop(REFUSED, f"the database can't be migrated: {str(error.orig).splitlines()[0]}") from None
    say("the database is at this version")


@click.command()
@AS_JSON
def doctor(as_json: bool) -> int:
    """Settings in force, secrets hidden, and whether database and queue can be reached."""
    from app.settings import described, load_settings

    shown = described(load_settings())
    checks = {"database": _try(_database), "queue": _try(_queue)}
    if as_json:
        print_json({"settings": shown, "checks": checks})
    else:
        print_table(
            "", ("setting", "value", "meaning"), ((s["name"], str(s["value"]), s["doc"]) for s in shown)
        )
        for name, answer in checks.items():
            say(f"{name}: {answer}")
    return 0 if all(answer.startswith("ok") for answer in checks.values()) else PROBLEMS


def _try(check: Any) -> str:
    try:
        return f"ok: {check()}"
    except Exception as error:  # whatever is wrong belongs on the page
        return f"{type(error).__name__}: {error}"


def _database() -> str:
    with opened() as installation, installation.database.read():
        return str(installation.database.kind)


def _queue() -> str:
    with opened(migrated=False) as installation:
        if installation.redis is None:
            return "none set; workers poll the database"
        installation.redis.ping()
        return "reachable"
