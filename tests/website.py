"""The web application over a fresh SQLite installation, with a person of each role and a machine."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.commands.starter import starter_files
from app.design import promotions, releases, rulesets
from app.factory import create_app
from app.runtime.installation import Installation
from app.security import accounts, tokens
from app.settings import Settings
from app.storage import environments
from app.wiring import wire

PASSWORD = "open sesame"
PEOPLE = {"ana": "analyst", "ivan": "reviewer", "olga": "operator", "adm": "administrator"}
RULESET = "orders"
KEYS = ("a key for tests that is long enough",)


class Visitor:
    """A browser of one person: keeps cookies and sends the session's CSRF token."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.csrf = ""

    def log_in(self, login: str, password: str = PASSWORD, **more: Any) -> Any:
        """Log in as the page does."""
        form = {"login": login, "password": password, "csrf_token": self.token_of("/login"), **more}
        answer = self.client.post("/login", data=form)
        self.csrf = self.token_of("/docs" if answer.status_code != 302 else "/rulesets")
        return answer

    def token_of(self, path: str) -> str:
        """The CSRF token that a page carries."""
        found = re.search(r'name="csrf-token" content="([^"]+)"', self.client.get(path).text)
        return found[1] if found else ""

    def call(self, method: str, path: str, **options: Any) -> Any:
        """A call of the API as a script of the page makes it."""
        headers = {"X-CSRF-Token": self.csrf, **options.pop("headers", {})}
        return self.client.open(path, method=method, headers=headers, **options)


@dataclass
class Site:
    """An installation with its application."""

    installation: Installation

    @cached_property
    def app(self) -> Flask:
        """The application."""
        return create_app(self.installation)

    def visitor(self, login: str | None = None) -> Visitor:
        """A browser, logged in where a login is given."""
        visitor = Visitor(self.app.test_client())
        if login:
            assert visitor.log_in(login).status_code == 302
        return visitor

    def token(self, *capabilities: str, environment: str = "dev", endpoints: tuple[str, ...] = ("*",)) -> str:
        """A token of a machine."""
        with self.installation.database.begin() as tx:
            return tokens.issue(tx, "machine", environment, endpoints, "adm", capabilities or ("send",)).text

    def machine(self, *capabilities: str, **scope: Any) -> "Machine":
        """A client that sends a token."""
        return Machine(self.app.test_client(), self.token(*capabilities, **scope))


@dataclass
class Machine:
    """A client that sends a token."""

    client: FlaskClient
    token: str

    def call(self, method: str, path: str, **options: Any) -> Any:
        """One call of the API."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.client.open(path, method=method, headers=headers, **options)


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """A database with people, the chain, and the starter's rule set live in dev; sites are copied from it."""
    home = tmp_path_factory.mktemp("site")
    shutil.copy(sqlite_template, home / "mapwright.db")
    installation = wire(Settings(home=home, secret_keys=KEYS))
    furnish(installation)
    with installation.database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    installation.close()
    return home / "mapwright.db"


@pytest.fixture
def site(tmp_path: Path, furnished: Path) -> Iterator[Site]:
    """A fresh installation as `furnished` has it."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(furnished, home / "mapwright.db")
    installation = wire(Settings(home=home, secret_keys=KEYS))
    yield Site(installation)
    installation.close()


def furnish(installation: Installation) -> None:
    """People of each role, the chain with everything bound, and a first release live in dev."""
    files = {path: text.encode() for path, text in starter_files(RULESET).items()}
    releases.build(files)
    with installation.database.begin() as tx:
        for login, role in PEOPLE.items():
            accounts.create_user(tx, login, login.title(), PASSWORD, [role])
        for position, name in enumerate(("dev", "test", "prod"), 1):
            environments.ensure_environment(tx, name, position, name.title())
            environments.put_binding(tx, name, "plant.work_order", "http", {"url": "http://127.0.0.1:9/"})
        rulesets.create_ruleset(tx, files, "ana")
        record = releases.cut_release(tx, RULESET, "ana", "first")
        promotions.promote(tx, record.id, "dev", "ana")
