"""The command line keeps its promises: exit codes, JSON to stdout, words to stderr, one line for what is wrong."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import ROOT, mapwright


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A rule set that `init` wrote."""
    assert mapwright("init", str(tmp_path / "shop")).returncode == 0
    return tmp_path / "shop"


def test_it_starts_from_nothing_and_says_its_version() -> None:
    """All other tests fork it from a process that has imported everything."""
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "--version"], cwd=ROOT, capture_output=True, timeout=240
    )
    assert done.returncode == 0 and b"mapwright" in done.stdout


def test_what_init_writes_is_green(folder: Path) -> None:
    assert mapwright("check", str(folder)).returncode == 0
    tested = mapwright("test", str(folder))
    assert tested.returncode == 0 and "1 of 1 tests green" in tested.stderr


def test_check_says_where(folder: Path) -> None:
    text = folder / "maps" / "orders.mw"
    text.write_text(text.read_text().replace("o.number", "o.nummer", 1))
    found = mapwright("check", str(folder), NO_COLOR="1")
    line = next(n for n, words in enumerate(text.read_text().splitlines(), 1) if "nummer" in words)
    assert found.returncode == 1 and found.stdout == ""
    assert f"maps/orders.mw:{line}:" in found.stderr and "^" in found.stderr and "error[M" in found.stderr


def test_check_json_is_one_object(folder: Path) -> None:
    text = folder / "maps" / "orders.mw"
    text.write_text(text.read_text().replace("o.number", "o.nummer", 1))
    found = json.loads(mapwright("check", str(folder), "--json").stdout)
    assert found["ok"] is False
    assert {"code", "severity", "message", "file", "line", "column", "help", "fixes"} <= set(
        found["diagnostics"][0]
    )


def test_a_failed_test_is_a_problem(folder: Path) -> None:
    text = folder / "tests" / "orders.mw"
    text.write_text(text.read_text().replace("WO-1001", "WO-1"))
    found = mapwright("test", str(folder))
    assert found.returncode == 1 and "FAILED tests/orders.mw:" in found.stderr


def test_tests_can_be_written_as_junit(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "junit.xml"
    assert mapwright("test", str(folder), "--junit", str(target)).returncode == 0
    assert target.read_text().startswith("<") and "testcase" in target.read_text()


def test_format_changes_nothing_twice(folder: Path) -> None:
    mapwright("format", str(folder))
    assert mapwright("format", str(folder), "--check").returncode == 0


def test_run_sample_gives_the_outcome(folder: Path) -> None:
    found = mapwright("run-sample", str(folder), "--flow", "orders", "--sample", "order.json", "--json")
    outcome = json.loads(found.stdout)
    assert found.returncode == 0
    assert (outcome["state"], outcome["event"]["id"]) == ("done", "WO-1001")
    assert {"document", "actions", "failures", "lineage"} <= set(outcome)


def test_an_unknown_sample_is_wrong_use(folder: Path) -> None:
    found = mapwright("run-sample", str(folder), "--flow", "orders", "--sample", "nothing.json")
    assert found.returncode == 2 and "order.json" in found.stderr


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["check"], ["check", "/nowhere"], ["check", ".ci"], ["up", "--odd"]]
)
def test_wrong_use_is_2(arguments: list[str]) -> None:
    found = mapwright(*arguments)
    assert found.returncode == 2 and found.stdout == "" and "Traceback" not in found.stderr


def test_a_database_that_was_never_migrated_says_what_to_do(tmp_path: Path) -> None:
    found = mapwright("user", "list", MAPWRIGHT_HOME=str(tmp_path / "home"))
    assert found.returncode == 3 and "mapwright migrate" in found.stderr


def test_a_release_is_cut_and_promoted(folder: Path, tmp_path: Path) -> None:
    home = {"MAPWRIGHT_HOME": str(tmp_path / "home")}
    assert mapwright("migrate", **home).returncode == 0
    cut = json.loads(mapwright("release", str(folder), "--by", "ana", "--json", **home).stdout)
    assert cut["number"] == 1 and len(cut["id"]) == 64
    again = json.loads(mapwright("release", str(folder), "--by", "ana", "--json", **home).stdout)
    assert again["id"] == cut["id"]
    refused = mapwright("promote", cut["id"], "--to", "nowhere", "--by", "ivan", **home)
    assert refused.returncode == 3 and "[not_found]" in refused.stderr


def test_a_release_with_errors_is_refused(folder: Path, tmp_path: Path) -> None:
    home = {"MAPWRIGHT_HOME": str(tmp_path / "home")}
    mapwright("migrate", **home)
    text = folder / "tests" / "orders.mw"
    text.write_text(text.read_text().replace("WO-1001", "WO-1"))
    assert mapwright("release", str(folder), **home).returncode == 1


def test_sending_to_nobody_is_3(folder: Path) -> None:
    sample = str(folder / "samples" / "order.json")
    found = mapwright("send", "shop.orders", sample, "--url", "http://127.0.0.1:9", "--token", "x")
    assert found.returncode == 3 and "can't be reached" in found.stderr
    assert mapwright("send", "shop.orders", sample).returncode == 3


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        bind = f"127.0.0.1:{listener.getsockname()[1]}"
        found = mapwright("up", MAPWRIGHT_BIND=bind, MAPWRIGHT_HOME=str(tmp_path / "home"))
    assert found.returncode == 3
    assert len([line for line in found.stderr.splitlines() if line]) == 1 and "MAPWRIGHT_BIND" in found.stderr


def test_a_data_folder_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    found = mapwright("up", MAPWRIGHT_HOME=str(tmp_path / "home"), MAPWRIGHT_BIND="127.0.0.1:0")
    assert found.returncode == 3 and len(found.stderr.splitlines()) == 1


def test_a_broken_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "mapwright.db").write_bytes(b"this is no database" * 1000)
    found = mapwright("migrate", MAPWRIGHT_HOME=str(tmp_path))
    assert found.returncode == 3 and "damaged" in found.stderr and len(found.stderr.splitlines()) == 1


def test_settings_that_do_not_fit_are_named_together() -> None:
    found = mapwright("doctor", MAPWRIGHT_WORKERS="many", MAPWRIGHT_LEASE_SECONDS="long")
    assert found.returncode == 3
    assert "MAPWRIGHT_WORKERS" in found.stderr and "MAPWRIGHT_LEASE_SECONDS" in found.stderr


def test_doctor_hides_secrets(tmp_path: Path) -> None:
    found = mapwright(
        "doctor", "--json", MAPWRIGHT_HOME=str(tmp_path), MAPWRIGHT_SECRET_KEYS="very-secret-key"
    )
    assert "very-secret-key" not in found.stdout + found.stderr
    assert any(s["value"] == "(hidden)" for s in json.loads(found.stdout)["settings"])


def test_accounts_and_tokens(tmp_path: Path) -> None:
    home = {"MAPWRIGHT_HOME": str(tmp_path)}
    mapwright("migrate", **home)
    password = "a long enough password 7"
    added = mapwright("user", "add", "ana", "--role", "analyst", "--password", password, **home)
    assert added.returncode == 0, added.stderr
    users = json.loads(mapwright("user", "list", "--json", **home).stdout)["users"]
    assert [(u["login"], u["roles"]) for u in users] == [("ana", ["analyst"])]
    assert (
        mapwright("token", "create", "line", "--env", "nowhere", "--endpoint", "a.b", **home).returncode == 3
    )
