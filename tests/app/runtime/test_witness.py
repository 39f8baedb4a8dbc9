"""What a process of its own that decides one message proves, and what it does not."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from app.runtime import witness
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.runtime.witness import LIVED, LOADED, Case, end_of
from app.storage.bodies import contents
from app.storage.claims import claim
from app.storage.messages import open_messages
from tests.journey import ENVIRONMENT, order

Doing = Callable[[str], None]


@pytest.fixture
def case(installation: Installation) -> Case:
    """A message with the lane that was claimed for it."""
    accept(installation, ENVIRONMENT, "shop.order", order(1))
    with installation.database.begin() as tx:
        (lane,) = claim(tx, "inbox", range(256), "tests", 60)
        (message,) = open_messages(tx, [lane], 1)[lane.id]
        body = contents(tx, {message.body_id})[message.body_id]
    return Case(installation.settings, message, lane, body)


@pytest.fixture
def does(monkeypatch: pytest.MonkeyPatch) -> Iterator[Doing]:
    """The process does this instead."""

    def set_command(script: str) -> None:
        given = f"import os, signal, sys, time; {script}"
        monkeypatch.setattr(witness, "COMMAND", (sys.executable, "-c", given))

    yield set_command


def always() -> bool:
    return True


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_sound_message_lives_through_the_real_process(case: Case) -> None:
    given = pickle.dumps((os.getpid(), case))
    process = subprocess.run(witness.COMMAND, input=given, stdout=subprocess.PIPE, timeout=240)
    assert (process.returncode, process.stdout) == (0, LOADED + LIVED)
    assert end_of(case, always) == ""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("script", "end"),
    [
        ("sys.stdin.buffer.read(); os.write(1, b'l'); os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("sys.stdin.buffer.read(); os.write(1, b'l'); os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        ("os.write(1, b'l'); time.sleep(60)", "longer than"),
        ("os.kill(os.getpid(), signal.SIGKILL)", ""),
        ("sys.stdin.buffer.read(); os.write(1, b'ld'); os.kill(os.getpid(), signal.SIGKILL)", ""),
    ],
)
def test_only_an_end_between_loading_and_living_through_counts(
    case: Case, does: Doing, monkeypatch: pytest.MonkeyPatch, script: str, end: str
) -> None:
    monkeypatch.setattr(witness, "_WALL", 0.05)
    does(script)
    said = end_of(case, always)
    assert (end in said) if end else said == ""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_is_to_stop_or_has_lost_the_lane_says_nothing(case: Case, does: Doing) -> None:
    does("os.write(1, b'l'); time.sleep(60)")
    asked = iter([True, True, False])
    assert end_of(case, lambda: next(asked)) == ""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_where_no_process_can_be_started_nothing_is_said(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness, "COMMAND", ("/no/such/program",))
    assert end_of(case, always) == ""
