"""A small rule set, a chain of environments, and releases of it."""

from collections.abc import Callable

import pytest

from app.commands.starter import starter_files
from app.design import releases, rulesets
from app.security.secrets import Vault
from app.storage import environments
from app.storage.database import Database
from app.storage.releases import ReleaseRecord

NAME = "orders"
CHAIN = ("dev", "test", "prod")


@pytest.fixture(scope="session")
def vault() -> Vault:
    return Vault(["a key that is long enough"])


@pytest.fixture
def files() -> dict[str, bytes]:
    """The rule set that `mapwright init` writes."""
    return {path: text.encode() for path, text in starter_files(NAME).items()}


@pytest.fixture
def orders(database: Database, files: dict[str, bytes]) -> Database:
    """The rule set stored by the system, and the chain with every endpoint bound."""
    with database.begin() as tx:
        rulesets.create_ruleset(tx, files, "setup")
        for position, name in enumerate(CHAIN, 1):
            environments.ensure_environment(tx, name, position, name.title())
            environments.put_binding(tx, name, "plant.work_order", "http", {"url": "http://127.0.0.1:9/"})
    return database


@pytest.fixture
def cut(orders: Database) -> Callable[..., ReleaseRecord]:
    """Change a file as somebody, then release as somebody."""

    def make(author: str, priority: str = "normal", by: str = "ana") -> ReleaseRecord:
        with orders.begin() as tx:
            before = rulesets.read_file(tx, NAME, "maps/orders.mw").content.decode()
            after = before.replace("\nmap order_to_work", f"\n# {author}: {priority}\nmap order_to_work", 1)
            rulesets.write_file(tx, NAME, "maps/orders.mw", after.encode(), author)
            return releases.cut_release(tx, NAME, by, f"{priority} of {author}")

    return make
