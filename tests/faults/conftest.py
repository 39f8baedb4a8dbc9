"""An installation whose workers are processes of their own."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.runtime.installation import Installation
from app.settings import load_settings
from tests.faults.processes import Process
from tests.journey import Target, bind, install
from tests.servers import Valkey


@dataclass
class Plant:
    """The installation as this process sees it, its target, its queue and its processes."""

    installation: Installation
    target: Target
    valkey: Valkey
    environ: Mapping[str, str]
    log: Path
    processes: list[Process] = field(default_factory=list)

    def start(self, kind: str = "worker", **environ: str) -> Process:
        """One more process; its output goes to the log, that of `kind` to `<kind>.log` beside it."""
        log = self.log if kind in ("worker", "clock") else self.log.with_name(f"{kind}.log")
        process = Process(kind, {**self.environ, **environ}, log).start()
        self.processes.append(process)
        return process

    def close(self) -> None:
        """End everything."""
        for process in self.processes:
            process.kill()
        self.installation.close()
        self.target.close()


@pytest.fixture
def plant(database_url: str, valkey: Valkey, tmp_path: Path) -> Iterator[Plant]:
    """On both databases, with a Valkey of its own; leases and back-offs are short."""
    environ = {
        "MAPWRIGHT_HOME": str(tmp_path / "home"),
        "MAPWRIGHT_DATABASE_URL": database_url,
        "MAPWRIGHT_REDIS_URL": valkey.url,
        "MAPWRIGHT_LEASE_SECONDS": "2",
        "MAPWRIGHT_DELIVERY_DEADLINE": "1",
        "MAPWRIGHT_RETRY_BASE": "0.1",
        "MAPWRIGHT_RETRY_CAP": "1",
        "MAPWRIGHT_RETRY_ATTEMPTS": "1000",
    }
    installation = install(load_settings(environ))
    target = Target()
    for endpoint in ("erp.order", "erp.once"):
        bind(installation, endpoint, target.url)
    made = Plant(installation, target, valkey, environ, tmp_path / "processes.log")
    yield made
    made.close()


def wait_for(what: Callable[[], bool], seconds: float, message: Callable[[], str] = lambda: "") -> None:
    """Until it holds; an assertion fails where it does not in time."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"not within {seconds} s: {message()}"
        time.sleep(0.05)
