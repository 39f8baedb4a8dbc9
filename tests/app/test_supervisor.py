"""Processes start in order, come back when they die, stop in reverse order and never outlive their parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.supervisor import Service, StartFailed, Supervisor

ROOT = Path(__file__).resolve().parents[2]
NOTE = "import pathlib, signal, sys, time\nname, file = sys.argv[1:]\n"
WRITE = "open(file, 'a').write(f'{word} {name}\\n')"
PROGRAM = f"""{NOTE}
def say(word):
    {WRITE}
def end(*_):
    say('end')
    raise SystemExit(0)
signal.signal(signal.SIGTERM, end)
say('start')
time.sleep(60)
"""


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """A supervisor that is stopped in the end."""
    made = Supervisor()
    yield made
    made.stop(patience=1)


def until(true: Callable[[], bool], seconds: float = 10) -> bool:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def said(notes: Path) -> list[str]:
    """What the processes noted."""
    return notes.read_text().splitlines() if notes.exists() else []


def service(name: str, notes: Path) -> Service:
    """A process that notes its start and its end."""
    command = [sys.executable, "-c", PROGRAM, name, str(notes)]
    return Service(name, command, lambda: f"start {name}" in said(notes))


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_starts_in_order_and_stops_in_reverse(supervisor: Supervisor, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    for name in ("a", "b", "c"):
        supervisor.start(service(name, notes))
    supervisor.stop()
    assert said(notes) == ["start a", "start b", "start c", "end c", "end b", "end a"]


def test_what_dies_comes_back_after_a_pause(supervisor: Supervisor, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    supervisor.start(service("a", notes))
    os.kill(supervisor.pids()["a"], signal.SIGKILL)

    def restarted() -> bool:
        supervisor.watch()
        return said(notes).count("start a") == 2

    assert until(restarted)
    assert alive(supervisor.pids()["a"])


def test_one_that_does_not_listen_is_killed(supervisor: Supervisor) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('x', flush=True); time.sleep(60)"
    supervisor.start(Service("deaf", [sys.executable, "-c", deaf]))
    time.sleep(0.5)
    pid = supervisor.pids()["deaf"]
    supervisor.stop(patience=0.3)
    assert not alive(pid)


def test_a_start_that_fails_says_why(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    command = [sys.executable, "-c", "raise SystemExit('no disk today')"]
    with pytest.raises(StartFailed, match="no disk today"):
        supervisor.start(Service("a", command, lambda: False, log=log))


def test_a_command_that_is_not_there_says_so(supervisor: Supervisor) -> None:
    with pytest.raises(StartFailed, match="a did not start"):
        supervisor.start(Service("a", ["/nowhere/at/all"]))


@pytest.mark.faults
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    code = (
        "import sys, time; from app.supervisor import Service, Supervisor; s = Supervisor();"
        f"s.start(Service('a', [sys.executable, '-c', {PROGRAM!r}, 'a', {str(notes)!r}]));"
        "print(s.pids()['a'], flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert until(lambda: said(notes) == ["start a"])
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert until(lambda: not alive(child))
