"""The states page and the code say the same, and the code lets no other step through."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from app.errors import TransitionRefused
from app.runtime.states import (
    BATCH_STATES,
    BREAKER_STATES,
    DELIVERY_STATES,
    FINAL_DELIVERY_STATES,
    FINAL_MESSAGE_STATES,
    LANE_STATES,
    MESSAGE_STATES,
    TIMER_STATES,
    lane_state,
    require,
)
from app.storage.timers import Kind

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "states.md"


def told(heading: str) -> dict[str, frozenset[str]]:
    section = PAGE.read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    section = section[section.index("| State |") :]
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|", section, re.M)
    return {state: frozenset(re.findall(r"`(\w+)`", following)) for state, following in rows}


def test_the_page_tells_the_states_of_messages() -> None:
    assert told("Messages") == dict(MESSAGE_STATES)


def test_the_page_tells_the_states_of_deliveries() -> None:
    assert told("Deliveries") == dict(DELIVERY_STATES)


def test_the_page_tells_the_states_of_batches() -> None:
    assert told("Batches") == dict(BATCH_STATES)


def test_the_page_tells_the_states_of_timers() -> None:
    assert told("Timers") == dict(TIMER_STATES)


def test_the_page_tells_every_kind_of_timer() -> None:
    section = PAGE.read_text("utf-8").split("\n## Timers\n")[1].split("| State |")[0]
    assert set(re.findall(r"^\| [^(|]+ \(`(\w+)`\) \|", section, re.M)) == set(get_args(Kind))


def test_the_page_tells_what_is_said_of_lanes() -> None:
    assert tuple(told("Lanes")) == LANE_STATES


@pytest.mark.parametrize(
    ("said", "columns"),
    [
        ("free", {}),
        ("free", {"parked": "no binding"}),
        ("parked", {"parked": "no binding", "ready": True}),
        ("free", {"lease_until": NOW - timedelta(seconds=1), "ready": True}),
        ("leased", {"lease_until": NOW + timedelta(seconds=1), "parked": "x", "ready": True}),
        ("blocked", {"blocked_by": "pause", "lease_until": NOW + timedelta(seconds=1)}),
    ],
)
def test_a_lane_is_told_by_its_columns(said: str, columns: dict[str, object]) -> None:
    empty = {"blocked_by": None, "lease_until": None, "parked": "", "ready": False}
    assert lane_state({**empty, **columns}, NOW) == said


def test_the_page_tells_the_states_of_breakers() -> None:
    assert told("Breakers") == dict(BREAKER_STATES)


def test_final_states_lead_nowhere() -> None:
    assert {"done", "ignored", "discarded"} == FINAL_MESSAGE_STATES
    assert {"delivered", "discarded"} == FINAL_DELIVERY_STATES


@pytest.mark.parametrize("before", [*MESSAGE_STATES, "unheard_of"])
def test_no_other_step_passes(before: str) -> None:
    for after in [*MESSAGE_STATES, "unheard_of"]:
        if after in MESSAGE_STATES.get(before, ()):
            require(MESSAGE_STATES, "message", before, after)
        else:
            with pytest.raises(TransitionRefused):
                require(MESSAGE_STATES, "message", before, after)
