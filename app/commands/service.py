"""Commands that run a part of the installation, prepare it, or say how it is."""

import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import click

from app.commands.opening import broken, check_home, opened
from app.commands.options import AS_JSON
from app.settings import load_settings
from app.supervisor import Service, Stopping, Supervisor
from app.telemetry import configure_log
from app.telemetry.sharing import serve_metrics
from app.terminal import REFUSED, Stop, print_json, say

Which = Literal["all", "pre", "post"]


@click.command()
@click.option("--bind", help="host:port; MAPWRIGHT_BIND unless said.")
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="How many.")
def serve(bind: str | None, processes: int) -> None:
    """Pages and API."""
    from app import serving

    settings = load_settings()
    check_home(settings.home)
    refuse_schema()
    serving.serve(replace(settings, bind=bind) if bind else settings, processes)


def refuse_schema() -> None:
    """Stop where this version can't work with the database; one that is away may come back."""
    from sqlalchemy.exc import OperationalError

    try:
        with opened():
            pass
    except Stop as stop:
        if not isinstance(stop.__context__, OperationalError):
            raise


@click.command()
@click.option("--processes", type=click.IntRange(1, 64), help="How many; MAPWRIGHT_WORKERS unless said.")
@click.option("--groups", help="Whom they serve, as quality,default; MAPWRIGHT_GROUPS unless said.")
@click.option("--single", is_flag=True, help="This process alone, not restarted after it was recycled.")
def worker(processes: int | None, groups: str | None, single: bool) -> int:
    """Process and deliver messages until told to stop."""
    from app.runtime.groups import group_names

    settings = load_settings()
    check_home(settings.home)
    names = group_names(groups or settings.groups)
    if not single:
        configure_log(settings, "supervisor")
        serve_metrics(settings)
        return supervise_workers(processes or settings.workers, names)
    from app.worker import run_worker

    configure_log(settings, "worker")
    with opened(patient=True, process="worker") as installation:
        return run_worker(installation, names)


def supervise_workers(processes: int, groups: Sequence[str] = ()) -> int:
    """Keep so many worker processes running until SIGTERM or SIGINT. Errors: StartFailed."""
    supervisor, stopping = Supervisor(load_settings().home / "processes"), Stopping()
    environ = {"MAPWRIGHT_GROUPS": ",".join(groups)} if groups else {}
    try:
        for number in range(processes):
            supervisor.start(worker_service(f"worker-{number + 1}", environ))
        while not stopping.asked:
            supervisor.watch()
            time.sleep(0.1)
        return 0
    finally:
        supervisor.stop(together=True)


def worker_service(name: str, environ: Mapping[str, str] | None = None, log: Path | None = None) -> Service:
    """One worker process; its output goes on to ours unless it has a log of its own."""
    command = [sys.executable, "-m", "app.cli", "worker", "--single"]
    return Service(name, command, environ=environ or {}, log=log)


@click.command()
def clock() -> int:
    """Sweep lanes and deliveries, poll sources, until told to stop."""
    from app.clock import run_clock

    settings = load_settings()
    check_home(settings.home)
    configure_log(settings, "clock")
    serve_metrics(settings)
    with opened(patient=True, process="clock") as installation:
        return run_clock(installation)


@click.command()
@click.option("--bind", help="host:port; MAPWRIGHT_SANDBOX_BIND unless said.")
@click.option(
    "--store",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Its SQLite file; in the data folder unless said.",
)
def sandbox(bind: str | None, store: Path | None) -> None:
    """A small ERP, QMS, WMS, supplier portal and purchasing system that shows what arrived."""
    from app.sandbox.server import open_sandbox
    from app.serving import address, probe

    host, port = address(bind or load_settings().sandbox_bind)
    probe(host, port, "MAPWRIGHT_SANDBOX_BIND")
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
@click.option(
    "--pre", "which", flag_value="pre", help="Only what processes of the version before can live with."
)
@click.option("--post", "which", flag_value="post", help="What is left, once no older process runs.")
@click.option("--to", "revision", default="head", show_default=True, help="Revision to stop at.")
@AS_JSON
def migrate(which: Which | None, revision: str, as_json: bool) -> None:
    """Bring the database to this version's schema; refused where that would hurt processes that run."""
    done = bring_schema(which or "all", revision)
    if as_json:
        names = {"done": [step.name for step in done.done], "left": [step.name for step in done.left]}
        print_json({"revision": done.revision, **names})
        return
    for step in done.done:
        say(f"done: {step.name}")
    if done.left:
        say(f"the database is at {done.revision}; left: {', '.join(step.name for step in done.left)}")
    else:
        say("the database is at this version")


def bring_schema(which: Which = "all", revision: str = "head") -> Any:
    """Migrate the database of the settings in force; Stop says what stands in the way."""
    from sqlalchemy.exc import DatabaseError

    from app.storage.dialects import dialect_named
    from app.storage.migrate import migrate as run

    settings = load_settings()
    check_home(settings.home)
    try:
        return run(settings.database, which, revision)
    except DatabaseError as error:
        if dialect_named(settings.database).damaged(error):
            raise Stop(REFUSED, broken(settings.home)) from None
        raise Stop(REFUSED, f"the database can't be migrated: {str(error.orig).splitlines()[0]}") from None
