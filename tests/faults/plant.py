"""An installation whose workers are processes of their own, with its target, its queue and its senders."""

import json
import re
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import urllib3
from sqlalchemy import func, select

from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.security.tokens import issue
from app.settings import load_settings
from app.storage.database import Database
from app.storage.deliveries import deliveries_table
from app.storage.messages import messages_table
from tests.faults.checker import Figures, check
from tests.faults.processes import Process
from tests.journey import ENVIRONMENT, Target, bind, install, order
from tests.servers import Valkey

SETTINGS = {
    "MAPWRIGHT_LEASE_SECONDS": "1",
    "MAPWRIGHT_DELIVERY_DEADLINE": "1",
    "MAPWRIGHT_RETRY_BASE": "0.1",
    "MAPWRIGHT_RETRY_CAP": "1",
    "MAPWRIGHT_RETRY_ATTEMPTS": "1000",
    "MAPWRIGHT_BREAKER_COOL_DOWN": "0.5",
    "MAPWRIGHT_BREAKER_COOL_DOWN_CAP": "2",
}


@dataclass
class Plant:
    """The installation as this process sees it, its target, its queue and its processes."""

    installation: Installation
    target: Target
    valkey: Valkey
    environ: Mapping[str, str]
    log: Path
    processes: list[Process] = field(default_factory=list)

    @property
    def database(self) -> Database:
        """The database, seen from the test."""
        return self.installation.database

    def start(self, kind: str = "worker", **environ: str) -> Process:
        """One more process; its output goes to the log, that of `kind` to `<kind>.log` beside it."""
        process = Process(kind, {**self.environ, **environ}, self.log_of(kind)).start()
        self.processes.append(process)
        return process

    def log_of(self, kind: str) -> Path:
        """Where a process of this kind writes."""
        return self.log if kind in ("worker", "clock") else self.log.with_name(f"{kind}.log")

    @cached_property
    def token(self) -> str:
        """The text of a token that may send everything."""
        with self.database.begin() as tx:
            return issue(tx, "sender", ENVIRONMENT, ("*",), "tests", valid_for=timedelta(hours=9)).text

    def serve(self, **environ: str) -> "Web":
        """A web server; waits until it listens."""
        log = self.log_of("web")
        before = log.read_text() if log.exists() else ""
        process = self.start("web", MAPWRIGHT_BIND="127.0.0.1:0", **environ)
        wait_for(lambda: log.exists() and "listening" in log.read_text()[len(before) :], 30)
        port = re.findall(r"listening (\d+)", log.read_text())[-1]
        return Web(process, f"http://127.0.0.1:{port}", self.token)

    def close(self) -> None:
        """End everything."""
        for process in self.processes:
            process.kill()
        self.installation.close()
        self.target.close()


@dataclass
class Web:
    """A web server of the plant as a sender sees it."""

    process: Process
    url: str
    token: str

    def send(self, body: bytes, endpoint: str = "shop.order", **headers: str) -> Any:
        """The answer of one request, or None where there was none."""
        given = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **headers}
        try:
            answer = urllib3.request(
                "POST", f"{self.url}/v1/in/{endpoint}", body=body, headers=given, timeout=60, retries=False
            )
            return answer if answer.data or answer.status else None
        except urllib3.exceptions.HTTPError:
            return None


def make_plant(database_url: str, valkey: Valkey, folder: Path, **environ: str) -> Plant:
    """An installation in a folder; leases and back-offs are short unless `environ` says otherwise."""
    given = {
        "MAPWRIGHT_HOME": str(folder / "home"),
        "MAPWRIGHT_DATABASE_URL": database_url,
        "MAPWRIGHT_REDIS_URL": valkey.url,
        **SETTINGS,
        **environ,
    }
    installation = install(load_settings(given))
    target = Target()
    for endpoint in ("erp.order", "erp.once"):
        bind(installation, endpoint, target.url)
    return Plant(installation, target, valkey, given, folder / "processes.log")


def wait_for(what: Callable[[], bool], seconds: float, message: Callable[[], str] = lambda: "") -> None:
    """Until it holds; an assertion fails where it does not in the time of an idle machine, or four times that."""
    end = time.monotonic() + seconds * 4
    while not what():
        assert time.monotonic() < end, f"not within {seconds * 4} s: {message()}"
        time.sleep(0.05)


def send(plant: Plant, count: int, lanes: int = 5, first: int = 0, **more: Any) -> list[str]:
    """Take so many orders in, spread over so many lots; the ids of their messages."""
    return [
        accept(plant.installation, ENVIRONMENT, "shop.order", order(n, f"L{n % lanes}", **more))[0].message_id
        for n in range(first, first + count)
    ]


def insist_on_sending(plant: Plant, numbers: range, lanes: int = 5, seconds: float = 40) -> None:
    """As a good sender does: again with the same body until it is acknowledged."""
    end = time.monotonic() + seconds
    for n in numbers:
        while True:
            try:
                accept(plant.installation, ENVIRONMENT, "shop.order", order(n, f"L{n % lanes}"))
                break
            except Exception:
                assert time.monotonic() < end, f"order {n} was not taken in"
                time.sleep(0.1)


def delivered(plant: Plant, count: int, seconds: float = 40) -> None:
    """Wait until the target has so many."""
    wait_for(
        lambda: len(plant.target.effects) >= count,
        seconds,
        lambda: f"{len(plant.target.effects)} of {count}; {figures(plant.database)}",
    )


def settled(plant: Plant, count: int, seconds: float = 40) -> Figures:
    """Each of the orders 0 to count-1 delivered once, in the order of its lot, and SQL says so."""
    delivered(plant, count, seconds)
    wait_for(lambda: states(plant.database) == {"delivered"}, 20, lambda: str(figures(plant.database)))
    found = check(plant.database, count)
    assert found.messages == {"done": count} and found.deliveries == {"delivered": count}
    assert sorted(arrival.body["n"] for arrival in plant.target.effects) == list(range(count))
    for lot in {arrival.body["lot"] for arrival in plant.target.effects}:
        assert plant.target.numbers(lot) == sorted(plant.target.numbers(lot))
    return found


def harmless_when_woken(plant: Plant, sleeper: Process, count: int) -> None:
    """A process that lay still goes on, and what it still wants to do changes nothing."""
    sleeper.signal(signal.SIGCONT)
    time.sleep(1)
    settled(plant, count)
    assert sleeper.alive


def states(database: Database) -> set[str]:
    """The states in which deliveries are."""
    with database.read() as tx:
        return set(tx.execute(select(deliveries_table.c.state).distinct()).scalars())


def figures(database: Database) -> dict[str, dict[str, int]]:
    """How many messages and deliveries are in which state, unchecked."""
    counted = {}
    with database.read() as tx:
        for name, table in (("messages", messages_table), ("deliveries", deliveries_table)):
            rows = tx.execute(select(table.c.state, func.count()).group_by(table.c.state))
            counted[name] = {row[0]: row[1] for row in rows}
    return counted


def ended(plant: Plant, count: int, seconds: float = 40) -> None:
    """Wait until so many messages have left `received`."""
    wait_for(
        lambda: sum(n for s, n in figures(plant.database)["messages"].items() if s != "received") >= count,
        seconds,
        lambda: str(figures(plant.database)),
    )


def lines(answer: Any) -> Any:
    """The JSON of an HTTP answer."""
    return json.loads(answer.data)
