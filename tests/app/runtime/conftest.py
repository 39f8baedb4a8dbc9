"""An installation of both databases with the rule set of tests.journey, and a real target."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.runtime.installation import Installation
from app.settings import Settings
from tests.journey import Target, bind, install


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    """The rule set `journey` live in `test`; nothing is bound yet."""
    settings = Settings(
        home=tmp_path / "home",
        database_url=database_url,
        retry_base=0.01,
        retry_cap=0.05,
        delivery_deadline=2.0,
        breaker_cool_down=0.001,
        breaker_cool_down_cap=0.002,
    )
    made = install(settings)
    yield made
    made.close()


@pytest.fixture
def target() -> Iterator[Target]:
    """A real HTTP server that records what arrives."""
    server = Target()
    yield server
    server.close()


@pytest.fixture
def bound(installation: Installation, target: Target) -> Installation:
    """The installation with its outgoing endpoints bound to the target."""
    for endpoint in ("erp.order", "erp.once"):
        bind(installation, endpoint, target.url)
    return installation
