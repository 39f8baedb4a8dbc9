"""What a process of a fault test runs: worker, clock, web server, or a small loop with one habit."""

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import time_machine
from sqlalchemy import Engine, event
from werkzeug.serving import make_server

from app import clock
from app.clock import run_clock
from app.parents import signal_at_death_of_parent
from app.runtime import witness
from app.runtime.installation import Installation, Silence
from app.runtime.intake import accept
from app.runtime.processing import drain
from app.serving import serve as become_server
from app.settings import load_settings
from app.storage import schema
from app.storage.claims import claim
from app.storage.database import open_database
from app.storage.environments import deployed
from app.telemetry import configure_log
from app.wiring import wire
from app.worker import run_worker
from tests.faults import disk
from tests.faults.fronting import Fronted
from tests.faults.unsteady import unsteady_clock
from tests.faults.wounds import inflict
from tests.journey import ENVIRONMENT, order

SESSION = "MAPWRIGHT_TEST_SESSION"
CLOCK = "MAPWRIGHT_TEST_CLOCK"
MIGRATIONS = "MAPWRIGHT_TEST_MIGRATIONS"
KILLS = "MAPWRIGHT_TEST_KILLS"


def work(kind: str, environ: Mapping[str, str], log: str) -> None:
    """What the process itself runs; its output goes to the log."""
    signal_at_death_of_parent(signal.SIGKILL)
    with open(log, "ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.update(environ)
    if CLOCK in os.environ:
        off = timedelta(seconds=float(os.environ[CLOCK]))
        time_machine.travel(datetime.now(UTC) + off, tick=True).start()
    if MIGRATIONS in os.environ:  # a release that knows other steps
        schema.scripts = lambda: Path(os.environ[MIGRATIONS])
        schema.steps.cache_clear()
    settings = load_settings()
    configure_log(settings, kind)
    if inflict(os.environ):
        witness.COMMAND = (sys.executable, "-m", "tests.faults.alone")
    if SESSION in os.environ:
        event.listen(Engine, "checkout", _set_session)
    if disk.VARIABLE in os.environ:
        disk.full_at(int(os.environ[disk.VARIABLE]))()
    sys.exit(KINDS[kind](wire(settings)))


def _set_session(connection: Any, *_: Any) -> None:
    if hasattr(connection, "autocommit") and hasattr(connection, "info"):  # PostgreSQL has sessions to set
        connection.execute(f"SET {os.environ[SESSION]}")
        connection.commit()


def claim_and_hang(installation: Installation) -> int:
    """Own every lane, say so, and do nothing more."""
    with installation.database.begin() as tx:
        lanes = claim(tx, "inbox", range(256), "hanging", installation.settings.lease_seconds)
    print(f"claimed {len(lanes)}", flush=True)
    signal.pause()
    return 1


def take_in(installation: Installation) -> int:
    """Take orders in as fast as it goes; each id is printed once it is acknowledged."""
    for n in range(1_000_000):
        (accepted,) = accept(installation, ENVIRONMENT, "shop.order", order(n, f"L{n % 7}"))
        print(accepted.message_id, flush=True)
    return 0


def serve(installation: Installation) -> int:
    """The web application; the address it listens on is the first line it prints."""
    host, _, port = installation.settings.bind.rpartition(":")
    server = make_server(host, int(port), Fronted(installation), threaded=True)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"listening {server.server_port}", flush=True)
    server.serve_forever(0.05)
    return 0


def real_server(installation: Installation) -> int:
    """Become the web server that the product starts, with a child that serves."""
    become_server(installation.settings)
    return 1


def unsteady_worker(installation: Installation) -> int:
    """A worker on a host whose clock jumps by an hour."""
    unsteady_clock()
    return run_worker(installation)


def sweep_always(installation: Installation) -> int:
    """A clock that believes to be the owner, whoever is."""
    clock.own_lease = lambda *_: True
    return run_clock(installation)


def raise_and_kill(installation: Installation) -> int:
    """Fork a child that takes in, works and delivers; kill it soon; again and again. Ids are acknowledged."""
    with installation.database.read() as tx:
        (release,) = deployed(tx, ENVIRONMENT).values()
    installation.compiled(release)
    installation.database.close()  # a connection to SQLite must not live through a fork
    dice = random.Random(7)
    for child in range(int(os.environ[KILLS])):
        said = os.fstat(1).st_size
        pid = os.fork()
        if pid == 0:
            _toil(installation, child * 1_000)
        end = time.monotonic() + 5
        while child % 5 and os.fstat(1).st_size == said and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(dice.uniform(0, 0.02))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return 0


def _toil(installation: Installation, first: int) -> None:
    database = open_database(installation.settings.database)
    own = replace(installation, database=database, redis=None, doorbell=Silence())
    for n in range(first, first + 1_000):
        (accepted,) = accept(own, ENVIRONMENT, "shop.order", order(n, f"L{n % 7}"))
        os.write(1, f"{accepted.message_id}\n".encode())
        if n % 2:
            drain(own, range(256))


KINDS: Mapping[str, Callable[[Installation], int]] = {
    "worker": run_worker,
    "clock": run_clock,
    "claim": claim_and_hang,
    "intake": take_in,
    "web": serve,
    "server": real_server,
    "unsteady": unsteady_worker,
    "sweeper": sweep_always,
    "nursery": raise_and_kill,
}
