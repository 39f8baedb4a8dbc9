"""End to end over HTTP: intake, rules and map, delivery to a target; beside Node-RED with the same task.

Ours is one web process, one worker and PostgreSQL with every commit on disk, nothing lost whatever dies.
Node-RED is one process that keeps nothing. A rate is messages from the first request to the last arrival.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack

from sqlalchemy import func, select

from app.runtime.installation import Installation
from app.storage.deliveries import OPEN_STATES, deliveries_table
from benchmarks.journey import cpu, figures, nodered, ruleset
from benchmarks.journey.stage import Stage, free_port, process, token, variables, web
from benchmarks.journey.traffic import Arrivals, post, send_all
from tests.journey import bind

MESSAGES, SYNCHRONOUS, PEER = 1_000, 300, 1_500
ROUNDS = 3


class Path:
    """One way through: where to post, and how to count what arrived."""

    def __init__(self, address: tuple[str, int], headers: dict[str, str], arrivals: Arrivals) -> None:
        self._address, self._headers, self._arrivals = address, headers, arrivals
        self._runs = 0

    def delivered(self, path: str, count: int) -> float:
        """Messages a second until the last one has arrived; what arrived is compared."""
        sent = self._messages(count)
        run = send_all(self._address, [post(path, json.dumps(m).encode(), self._headers) for m in sent])
        assert set(run.statuses) == {202}, (run.statuses, run.last)
        at, bodies = self._arrivals.wait(count)
        wanted = {m["T00"]: ruleset.expected(m) for m in sent}
        assert all(body == wanted[body["t00"]] for body in bodies), bodies[0]
        return count / (at - run.begun)

    def replied(self, path: str, count: int) -> float:
        """Requests a second, each answered with what the map made."""
        sent = self._messages(count)
        run = send_all(self._address, [post(path, json.dumps(m).encode(), self._headers) for m in sent])
        assert set(run.statuses) == {200}, (run.statuses, run.last)
        assert json.loads(run.last) in [ruleset.expected(m) for m in sent[-32:]], run.last
        return run.rate

    def _messages(self, count: int) -> list[dict[str, object]]:
        self._runs += 1
        return [ruleset.message(f"{self._runs}-{id(self)}", n) for n in range(count)]


def settled(installation: Installation) -> None:
    """Wait until every delivery is noted as delivered, as it has to be."""
    c = deliveries_table.c
    until = time.monotonic() + 60
    while True:
        with installation.database.read() as tx:
            found = dict(tx.execute(select(c.state, func.count()).group_by(c.state)).tuples().all())
        if not any(found.get(state) for state in OPEN_STATES):
            assert set(found) == {"delivered"}, found
            return
        assert time.monotonic() < until, found
        time.sleep(0.1)


def report(stage: Stage) -> None:
    """Print the ratios."""
    installation = stage.installation(ruleset.files())
    port = free_port()
    target = f"http://127.0.0.1:{port}/book"
    bind(installation, "erp.booking", target)
    host, _, own = installation.settings.bind.partition(":")
    login = {"Authorization": f"Bearer {token(installation)}"}
    arrivals = Arrivals(port)
    ours = Path((host, int(own)), login, arrivals)

    def durable() -> float:
        rate = ours.delivered("/v1/in/sap.notice", MESSAGES)
        settled(installation)
        return rate

    ways: dict[str, Callable[[], float]] = {
        "ours": durable,
        "ours, synchronous": lambda: ours.replied("/v1/in/sap.question", SYNCHRONOUS),
    }
    with ExitStack() as running:
        running.enter_context(
            process([sys.executable, "-m", "benchmarks.journey.traffic", str(port)], ready=target)
        )
        given = variables(installation)
        live = f"http://{installation.settings.bind}/health/live"
        started = running.enter_context(process(web(installation), given, live))
        worker = running.enter_context(process([sys.executable, "-m", "app.cli", "worker"], given))
        pids = {"web": started.pid, "worker": worker.pid, "PostgreSQL": cpu.server(stage.postgres)}
        pids["sender"] = os.getpid()
        if lacks := nodered.missing():
            print(f"  {lacks}", flush=True)
        else:
            peer = nodered.NodeRed(stage.folder / "node-red", target)
            running.enter_context(process(peer.command(), ready=peer.ready))
            theirs = Path(("127.0.0.1", peer.port), {}, arrivals)
            for kind in ("function", "jsonata"):
                ways[kind] = lambda kind=kind: theirs.delivered(f"/{kind}", PEER)  # type: ignore[misc]
                ways[f"{kind}, synchronous"] = lambda kind=kind: theirs.replied(f"/{kind}-reply", PEER)  # type: ignore[misc]
        for warm in ways.values():
            warm()
        rates = figures.rounds(ways, ROUNDS)
        cpu.line("ours", cpu.spent(pids, durable), MESSAGES)
        cpu.line("ours, synchronous", cpu.spent(pids, ways["ours, synchronous"]), SYNCHRONOUS)
    _print(rates)


def _print(rates: dict[str, float]) -> None:
    names = {
        "function": "Node-RED, function node, nothing stored",
        "jsonata": "Node-RED, JSONata nodes, nothing stored",
    }
    for way in ("", ", synchronous"):
        figures.line(f"ours, every message on disk{way}", rates[f"ours{way}"])
        for kind, name in names.items():
            if kind in rates:
                figures.line(name + way, rates[kind + way])
    for way, goals in (("", (1, 3)), (", synchronous", (1.2, 5))):
        for kind, goal in zip(names, goals, strict=True):
            if kind in rates:
                figures.ratio(f"ours : {kind}{way}", rates[f"ours{way}"] / rates[kind + way], goal)
