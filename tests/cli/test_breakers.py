"""`mapwright breakers` and `staged`: what stands still, and the steps people take, as one object on stdout."""

import json
from datetime import UTC, datetime, timedelta
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
    past = ("--until", "2026-01-01", "--reason", "go-live")
    held = mapwright("connections", "stage", "erp.order", *past, **here)
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


def test_what_does_not_exist_is_named_beside_what_does(home: Path) -> None:
    here = {"MAPWRIGHT_HOME": str(home), "MAPWRIGHT_ENVIRONMENT": ENVIRONMENT}
    for command in ("connections", "scheduled"):
        refused = mapwright(command, "--env", "nowhere", **here)
        assert refused.returncode == 3
        assert f"there is no environment nowhere: say --env with one of {ENVIRONMENT}" in refused.stderr
    refused = mapwright("connections", "stage", "no.such", "--reason", "x", **here)
    assert "has no binding for no.such; bound are: erp.order" in refused.stderr


def test_a_time_to_come_may_be_said_as_a_span(home: Path) -> None:
    here = {"MAPWRIGHT_HOME": str(home), "MAPWRIGHT_ENVIRONMENT": ENVIRONMENT}
    held = ("connections", "stage", "erp.order", "--reason", "x", "--json")
    until = json.loads(mapwright(*held, "--until", "2h", **here).stdout)["hold_until"]
    left = datetime.fromisoformat(until) - datetime.now(UTC)
    assert timedelta(hours=1, minutes=50) < left <= timedelta(hours=2)
    wrong = mapwright(*held, "--until", "tonight", **here)
    assert wrong.returncode == 2 and "2h for in two hours" in wrong.stderr
