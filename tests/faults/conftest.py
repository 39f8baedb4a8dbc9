"""A plant for each test, on both databases."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.faults.plant import Plant, make_plant, wait_for
from tests.faults.server import OwnPostgres
from tests.servers import Valkey

__all__ = ["Plant", "plant", "wait_for"]


@pytest.fixture
def plant(database_url: str, valkey: Valkey, tmp_path: Path) -> Iterator[Plant]:
    """On both databases, with a Valkey of its own; leases and back-offs are short."""
    made = make_plant(database_url, valkey, tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def own_postgres(run_folder: Path) -> Iterator[OwnPostgres]:
    """A server of these tests alone, that may be stopped and run out of disk."""
    server = OwnPostgres()
    yield server
    server.stop()


@pytest.fixture
def own_plant(own_postgres: OwnPostgres, valkey: Valkey, tmp_path: Path) -> Iterator[Plant]:
    """A plant on that server."""
    made = make_plant(own_postgres.new(f"mw_{uuid4().hex[:16]}"), valkey, tmp_path)
    yield made
    made.close()
