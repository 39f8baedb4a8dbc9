"""kill -9 of the web server at each point of an intake; the sender asks again for what was not answered."""

from typing import Any

import pytest

from tests.faults.plant import Plant, lines, settled
from tests.faults.wounds import Wound, wounded
from tests.journey import deploy, journey_files, order

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
    wound = Wound("app.runtime.intake:tell_taken_in", "before", DIES_AT)
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


@pytest.mark.parametrize(
    ("place", "call"), [("app.runtime.adopting:Adopted.work", 1), ("app.runtime.processing:commit", 3)]
)
def test_killed_on_a_message_it_adopted_its_lane_goes_to_a_worker_and_the_reply_is_kept(
    plant: Plant, place: str, call: int
) -> None:
    deploy(plant.installation, replying())
    web = plant.serve(**wounded(Wound(place, "before", call)))
    count = 1
    while web.send(order(count - 1, f"L{count}")) is not None:
        count += 1
    assert web.process.wait(20) == -9
    plant.start()
    settled(plant, count)
    answer = plant.serve().send(order(count - 1, f"L{count}"))
    assert (answer.status, answer.json()["id"]) == (200, f"order-{count - 1}")


def replying() -> dict[str, bytes]:
    """The journey, whose orders are answered with what was made of them."""
    files = journey_files()
    flow, manifest = "flows/orders.mw", "ruleset.toml"
    asked = b'schema = "shop.order@v1"\n'
    step = b"  apply dispatch\n"
    return {
        **files,
        flow: files[flow].replace(step, step + b"  reply using again\n", 1),
        manifest: files[manifest].replace(asked, asked + b'answer = "canon.order@v1"\n', 1),
    }
