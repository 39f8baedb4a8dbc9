"""Calls in flight at once share a commit, and none suffers from the others."""

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from app.runtime.gathering import Gathering, Ticket
from app.runtime.installation import Installation
from app.runtime.intake import accept
from tests.journey import ENVIRONMENT, order


class Pen:
    """Writes numbers down; the first batch waits until it is told to go on."""

    def __init__(self, fault: Callable[[Sequence[int]], None] = lambda items: None) -> None:
        self.batches: list[list[int]] = []
        self.begun, self.go = Event(), Event()
        self._fault = fault

    def write(self, items: Sequence[int]) -> list[str]:
        self.batches.append(list(items))
        self.begun.set()
        assert self.go.wait(20)
        self._fault(items)
        return [f"written {item}" for item in items]


def together(pen: Pen, tickets: Sequence[Ticket[int, str]]) -> list[Any]:
    """The first ticket is being written while the others come; what each heard."""
    gathering = Gathering(pen.write)
    heard: dict[int, Any] = {}

    def put(number: int) -> None:
        try:
            heard[number] = gathering.put(tickets[number])
        except Exception as error:
            heard[number] = error

    threads = [threading.Thread(target=put, args=(number,)) for number in range(len(tickets))]
    threads[0].start()
    assert pen.begun.wait(20)
    for thread in threads[1:]:
        thread.start()
    while len(gathering._waiting) < len(tickets) - 1:
        pass
    pen.go.set()
    for thread in threads:
        thread.join(20)
    return [heard[number] for number in range(len(tickets))]


def test_a_ticket_alone_is_written_at_once_and_alone() -> None:
    pen = Pen()
    pen.go.set()
    assert Gathering(pen.write).put(Ticket([1, 2])) == ["written 1", "written 2"]
    assert pen.batches == [[1, 2]]


def test_those_that_wait_are_written_together() -> None:
    pen = Pen()
    heard = together(pen, [Ticket([n]) for n in range(8)])
    assert heard == [[f"written {n}"] for n in range(8)]
    assert [len(batch) for batch in pen.batches] == [1, 7]


def test_two_with_the_same_key_are_not_written_together() -> None:
    pen = Pen()
    together(pen, [Ticket([0]), Ticket([1], keys=frozenset("k")), Ticket([2], keys=frozenset("k"))])
    assert [len(batch) for batch in pen.batches] == [1, 1, 1]


def test_a_fault_of_one_is_its_own() -> None:
    def fault(items: Sequence[int]) -> None:
        if 3 in items:
            raise ValueError("three")

    heard = together(Pen(fault), [Ticket([n]) for n in range(6)])
    assert isinstance(heard[3], ValueError)
    assert heard[:3] + heard[4:] == [[f"written {n}"] for n in (0, 1, 2, 4, 5)]


def test_a_database_that_fails_is_the_same_for_all_and_asked_once() -> None:
    def fault(items: Sequence[int]) -> None:
        raise OperationalError("commit", {}, Exception("no space left"))

    pen = Pen(fault)
    heard = together(pen, [Ticket([n]) for n in range(6)])
    assert all(isinstance(one, OperationalError) for one in heard)
    assert len(pen.batches) == 2


def test_a_batch_ends_where_it_is_large() -> None:
    pen = Pen()
    together(pen, [Ticket([0]), *[Ticket([n], size=3_000_000) for n in range(1, 5)]])
    assert [len(batch) for batch in pen.batches] == [1, 2, 2]


def commits(installation: Installation) -> list[int]:
    made: list[int] = []
    event.listen(installation.database.engine, "commit", lambda connection: made.append(1))
    return made


def test_sixteen_senders_need_fewer_commits_than_messages(installation: Installation) -> None:
    accept(installation, ENVIRONMENT, "shop.order", order(0))
    made = commits(installation)
    with ThreadPoolExecutor(16) as pool:
        sent = list(
            pool.map(lambda n: accept(installation, ENVIRONMENT, "shop.order", order(n)), range(1, 161))
        )
    assert len({one.message_id for (one,) in sent}) == 160
    assert 0 < len(made) < 140


def test_the_same_body_from_sixteen_senders_is_one_message(installation: Installation) -> None:
    with ThreadPoolExecutor(16) as pool:
        sent = list(pool.map(lambda n: accept(installation, ENVIRONMENT, "shop.order", order(7)), range(64)))
    assert len({one.message_id for (one,) in sent}) == 1
    assert [one.duplicate for (one,) in sent].count(False) == 1


def test_the_same_idempotency_key_from_sixteen_senders_is_one_message(installation: Installation) -> None:
    def send(number: int) -> Any:
        return accept(installation, ENVIRONMENT, "shop.kept", order(1), idempotency_key="k")

    with ThreadPoolExecutor(16) as pool:
        sent = list(pool.map(send, range(64)))
    assert len({one.message_id for (one,) in sent}) == 1
    with installation.database.read() as tx:
        assert tx.execute(text("select count(*) from messages")).scalar_one() == 1


_SENDER = """
import sys, threading
from pathlib import Path
from app.runtime.intake import accept
from app.settings import Settings
from app.wiring import wire
from tests.journey import order
installation = wire(Settings(home=Path(sys.argv[1]), database_url=sys.argv[2]))
def send(first):
    for number in range(first, first + 100_000):
        (one,) = accept(installation, "test", "shop.order", order(number, f"L{number % 50}"))
        sys.stdout.write(one.message_id + "\\n")
        sys.stdout.flush()
for n in range(16):
    threading.Thread(target=send, args=(n * 100_000,)).start()
"""


@pytest.mark.faults
def test_what_was_acknowledged_is_there_after_a_kill(
    installation: Installation, database_url: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", _SENDER, str(installation.settings.home), database_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as sender:
        assert sender.stdout is not None
        heard = [sender.stdout.readline() for _ in range(200)]
        sender.kill()
        heard += sender.stdout.readlines()
    known = {line.decode().strip() for line in heard if line.endswith(b"\n")}
    with installation.database.read() as tx:
        stored = set(tx.execute(text("select id from messages")).scalars())
    assert len(known) >= 200 and known <= stored
