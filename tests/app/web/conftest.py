"""Pages over a fresh installation: the starter rule set, three environments, one person a role."""

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.commands.starter import starter_files
from app.design import rulesets
from app.factory import create_app
from app.runtime.installation import Installation
from app.security import passwords
from app.settings import Settings
from app.storage import environments, users
from app.wiring import wire
from tests.website import furnished, site

__all__ = ["furnished", "site"]

NAME = "orders"
PEOPLE = {"ana": "analyst", "ivan": "reviewer", "olga": "operator", "adam": "administrator"}


@pytest.fixture(scope="session")
def password_hash() -> str:
    """Hashing is slow on purpose: once is enough."""
    return passwords.hash_password("correct horse battery staple")


@pytest.fixture
def installation(sqlite_template: Path, tmp_path: Path, password_hash: str) -> Iterator[Installation]:
    """Everything a page can show, without messages."""
    shutil.copy(sqlite_template, tmp_path / "mapwright.db")
    made = wire(Settings(home=tmp_path, secret_keys=("a key that is long enough for tests",)))
    with made.database.begin() as tx:
        for login, role in PEOPLE.items():
            users.add_user(tx, login, login.title(), password_hash, [role])
        for position, name in enumerate(("dev", "test", "prod"), 1):
            environments.ensure_environment(tx, name, position, name.title())
            environments.put_binding(tx, name, "plant.work_order", "http", {"url": "http://127.0.0.1:9/"})
        rulesets.create_ruleset(
            tx, {path: text.encode() for path, text in starter_files(NAME).items()}, "setup"
        )
    yield made
    made.close()


class Browser:
    """A test client of one person that sends the CSRF token as the pages do."""

    def __init__(self, client: FlaskClient, login: str) -> None:
        self.client = client
        if login:
            with client.session_transaction() as session:
                session["_user_id"] = f"1|{login}"

    def get(self, path: str, **options: Any) -> TestResponse:
        """Open a page."""
        return self.client.get(path, **options)

    def post(self, path: str, data: Mapping[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form."""
        return self.client.post(path, data=data or {}, headers=self._headers(), **options)

    def send(self, method: str, path: str, body: Any) -> TestResponse:
        """Send JSON as the scripts do."""
        return self.client.open(path, method=method, json=body, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        page = self.client.get("/search").text or ""
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        return {"X-CSRFToken": found[1] if found else ""}


@pytest.fixture
def browse(installation: Installation) -> Callable[[str], Browser]:
    """A browser for a login; empty for somebody not logged in."""
    app = create_app(installation)
    return lambda login="": Browser(app.test_client(), login)


@pytest.fixture
def ana(browse: Callable[[str], Browser]) -> Browser:
    """The analyst."""
    return browse("ana")
