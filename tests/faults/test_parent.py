"""kill -9 of the parent that supervises workers: they end with it, or the next parent's double nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.faults.plant import Plant, delivered, send, settled, wait_for
from tests.journey import Answer

pytestmark = pytest.mark.faults
ROOT = Path(__file__).parents[2]


@contextmanager
def supervising(plant: Plant) -> Iterator[subprocess.Popen[bytes]]:
    """`mapwright worker --processes 2` in a process of its own."""
    command = [sys.executable, "-m", "app.cli", "worker", "--processes", "2"]
    with open(plant.log, "ab") as log:
        parent = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **plant.environ}, stdout=log, stderr=log
        )
    children: list[psutil.Process] = []
    try:
        wait_for(lambda: len(psutil.Process(parent.pid).children()) == 2, 60)
        children = psutil.Process(parent.pid).children(recursive=True)
        yield parent
    finally:
        parent.terminate()
        parent.wait(30)
        for child in children:
            if child.is_running():
                child.kill()


def test_workers_end_with_their_parent_and_the_next_parent_doubles_nothing(plant: Plant) -> None:
    plant.target.script = lambda _: Answer(seconds=0.05)
    send(plant, 60, lanes=20)
    with supervising(plant) as parent:
        delivered(plant, 5, 60)
        children = psutil.Process(parent.pid).children(recursive=True)
        parent.send_signal(signal.SIGKILL)
        wait_for(lambda: not any(running(child) for child in children), 20)
    with supervising(plant):
        settled(plant, 60)


def running(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
