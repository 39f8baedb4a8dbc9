"""Intake over HTTP: single messages against a bare insert + commit in the same server, and bulks against single ones."""

import json
import os

from sqlalchemy import text

from benchmarks.journey import cpu, figures, ruleset
from benchmarks.journey.stage import Stage, process, token, variables, web
from benchmarks.journey.traffic import post, send_all

SINGLE = 1_200
BULK, LINES = 8, 500
ROUNDS = 3


class Server:
    """One web process of an installation with the bare path beside the real one."""

    def __init__(self, stage: Stage) -> None:
        self.installation = stage.installation(ruleset.files())
        with self.installation.database.begin() as tx:
            tx.execute(text("CREATE TABLE bare (id text PRIMARY KEY, body bytea NOT NULL)"))
        host, _, port = self.installation.settings.bind.partition(":")
        self.address = (host, int(port))
        self._login = {"Authorization": f"Bearer {token(self.installation)}"}
        self._sent = 0

    def bare(self) -> float:
        """One insert a request; requests a second."""
        return self._rate("/v1/in/bare/insert", self._rows())

    def short(self) -> float:
        """The same by the short way that intake takes."""
        return self._rate("/v1/in/bare.short", self._rows())

    def _rows(self) -> list[bytes]:
        return [json.dumps(ruleset.message("b", n)).encode() for n in range(SINGLE)]

    def single(self) -> float:
        """One message a request; messages a second."""
        return self._rate("/v1/in/sap.notice", self._bodies(SINGLE))

    def bulk(self) -> float:
        """Many lines a request; messages a second."""
        bodies = self._bodies(BULK * LINES)
        bulks = [b"\n".join(bodies[start : start + LINES]) for start in range(0, len(bodies), LINES)]
        return LINES * self._rate("/v1/in/sap.notice", bulks, {"Content-Type": "application/x-ndjson"}, 2)

    def _bodies(self, count: int) -> list[bytes]:
        self._sent += count
        return [json.dumps(ruleset.message("i", n)).encode() for n in range(self._sent - count, self._sent)]

    def _rate(
        self, path: str, bodies: list[bytes], more: dict[str, str] | None = None, connections: int = 16
    ) -> float:
        run = send_all(
            self.address, [post(path, body, {**self._login, **(more or {})}) for body in bodies], connections
        )
        assert set(run.statuses) == {202}, (run.statuses, run.last)
        return run.rate


def report(stage: Stage) -> None:
    """Print the ratios."""
    server = Server(stage)
    command = web(server.installation, "benchmarks.journey.bare:application")
    ready = f"http://{server.installation.settings.bind}/health/live"
    with process(command, variables(server.installation), ready) as started:
        for warm in (server.bare, server.short, server.single):
            warm()
        ways = {"bare": server.bare, "short": server.short, "single": server.single, "bulk": server.bulk}
        rates = figures.rounds(ways, ROUNDS)
        pids = {"web": started.pid, "PostgreSQL": cpu.server(stage.postgres), "sender": os.getpid()}
        for name, way in list(ways.items())[:3]:
            cpu.line(name, cpu.spent(pids, way), SINGLE)
    figures.line("a bare insert + commit, by the short way", rates["short"], "requests/s")
    figures.line("a bare insert + commit, by the application", rates["bare"], "requests/s")
    figures.line("single intake, over HTTP", rates["single"])
    figures.line("bulk intake, over HTTP", rates["bulk"])
    figures.ratio("single intake : bare, by the short way", rates["single"] / rates["short"], 0.8)
    figures.ratio("single intake : bare, by the application", rates["single"] / rates["bare"], 0.8)
    figures.ratio("bulk intake : single intake", rates["bulk"] / rates["single"], 8)
