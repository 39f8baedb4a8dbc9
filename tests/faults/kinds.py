"""What a process of a fault test runs: worker, clock, web server, or a small loop with one habit."""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping

from werkzeug.serving import make_server

from app.clock import run_clock
from app.factory import create_app
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.serving import serve as become_server
from app.settings import load_settings
from app.storage.claims import claim
from app.telemetry import configure_log
from app.wiring import wire
from app.worker import run_worker
from tests.faults.unsteady import unsteady_clock
from tests.faults.wounds import inflict
from tests.journey import ENVIRONMENT, order

_PR_SET_PDEATHSIG = 1


def work(kind: str, environ: Mapping[str, str], log: str) -> None:
    """What the process itself runs; its output goes to the log."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    with open(log, "ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.update(environ)
    settings = load_settings()
    configure_log(settings, kind)
    inflict(os.environ)
    sys.exit(KINDS[kind](wire(settings)))


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
    server = make_server(host, int(port), create_app(installation), threaded=True)
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


KINDS: Mapping[str, Callable[[Installation], int]] = {
    "worker": run_worker,
    "clock": run_clock,
    "claim": claim_and_hang,
    "intake": take_in,
    "web": serve,
    "server": real_server,
    "unsteady": unsteady_worker,
}
