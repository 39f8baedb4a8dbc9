"""`mapwright breakers` and `staged`: what stands still, and the steps people take, as one object on stdout."""

import json
from pathlib import Path

import pytest

from app.settings import Settings
from tests.cli.running import mapwright
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


def test_a_connection_holds_back_and_no_longer(home: Path) -> None:
    here = {"MAPWRIGHT_HOME": str(home), "MAPWRIGHT_ENVIRONMENT": ENVIRONMENT}
    assert mapwright("connections", "stage", "erp.order", **here).returncode == 2, "a reason is needed"
    held = mapwright("connections", "stage", "erp.order", "--until", "2h", "--reason", "go-live", **here)
    assert held.returncode != 0 and "is over" in held.stderr
    done = mapwright("connections", "stage", "erp.order", "--reason", "go-live", "--json", **here)
    assert json.loads(done.stdout)["staged"] is True
    (listed,) = json.loads(mapwright("connections", "--json", **here).stdout)["items"]
    assert listed["staged"] is True
    assert mapwright("connections", "unstage", "erp.order", "--reason", "done", **here).returncode == 0
    (listed,) = json.loads(mapwright("connections", "--json", **here).stdout)["items"]
    assert listed["staged"] is False
    assert mapwright("connections", "unstage", "no.such", "--reason", "x", **here).returncode == 3


def test_a_connection_that_nobody_answers_fails_its_test(home: Path) -> None:
    here = {"MAPWRIGHT_HOME": str(home), "MAPWRIGHT_ENVIRONMENT": ENVIRONMENT}
    tried = mapwright("connections", "test", "--json", **here)
    (found,) = json.loads(tried.stdout)["items"]
    assert tried.returncode == 1 and found["result"] == "failing" and found["do"]
    assert mapwright("connections", "test", "no.such", **here).returncode == 3
