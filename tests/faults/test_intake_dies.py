"""kill -9 of the web server at each point of an intake; the sender asks again for what was not answered."""

from typing import Any

import pytest

from tests.faults.plant import Plant, lines, settled
from tests.faults.wounds import Wound, wounded
from tests.journey import order

pytestmark = pytest.mark.faults
COUNT, DIES_AT = 6, 4


def die_and_ask_again(plant: Plant, wound: Wound) -> list[Any]:
    """The answers to all orders; the server died at one of them, which was sent again to the next server."""
    web = plant.serve(**wounded(wound))
    answers = []
    for n in range(COUNT):
        answer = web.send(order(n, f"L{n % 2}"))
        if answer is None:
            assert web.process.wait(20) == -9
            web = plant.serve()
            answer = web.send(order(n, f"L{n % 2}"))
        assert answer is not None and answer.status == 202, answer and answer.data
        answers.append(lines(answer))
    plant.start()
    settled(plant, COUNT)
    return answers


def test_killed_before_its_commit_it_has_stored_nothing(plant: Plant) -> None:
    wound = Wound("app.runtime.intake:store_intakes", "after", DIES_AT)
    answers = die_and_ask_again(plant, wound)
    assert [answer["duplicate"] for answer in answers] == [False] * COUNT


def test_killed_after_its_commit_it_answers_the_first_message_when_asked_again(plant: Plant) -> None:
    wound = Wound("app.runtime.intake:store", "after", DIES_AT)
    answers = die_and_ask_again(plant, wound)
    assert [answer["duplicate"] for answer in answers] == [n == DIES_AT - 1 for n in range(COUNT)]


def test_killed_before_it_rings_its_message_is_found_by_the_sweep(plant: Plant) -> None:
    wound = Wound("app.jobs:RqDoorbell.ring", "before", DIES_AT)
    answers = die_and_ask_again(plant, wound)
    assert [answer["duplicate"] for answer in answers] == [n == DIES_AT - 1 for n in range(COUNT)]


def test_a_sender_that_never_asks_again_loses_nothing_that_was_stored(plant: Plant) -> None:
    web = plant.serve(**wounded(Wound("app.jobs:RqDoorbell.ring", "before", 3)))
    answers = [web.send(order(n, "L0")) for n in range(3)]
    assert [answer is None for answer in answers] == [False, False, True]
    plant.start()
    settled(plant, 3)
