"""Databases and queue of the tests: each test has a fresh schema, on SQLite and on PostgreSQL."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from app.storage.database import Database, open_database
from app.storage.migrate import upgrade
from tests.servers import Postgres, Valkey, locked, shared_folder


@pytest.fixture(scope="session")
def run_folder() -> Iterator[Path]:
    """The folder of this test run, shared by its processes."""
    folder = shared_folder()
    yield folder
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(run_folder: Path) -> Iterator[Postgres]:
    """A running PostgreSQL server."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres, run_folder: Path) -> str:
    """A migrated database that new ones are copied from."""
    name = f"mapwright_template_{run_folder.name[-16:]}"
    done = run_folder / "template.done"
    with locked(run_folder / "template.lock"):
        if not done.exists():
            upgrade(postgres.create(name))
            done.touch()
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that new ones are copied from."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def fresh_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], AbstractContextManager[str]]:
    """Fresh, migrated databases by kind, for as long as somebody wants them; as a context they are URLs."""

    @contextmanager
    def fresh(kind: str) -> Iterator[str]:
        if kind == "sqlite":
            path = tmp_path_factory.mktemp("database") / "mapwright.db"
            shutil.copy(request.getfixturevalue("sqlite_template"), path)
            yield f"sqlite:///{path}"
            return
        template: str = request.getfixturevalue("postgres_template")
        server: Postgres = request.getfixturevalue("postgres")
        name = f"mw_{uuid4().hex[:16]}"
        with locked(shared_folder() / "template.lock"):
            url = server.create(name, template)
        yield url
        server.drop(name)

    return fresh


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(
    request: pytest.FixtureRequest, fresh_database: Callable[[str], AbstractContextManager[str]]
) -> Iterator[str]:
    """The URL of a fresh, migrated database, once of each kind."""
    with fresh_database(request.param) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open, fresh database, once of each kind."""
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A Valkey server of this test alone."""
    server = Valkey(tmp_path / "valkey").start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The queue of tests that only need one: MAPWRIGHT_TEST_REDIS_URL, else a Valkey of this process."""
    given = os.environ.get("MAPWRIGHT_TEST_REDIS_URL")
    if given:
        yield given
        return
    server = Valkey(tmp_path_factory.mktemp("valkey")).start()
    yield server.url
    server.stop()
