"""`retention`: what is kept is shown and changed; a run says what went; a dry run lets nothing go."""

from functools import partial

import pytest

from app.runtime import retention
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.storage.audit import latest_rows
from app.storage.identity import MILLISECONDS_A_DAY, milliseconds
from app.storage.messages import message
from app.storage.workers import own_lease
from tests.cli.conftest import Cli
from tests.journey import ENVIRONMENT, drain_all, order


@pytest.fixture
def retention_command(cli: Cli) -> Cli:
    """`mapwright retention` and what follows."""
    return partial(cli, "retention")


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


def test_what_is_kept_is_shown_as_the_settings_say_it(retention_command: Cli) -> None:
    (one,) = retention_command("show", "--json")["environments"]
    assert one == {"environment": ENVIRONMENT, "finished": 30, "failed": 180, "set": False}
    assert "30 days" in retention_command("show")


def test_what_is_kept_is_changed_shown_and_noted(retention_command: Cli, installation: Installation) -> None:
    said = retention_command("set", ENVIRONMENT, "--finished", "7", "--by", "olga", "--json")
    assert said == {"environment": ENVIRONMENT, "finished": 7, "failed": 180}
    assert retention_command("show", "--json")["environments"][0]["set"] is True
    with installation.database.read() as tx:
        last = latest_rows(tx)[0]
    assert (last.what, last.who) == ("retention.set", "olga")
    retention_command("set", ENVIRONMENT, "--default")
    assert retention_command("show", "--json")["environments"][0]["finished"] == 30


def test_for_ever_is_said_in_words(retention_command: Cli) -> None:
    assert "for ever of what is finished" in retention_command("set", ENVIRONMENT, "--finished", "0")


@pytest.mark.parametrize("words", [(), ("--default", "--finished", "3")])
def test_a_change_that_says_nothing_or_two_things_is_wrong_use(
    retention_command: Cli, words: tuple[str, ...]
) -> None:
    assert "--default alone" in retention_command("set", ENVIRONMENT, *words, code=2)


def test_an_environment_that_is_not_there_is_named(retention_command: Cli) -> None:
    assert "nowhere" in retention_command("set", "nowhere", "--finished", "3", code=3)


def test_a_dry_run_says_what_would_go(retention_command: Cli, installation: Installation, over: str) -> None:
    assert "would go" in retention_command("run", "--dry-run")
    assert there(installation, over)


def test_a_run_lets_go_and_says_so(retention_command: Cli, installation: Installation, over: str) -> None:
    would = retention_command("run", "--dry-run", "--json")
    went = retention_command("run", "--json")
    assert (would["dropped"], would["deleted"]) == (went["dropped"], went["deleted"])
    assert not there(installation, over)
    assert "nothing is over" in retention_command("run")


def test_a_run_beside_another_says_so_and_does_nothing(
    retention_command: Cli, installation: Installation, over: str
) -> None:
    with installation.database.begin() as tx:
        assert own_lease(tx, "retention", "somebody else", 120.0)
    assert "another process is at it" in retention_command("run", code=1)
    assert there(installation, over)
