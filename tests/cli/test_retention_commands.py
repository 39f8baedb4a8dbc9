"""`retention`: what is kept is shown and changed; a run says what went; a dry run lets nothing go."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.cli import _run
from app.runtime import retention
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.settings import load_settings
from app.storage.audit import latest_rows
from app.storage.identity import MILLISECONDS_A_DAY, milliseconds
from app.storage.messages import message
from app.storage.workers import own_lease
from tests.journey import ENVIRONMENT, drain_all, install, order

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
        ended = _run(["retention", *arguments])
        out, err = capfd.readouterr()
        assert ended == code, err
        return json.loads(out) if out else err

    return run


@pytest.fixture
def over(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a message whose time is over."""
    id = accept(installation, ENVIRONMENT, "shop.order", order(1, mode="ignore"))[0].message_id
    drain_all(installation)
    day = milliseconds() // MILLISECONDS_A_DAY + 40
    monkeypatch.setattr(retention, "_today", lambda tx: day)
    return id


def there(installation: Installation, id: str) -> bool:
    with installation.database.read() as tx:
        try:
            return bool(message(tx, id).id)
        except LookupError:
            return False


def test_what_is_kept_is_shown_as_the_settings_say_it(cli: Cli) -> None:
    (one,) = cli("show", "--json")["environments"]
    assert one == {"environment": ENVIRONMENT, "finished": 30, "failed": 180, "set": False}
    assert "30 days" in cli("show")


def test_what_is_kept_is_changed_shown_and_noted(cli: Cli, installation: Installation) -> None:
    said = cli("set", ENVIRONMENT, "--finished", "7", "--by", "olga", "--json")
    assert said == {"environment": ENVIRONMENT, "finished": 7, "failed": 180}
    assert cli("show", "--json")["environments"][0]["set"] is True
    with installation.database.read() as tx:
        last = latest_rows(tx)[0]
    assert (last.what, last.who) == ("retention.set", "olga")
    cli("set", ENVIRONMENT, "--default")
    assert cli("show", "--json")["environments"][0]["finished"] == 30


def test_for_ever_is_said_in_words(cli: Cli) -> None:
    assert "for ever of what is finished" in cli("set", ENVIRONMENT, "--finished", "0")


@pytest.mark.parametrize("words", [(), ("--default", "--finished", "3")])
def test_a_change_that_says_nothing_or_two_things_is_wrong_use(cli: Cli, words: tuple[str, ...]) -> None:
    assert "--default alone" in cli("set", ENVIRONMENT, *words, code=2)


def test_an_environment_that_is_not_there_is_named(cli: Cli) -> None:
    assert "nowhere" in cli("set", "nowhere", "--finished", "3", code=3)


def test_a_dry_run_says_what_would_go(cli: Cli, installation: Installation, over: str) -> None:
    assert "would go" in cli("run", "--dry-run")
    assert there(installation, over)


def test_a_run_lets_go_and_says_so(cli: Cli, installation: Installation, over: str) -> None:
    would = cli("run", "--dry-run", "--json")
    went = cli("run", "--json")
    assert (would["dropped"], would["deleted"]) == (went["dropped"], went["deleted"])
    assert not there(installation, over)
    assert "nothing is over" in cli("run")


def test_a_run_beside_another_says_so_and_does_nothing(
    cli: Cli, installation: Installation, over: str
) -> None:
    with installation.database.begin() as tx:
        assert own_lease(tx, "retention", "somebody else", 120.0)
    assert "another process is at it" in cli("run", code=1)
    assert there(installation, over)
