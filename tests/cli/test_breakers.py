"""`mapwright breakers` and `staged`: what stands still, and the steps people take, as one object on stdout."""

import json
from pathlib import Path

import pytest

from app.settings import Settings
from tests.cli.test_exit_codes import mapwright
from tests.journey import ENVIRONMENT, bind, install


@pytest.fixture
def home(sqlite_template: Path, tmp_path: Path) -> Path:
    """An installation with one connection."""
    (tmp_path / "mapwright.db").write_bytes(sqlite_template.read_bytes())
    made = install(Settings(home=tmp_path))
    bind(made, "erp.order", "http://127.0.0.1:9/")
    made.close()
    return tmp_path


def test_a_breaker_is_opened_listed_and_closed(home: Path) -> None:
    here = {"MAPWRIGHT_HOME": str(home), "MAPWRIGHT_ENVIRONMENT": ENVIRONMENT}
    assert mapwright("breakers", **here).returncode == 0
    assert (
        mapwright("breakers", "open", "erp.order", "--reason", "update", "--by", "olga", **here).returncode
        == 0
    )
    listed = mapwright("breakers", "--json", **here)
    (found,) = json.loads(listed.stdout)["items"]
    assert listed.returncode == 1 and (found["breaker"], found["why"]) == ("open", "olga: update")
    assert mapwright("breakers", "close", "erp.order", "--reason", "back", **here).returncode == 0
    assert mapwright("breakers", "close", "erp.order", "--reason", "back", **here).returncode == 3


def test_staged_deliveries_are_listed_and_let_go(home: Path) -> None:
    here = {"MAPWRIGHT_HOME": str(home), "MAPWRIGHT_ENVIRONMENT": ENVIRONMENT}
    assert json.loads(mapwright("staged", "list", "--json", **here).stdout)["items"] == []
    assert mapwright("staged", "release", "--reason", "go-live", **here).returncode == 2
    done = mapwright("staged", "release", "--all", "--reason", "go-live", "--json", **here)
    assert json.loads(done.stdout) == {"environment": ENVIRONMENT, "released": 0}
