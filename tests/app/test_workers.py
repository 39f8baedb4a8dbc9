"""Worker processes as they run: groups, heartbeats, runaways, recycling, leaving in time, crash loops."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.settings import load_settings
from app.storage.deliveries import deliveries_table
from app.storage.lanes import lanes_table
from app.storage.messages import messages_table
from app.storage.workers import workers
from app.supervisor import Service, StartFailed, Supervisor
from app.versions import VERSION
from app.worker import Rung
from tests.journey import ENVIRONMENT, Answer, Target, bind, install, order

ROOT = Path(__file__).resolve().parents[2]


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)


@pytest.fixture
def environ(sqlite_template: Path, tmp_path: Path) -> dict[str, str]:
    """Processes are the same on both databases: SQLite, which starts at once."""
    database_url = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'mapwright.db')}"
    return {
        "MAPWRIGHT_HOME": str(tmp_path / "home"),
        "MAPWRIGHT_DATABASE_URL": database_url,
        "MAPWRIGHT_REDIS_URL": "",
        "MAPWRIGHT_LEASE_SECONDS": "1",
    }


@pytest.fixture
def installation(environ: dict[str, str]) -> Iterator[Installation]:
    made = install(load_settings(environ))
    yield made
    made.close()


@pytest.fixture
def run(environ: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a process of the installation; it is killed in the end, with its children."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*command: str, **more: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={**os.environ, **environ, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def states(installation: Installation) -> list[str]:
    with installation.database.read() as tx:
        return list(tx.execute(select(messages_table.c.state)).scalars())


def alive(installation: Installation) -> list[dict[str, object]]:
    with installation.database.read() as tx:
        return [worker for worker in workers(tx) if worker["alive"]]


def test_who_waits_for_what_was_rung_to_be_taken_waits_no_longer_than_that() -> None:
    rung = Rung()
    rung.taken(3_600)  # there is nothing
    rung.add({1, 2})
    rung.taken(0.01)  # nobody comes
    other = threading.Thread(target=rung.taken, args=(3_600,))
    other.start()
    assert rung.take(256, 0) == {1, 2}
    other.join(30)
    assert not other.is_alive()


def test_workers_tell_who_they_are_and_serve_their_groups(
    installation: Installation, run: Callable[..., subprocess.Popen[bytes]]
) -> None:
    accept(installation, ENVIRONMENT, "shop.order", order(1))
    process = run("app.cli", "worker", "--processes", "2", "--groups", "quality,default")
    until(lambda: states(installation) == ["done"])
    until(lambda: len(alive(installation)) == 2)
    for worker in alive(installation):
        assert (worker["version"], worker["groups"]) == (VERSION, "quality,default")
        assert worker["pid"] != process.pid and int(str(worker["memory"])) > 10_000_000
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert alive(installation) == []


@pytest.mark.faults
def test_a_runaway_in_c_code_ends_its_worker_and_its_message_is_quarantined(
    installation: Installation, environ: dict[str, str], tmp_path: Path
) -> None:
    (spins,) = accept(installation, ENVIRONMENT, "shop.order", order(1, "L1", spin=True))
    accept(installation, ENVIRONMENT, "shop.order", order(2, "L2"))
    with installation.database.begin() as tx:  # four workers ended on it before
        held = select(messages_table.c.lane).where(messages_table.c.id == spins.message_id)
        tx.execute(update(lanes_table).where(lanes_table.c.id == held.scalar_subquery()).values(claims=4))
    supervisor = Supervisor(tmp_path / "processes")
    log = tmp_path / "worker.log"
    command = [sys.executable, "-m", "tests.app.runtime.runaway"]
    supervisor.start(
        Service("worker", command, environ={**environ, "MAPWRIGHT_DECIDE_SECONDS": "3"}, log=log)
    )
    try:

        def settled() -> bool:
            supervisor.watch()
            return sorted(states(installation)) == ["done", "quarantined"]

        until(settled, 120)
        (note,) = (tmp_path / "processes").iterdir()
        (service,) = json.loads(note.read_text())["services"]
        assert service["starts"] == 2 and "SIGXCPU" in service["ended"]
        assert "MAPWRIGHT_DECIDE_SECONDS" in service["ended"]
    finally:
        supervisor.stop(patience=6)
    assert not list((tmp_path / "processes").iterdir())


def test_a_worker_that_has_handled_enough_starts_anew_at_once(
    installation: Installation, run: Callable[..., subprocess.Popen[bytes]]
) -> None:
    process = run("app.cli", "worker", "--processes", "1", MAPWRIGHT_RECYCLE_AFTER="1")
    until(lambda: len(alive(installation)) == 1)
    (before,) = alive(installation)
    accept(installation, ENVIRONMENT, "shop.order", order(1))
    until(lambda: [w["pid"] for w in alive(installation)] not in ([before["pid"]], []))
    assert process.poll() is None


def test_a_worker_leaves_in_time_while_a_target_drips_and_gives_its_lanes_back(
    installation: Installation, run: Callable[..., subprocess.Popen[bytes]]
) -> None:
    target = Target()
    target.script = lambda number: Answer(seconds=30)
    for endpoint in ("erp.order", "erp.once"):
        bind(installation, endpoint, target.url)
    accept(installation, ENVIRONMENT, "shop.order", order(1))
    process = run(
        "app.cli", "worker", "--single", MAPWRIGHT_LEASE_SECONDS="60", MAPWRIGHT_DELIVERY_DEADLINE="40"
    )
    until(lambda: bool(target.arrivals))
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    assert process.wait(20) == 0
    assert time.monotonic() - began < 10  # five seconds of its own, and a loaded machine's
    with installation.database.read() as tx:
        now = installation.database.now(tx)
        lanes = tx.execute(select(lanes_table.c.lease_until).where(lanes_table.c.kind == "outbox")).scalars()
        assert all(until is None or until <= now for until in lanes)
        assert set(tx.execute(select(deliveries_table.c.state)).scalars()) == {"inflight"}
    target.close()


def test_a_start_that_can_never_work_stops_at_once_and_says_why(
    installation: Installation, run: Callable[..., subprocess.Popen[bytes]]
) -> None:
    process = run("app.cli", "worker", "--processes", "1", MAPWRIGHT_SECRET_KEYS="short")
    _, said = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "worker-1 can't start" in said.decode() and "MAPWRIGHT_SECRET_KEYS" in said.decode()


def test_a_module_that_can_not_be_imported_stops_at_once(tmp_path: Path) -> None:
    supervisor = Supervisor()
    supervisor.start(Service("worker", [sys.executable, "-c", "import nothing_of_that_name"]))
    with pytest.raises(StartFailed, match="No module named 'nothing_of_that_name'"):
        for _ in range(600):
            supervisor.watch()
            time.sleep(0.05)
    supervisor.stop()


def test_a_crash_loop_is_backed_off_noted_with_its_last_words_and_never_given_up(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "processes")
    crash = "import sys; print('the disk hums', file=sys.stderr); raise SystemExit(9)"
    supervisor.start(Service("worker", [sys.executable, "-c", crash]))

    def noted() -> dict[str, object]:
        supervisor.watch()
        (file,) = (tmp_path / "processes").iterdir()
        service: dict[str, object] = json.loads(file.read_text())["services"][0]
        return service

    until(lambda: noted()["failures"] == 3, 30)
    found = noted()
    assert (found["ended"], found["last_words"]) == ("exit code 9", "the disk hums")
    before = found["starts"]
    time.sleep(0.3)
    assert noted()["starts"] == before  # it waits longer by now
    until(lambda: noted()["starts"] != before, 30)
    supervisor.stop()
