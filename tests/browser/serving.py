"""A whole installation for browser tests: web server, worker and clock as processes, and the sandbox as target."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3

from app.demo import setup
from app.runtime import intake
from app.runtime.installation import Installation
from app.security import accounts
from app.settings import Settings
from app.storage import users
from app.storage.migrate import upgrade
from app.wiring import wire

PASSWORD = "correct horse battery staple"
PEOPLE = {
    "ana": ("Ana Analyst", ["analyst"]),
    "ivan": ("Ivan Integrator", ["analyst", "reviewer"]),
    "olga": ("Olga Operator", ["operator"]),
    "adam": ("Adam Admin", ["administrator"]),
    "setup": ("Set-up", ["analyst"]),
}
_COMMAND = "from app.cli import main; main()"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class House:
    """A running installation with the example rule set live in dev, test and prod."""

    home: Path
    installation: Installation
    url: str
    sandbox: str
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def send(self, sample: dict[str, Any], environment: str = "prod") -> str:
        """Hand a defect in, as the intake does, and answer its message id."""
        body = json.dumps(sample).encode()
        kind = "application/json"
        return intake.accept(self.installation, environment, "qms.nonconformance", body, media_type=kind)[
            0
        ].message_id

    def control(self, mode: str, system: str = "erp") -> None:
        """Tell a system of the sandbox to be ok, slow, down or wrong."""
        urllib3.request("POST", f"{self.sandbox}/control", json={"mode": mode, "system": system}, timeout=30)

    def received(self, system: str) -> list[dict[str, Any]]:
        """What arrived at a system of the sandbox."""
        answer = urllib3.request("GET", f"{self.sandbox}/received?system={system}", timeout=30)
        return list(answer.json()["received"])

    def start(self, *arguments: str) -> None:
        """One process of the installation."""
        environ = {**os.environ, **_environ(self)}
        log = (self.home / f"{arguments[0]}.log").open("wb")
        command = [sys.executable, "-c", _COMMAND, *arguments]
        self.processes.append(
            subprocess.Popen(command, env=environ, stdout=log, stderr=log, start_new_session=True)
        )

    def stop(self) -> None:
        """End every process that was started, and its children."""
        for process in reversed(self.processes):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        self.installation.close()


def open_house(home: Path) -> House:
    """Set up, start, and wait until the pages answer."""
    web, sandbox = free_port(), free_port()
    settings = Settings(
        home=home, bind=f"127.0.0.1:{web}", secret_keys=("a key that is long enough for tests",)
    )
    upgrade(settings.database)
    installation = wire(settings)
    house = House(home, installation, f"http://127.0.0.1:{web}", f"http://127.0.0.1:{sandbox}")
    with installation.database.begin() as tx:
        for login, (name, roles) in PEOPLE.items():
            if users.user(tx, login) is None:
                accounts.create_user(tx, login, name, PASSWORD, roles)
    setup.bind_environments(installation, house.sandbox)
    setup.release_example(installation)
    house.start("sandbox", "--bind", f"127.0.0.1:{sandbox}")
    house.start("serve")
    house.start("worker")
    house.start("clock")
    _wait(house.sandbox + "/health")
    _wait(house.url + "/login")
    return house


def _environ(house: House) -> dict[str, str]:
    return {
        "MAPWRIGHT_HOME": str(house.home),
        "MAPWRIGHT_BIND": house.url.removeprefix("http://"),
        "MAPWRIGHT_SECRET_KEYS": house.installation.settings.secret_keys[0],
        "MAPWRIGHT_RETRY_BASE": "0.2",
        "MAPWRIGHT_RETRY_CAP": "0.5",
        "MAPWRIGHT_RETRY_ATTEMPTS": "3",
        "MAPWRIGHT_DATABASE_URL": "",
        "MAPWRIGHT_REDIS_URL": "",
    }


def _wait(url: str, seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if urllib3.request("GET", url, timeout=2, retries=False).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer within {seconds} s")
