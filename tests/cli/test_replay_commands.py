"""`messages replay`, `messages edit` and `problems`: dry run first, words to stderr, one object with --json."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.runtime.intake import accept
from app.settings import load_settings
from app.storage.messages import message
from app.wiring import wire
from tests.journey import ENVIRONMENT, drain_all, install, order


@pytest.fixture
def installation(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The journey in a data folder that the commands find by their settings."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "mapwright.db").write_bytes(sqlite_template.read_bytes())
    monkeypatch.setenv("MAPWRIGHT_HOME", str(home))
    monkeypatch.setenv("MAPWRIGHT_ENVIRONMENT", ENVIRONMENT)
    made = install(load_settings())
    yield made
    made.close()


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


def send(installation: Any, number: int, **more: object) -> str:
    id = accept(installation, ENVIRONMENT, "shop.order", order(number, **more))[0].message_id
    drain_all(installation)
    return id


def test_a_dry_run_says_what_would_differ_and_sends_nothing(installation: Any, capsys: Any) -> None:
    send(installation, 1)
    assert run("messages", "replay", "--flow", "orders", "--dry-run", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["state"], said["total"], said["report"]["same"]) == ("ready", 1, 1)
    assert drain_all(installation) == 0


def test_messages_are_replayed_by_filter(installation: Any, capsys: Any) -> None:
    for number in range(3):
        send(installation, number)
    assert (
        run("messages", "replay", "--flow", "orders", "--rate", "1000", "--reason", "lost by the target") == 0
    )
    said = capsys.readouterr()
    assert said.out == "" and "3 of 3 the same" in said.err and "3 replayed, 0 failed" in said.err
    assert drain_all(installation) == 3


@pytest.mark.parametrize("words", [("--flow", "orders"), ("--dry-run",)])
def test_a_replay_without_a_reason_or_without_a_choice_is_wrong_use(installation: Any, words: Any) -> None:
    assert run("messages", "replay", *words) == 2


def test_a_replay_that_chooses_nothing_is_refused_in_a_line(installation: Any, capsys: Any) -> None:
    assert run("messages", "replay", "--flow", "nothing", "--dry-run") == 3
    assert "nothing_chosen" in capsys.readouterr().err


def test_problems_are_listed_by_cause(installation: Any, capsys: Any) -> None:
    assert run("problems") == 0
    for number in range(2):
        send(installation, number, mode="reject")
    assert run("problems", "--json") == 1
    (group,) = json.loads(capsys.readouterr().out)["items"]
    assert (group["count"], group["step"], group["owner"]) == (2, "rules/dispatch.refuse", "tests")
    assert group["affected"]["order"]["count"] == 2
    assert run("problems") == 1
    assert "2 failures in 1 group" in capsys.readouterr().err


def test_a_message_is_edited_from_a_file(installation: Any, tmp_path: Path, capsys: Any) -> None:
    id = send(installation, 1, mode="reject")
    file = tmp_path / "repaired.json"
    file.write_bytes(order(1))
    assert run("messages", "edit", id, str(file)) == 2
    assert run("messages", "edit", id, str(file), "--dry-run", "--json") == 0
    seen = json.loads(capsys.readouterr().out)
    assert seen["state"] == "done" and {"output", "path", "kind"} <= set(seen["differences"][0])
    assert run("messages", "edit", id, str(file), "--reason", "wrong mode", "--json") == 0
    (made,) = json.loads(capsys.readouterr().out)["edited_as"]
    drain_all(installation)
    other = wire(load_settings())
    with other.database.read() as tx:
        assert (message(tx, id).state, message(tx, made).state) == ("discarded", "done")
    other.close()
