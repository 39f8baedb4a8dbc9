"""The page of connections: what stands still and why, and the steps people take on it."""

from collections.abc import Callable
from typing import Any

import pytest

from app.storage.audit import latest_rows

WHY = {"reason": "the ERP is updated", "environment": "dev"}
HERE = "/connections/plant.work_order"


@pytest.fixture
def olga(browse: Callable[[str], Any]) -> Any:
    return browse("olga")


def page(person: Any) -> str:
    return str(person.get("/connections").text)


def test_a_connection_is_paused_and_resumed(olga: Any) -> None:
    olga.post(f"{HERE}/pause", WHY)
    assert ">paused<" in page(olga)
    olga.post(f"{HERE}/resume", WHY)
    assert ">paused<" not in page(olga)


def test_a_stopped_connection_says_why_and_is_let_go(olga: Any) -> None:
    olga.post(f"{HERE}/open", WHY)
    shown = page(olga)
    assert (
        ">stopped<" in shown and "olga: the ERP is updated" in shown and "until a person closes it" in shown
    )
    olga.post(f"{HERE}/close", WHY)
    assert ">stopped<" not in page(olga)


def test_a_step_without_a_reason_is_refused(olga: Any) -> None:
    assert "Not done" in olga.post(f"{HERE}/pause", {"environment": "dev"}, follow_redirects=True).text
    assert ">paused<" not in page(olga)


def test_who_may_not_operate_sees_no_buttons_and_cannot_act(ana: Any) -> None:
    assert "Pause<" not in page(ana)
    assert ana.post(f"{HERE}/pause", WHY).status_code == 403


def test_what_is_made_for_a_connection_is_held_back_and_no_longer(olga: Any, installation: Any) -> None:
    olga.post(f"{HERE}/stage", WHY)
    assert ">held back<" in page(olga) and "No longer hold back" in page(olga)
    olga.post(f"{HERE}/unstage", WHY)
    assert ">held back<" not in page(olga)
    with installation.database.read() as tx:
        rows = [(row.who, row.what, row.reason) for row in latest_rows(tx, limit=2)]
    assert rows == [("olga", "binding.staged", WHY["reason"])] * 2


def test_nothing_is_held_back_without_a_reason(olga: Any) -> None:
    assert "Not done" in olga.post(f"{HERE}/stage", {"environment": "dev"}, follow_redirects=True).text
    assert ">held back<" not in page(olga)


def test_a_test_says_what_it_found_and_what_to_do(olga: Any) -> None:
    said = olga.post(f"{HERE}/test", {"environment": "dev"}, follow_redirects=True).text
    assert "plant.work_order is not let in" in said and "What to do" in said
    assert (
        "Not tested"
        in olga.post("/connections/no.such/test", {"environment": "dev"}, follow_redirects=True).text
    )


def test_only_an_operator_tests(ana: Any) -> None:
    assert ana.post(f"{HERE}/test", {"environment": "dev"}).status_code == 403
