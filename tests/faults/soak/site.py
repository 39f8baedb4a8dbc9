"""An installation of its own: database, queue, target, workers, clocks and a web server, all of which may die."""

import signal
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import psutil

from app.security import tokens
from app.settings import load_settings
from app.storage.migrate import upgrade
from app.storage.releases import add_release, release_record
from app.storage.workers import workers
from app.wiring import wire
from rules.release import build_release
from tests.faults.mix import mix_files
from tests.faults.processes import Process
from tests.faults.violations import CheckFailed
from tests.journey import ENVIRONMENT, Target, bind, deploy
from tests.servers import TcpPostgres, Valkey, free_port

Result = TypeVar("Result")
EDITIONS = (1, 2, 3)
ENDPOINTS = ("erp.order", "erp.once", "erp.stock")


class Site:
    """Everything of one run. The driver holds an installation of its own to look and to act through."""

    def __init__(self, folder: Path, kind: str, *, processes: int = 2, **environ: str) -> None:
        self.folder, self.kind = folder, kind
        folder.mkdir(parents=True, exist_ok=True)
        self.postgres = TcpPostgres(folder / "pg").start() if kind == "postgresql" else None
        url = self.postgres.create("soak") if self.postgres else f"sqlite:///{folder / 'soak.db'}"
        upgrade(url)
        self.valkey = Valkey(folder / "valkey").start()
        self.port = free_port()
        self.environ = {**self._environ(url), **environ}
        self.installation = wire(load_settings(self.environ))
        deploy(self.installation, mix_files(EDITIONS[0]))
        self.target = Target()
        self.releases = self._release()
        self.token = self._token()
        self.workers = [self.process("worker") for _ in range(processes if self.postgres else 1)]
        self.clocks = [self.process("clock") for _ in range(processes if self.postgres else 1)]
        self.web = [self.process("server")]
        self.restarts = 0
        self.memory: dict[str, int] = {}
        self._await()

    def _await(self) -> None:
        """Until the web server answers and somebody works."""
        end = time.monotonic() + 120
        while not (self._answers() and self._at_work()):
            assert time.monotonic() < end, f"nothing runs after 120 s, see {self.folder}"
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/live", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _at_work(self) -> bool:
        with self.installation.database.read() as tx:
            return {row["kind"] for row in workers(tx)} >= {"worker", "clock"}

    def _environ(self, url: str) -> dict[str, str]:
        return {
            "MAPWRIGHT_HOME": str(self.folder / "home"),
            "MAPWRIGHT_DATABASE_URL": url,
            "MAPWRIGHT_REDIS_URL": self.valkey.url,
            "MAPWRIGHT_BIND": f"127.0.0.1:{self.port}",
            "MAPWRIGHT_LEASE_SECONDS": "3",
            "MAPWRIGHT_DELIVERY_DEADLINE": "1.5",
            "MAPWRIGHT_REPLY_DEADLINE": "3",
            "MAPWRIGHT_RETRY_BASE": "0.2",
            "MAPWRIGHT_RETRY_CAP": "2",
            "MAPWRIGHT_RETRY_ATTEMPTS": "1000",
            "MAPWRIGHT_BREAKER_COOL_DOWN": "0.5",
            "MAPWRIGHT_BREAKER_COOL_DOWN_CAP": "3",
        }

    def _release(self) -> dict[str, int]:
        """Three editions of the rule set; the first one is live."""
        made = {}
        with self.installation.database.begin() as tx:
            for edition in EDITIONS:
                release = build_release(mix_files(edition))
                made[release.id] = edition
                if release_record(tx, release.id) is None:
                    add_release(tx, release.id, "journey", release.content, "tests")
        assert len(made) == len(EDITIONS), "promotions between equal releases would change nothing"
        for endpoint in ENDPOINTS:
            bind(
                self.installation, endpoint, self.target.url, error_body={"path": "error", "result": "retry"}
            )
        return made

    def _token(self) -> str:
        with self.installation.database.begin() as tx:
            return tokens.issue(tx, "soak", ENVIRONMENT, ("*",), "tests").text

    def process(self, kind: str) -> Process:
        """A process of this installation, started."""
        return Process(kind, self.environ, self.folder / "processes.log").start()

    def replace(self, among: list[Process], place: int, kind: str | None = None) -> None:
        """Start another one in the place of a process that is gone."""
        among[place] = self.process(kind or among[place].kind)

    def supervise(self) -> None:
        """Start again what ended by itself, as a service manager does."""
        for among in (self.workers, self.clocks, self.web):
            for place, process in enumerate(among):
                if not process.alive:
                    self.restarts += 1
                    self.replace(among, place)

    @property
    def processes(self) -> list[Process]:
        """All of them."""
        return [*self.workers, *self.clocks, *self.web]

    def weigh(self) -> None:
        """Note the most memory, in MB, that a process of each kind has been seen with."""
        for process in self.processes:
            for own in _with_children(process.pid):
                kind = "worker" if process.kind == "unsteady" else process.kind
                self.memory[kind] = max(self.memory.get(kind, 0), own)

    def heal(self) -> None:
        """Everything runs again as it should."""
        for process in self.processes:
            if process.alive:
                process.signal(signal.SIGCONT)
        for place, worker in enumerate(self.workers):
            if worker.kind != "worker":
                worker.kill()
                self.replace(self.workers, place, "worker")
        self.supervise()

    def insist(self, work: Callable[[], Result], seconds: float = 60) -> Result:
        """Do something through a database that may be away."""
        end = time.monotonic() + seconds
        while True:
            try:
                return work()
            except CheckFailed:
                raise
            except Exception:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def close(self) -> None:
        """End everything."""
        for process in self.processes:
            process.kill()
        self.installation.close()
        self.target.close()
        self.valkey.stop()
        if self.postgres:
            self.postgres.close()


def _with_children(pid: int) -> list[int]:
    """Resident MB of a process and of those it has started, as far as they are still there."""
    sizes = []
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            sizes.append(one.memory_info().rss // 1_000_000)
    return sizes
