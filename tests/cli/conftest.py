"""An installation with a live rule set, and its command line called in this process."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.cli import _run
from app.runtime.installation import Installation
from app.settings import load_settings
from tests.journey import ENVIRONMENT, install

Cli = Callable[..., Any]


@pytest.fixture
def installation(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    environ = {
        "MAPWRIGHT_HOME": str(tmp_path / "home"),
        "MAPWRIGHT_DATABASE_URL": database_url,
        "MAPWRIGHT_ENVIRONMENT": ENVIRONMENT,
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    made = install(load_settings(environ))
    yield made
    made.close()


@pytest.fixture
def cli(installation: Installation, capfd: pytest.CaptureFixture[str]) -> Cli:
    """Run a command; its JSON where it prints some, else its words. `code` is the exit code it must have."""

    def run(*arguments: str, code: int = 0) -> Any:
        capfd.readouterr()
        ended = _run(list(arguments))
        out, err = capfd.readouterr()
        assert ended == code, err
        return json.loads(out) if out else err

    return run
