"""A plant for each test, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.plant import Plant, make_plant, wait_for
from tests.servers import Valkey

__all__ = ["Plant", "plant", "wait_for"]


@pytest.fixture
def plant(database_url: str, valkey: Valkey, tmp_path: Path) -> Iterator[Plant]:
    """On both databases, with a Valkey of its own; leases and back-offs are short."""
    made = make_plant(database_url, valkey, tmp_path)
    yield made
    made.close()
