"""`mapwright limits`: set, shown as JSON, refused with a reason."""

import json
import shutil
from pathlib import Path

import pytest

from app.storage import environments
from app.storage.database import open_database
from tests.cli.running import mapwright


@pytest.fixture
def home(sqlite_template: Path, tmp_path: Path) -> Path:
    database = open_database(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'mapwright.db')}")
    with database.begin() as tx:
        environments.ensure_environment(tx, "dev", 1, "Dev")
    database.close()
    return tmp_path


def limits(home: Path, *arguments: str) -> tuple[int, str, str]:
    done = mapwright("limits", *arguments, MAPWRIGHT_HOME=str(home))
    return done.returncode, done.stdout, done.stderr


def test_a_limit_is_set_and_shown(home: Path) -> None:
    wanted = (
        "set",
        "flow",
        "orders/take",
        "--rate",
        "2.5",
        "--backlog",
        "10",
        "--weight",
        "3",
        "--reason",
        "floods",
    )
    code, made, _ = limits(home, *wanted, "--json")
    assert code == 0 and json.loads(made)["rate"] == 2.5
    code, found, _ = limits(home, "show", "--json")
    shown = json.loads(found)
    assert code == 0 and shown["weights"] == {"orders/take": 3}
    assert [(one["name"], one["backlog"], one["waiting"]) for one in shown["limits"]] == [
        ("orders/take", 10, 0)
    ]


def test_a_limit_that_makes_no_sense_is_refused_with_the_reason(home: Path) -> None:
    code, out, err = limits(home, "set", "flow", "orders", "--rate", "1")
    assert code == 3 and out == "" and "RULESET/FLOW" in err
