"""The web server: granian over the application, one or more processes.

`serve` is what the command line calls; `application` is what granian imports in each of its workers,
made at that moment.
Measured traps it guards against: a second server on a taken port starts silently (SO_REUSEPORT), so
the port is probed first; a killed parent leaves a worker that goes on serving, so the kernel is asked
to end it with its parent, at once: a graceful end could hold the port against the next server.
"""

import os
import socket
import sys
from dataclasses import fields
from typing import Any

from app.errors import AppError
from app.parents import die_with_parent
from app.settings import SETTINGS, Settings, load_settings

THREADS = 16
CONNECTIONS = 1_024
_SERVER = "MAPWRIGHT_SERVER_PID"


class PortTaken(AppError):
    """The port is in use."""

    code = "port_taken"


class BindInvalid(AppError):
    """MAPWRIGHT_BIND is no address and port."""

    code = "bind_invalid"


def __getattr__(name: str) -> Any:
    """`application`: the RSGI application of this process, from the environment's settings."""
    if name != "application":
        raise AttributeError(name)
    # It may have ended while this process was starting: whoever started it then is not the one it was told.
    die_with_parent(int(os.environ.get(_SERVER, os.getppid())))
    from app.collector import collect_seldom
    from app.express import Express
    from app.factory import create_app
    from app.front import Front
    from app.runtime.pressure.watch import Watch
    from app.telemetry import configure_log
    from app.telemetry.sharing import share
    from app.wiring import wire

    settings = load_settings()
    configure_log(settings, "web")
    share(settings, "web")
    installation = wire(settings, "web")
    watch = Watch(installation)
    watch.start()
    front = Front(create_app(installation), settings, THREADS, Express(installation, THREADS), watch.end)
    collect_seldom()
    return front


def serve(settings: Settings, processes: int = 1) -> None:
    """Become the web server of these settings; returns only by an error.

    Errors: PortTaken, BindInvalid.
    """
    host, port = address(settings.bind)
    probe(host, port)
    command = [sys.executable, "-m", "granian", *options(host, port, processes), "app.serving:application"]
    os.execve(sys.executable, command, {**os.environ, **environ(settings), _SERVER: str(os.getpid())})


def options(host: str, port: int, processes: int = 1) -> list[str]:
    """The options of granian: many connections, which cost no thread (`app.front`); prompt, graceful stop."""
    return [
        *("--interface", "rsgi", "--http", "1", "--no-ws"),
        *("--host", host, "--port", str(port), "--workers", str(processes)),
        *("--backpressure", str(CONNECTIONS)),
        *("--http1-header-read-timeout", "10000"),
        *("--respawn-failed-workers", "--workers-kill-timeout", "10"),
        *("--log-level", "warning"),
    ]


def environ(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, for the processes that granian starts."""
    given = {field.name: getattr(settings, field.name) for field in fields(settings)}
    texts = {
        name: ",".join(value) if isinstance(value, tuple) else str(value) for name, value in given.items()
    }
    return {d.variable: texts[d.name] for d in SETTINGS if d.name in texts}


def address(bind: str) -> tuple[str, int]:
    """Host and port of a setting like 127.0.0.1:8700 or [::1]:8700."""
    host, _, port = bind.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise BindInvalid(f"{bind} is no address and port: write it like 127.0.0.1:8700")
    return host.strip("[]"), int(port)


def probe(host: str, port: int, setting: str = "MAPWRIGHT_BIND") -> None:
    """Refuse a port that somebody listens on, or that this user must not open; `setting` names another."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(1)
        except OSError as error:
            raise PortTaken(
                f"port {port} on {host} can't be opened ({error.strerror}): stop what uses it or set {setting}"
            ) from None
