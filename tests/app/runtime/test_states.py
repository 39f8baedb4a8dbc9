"""The states page and the code say the same, and the code lets no other step through."""

import re
from pathlib import Path

import pytest

from app.errors import TransitionRefused
from app.runtime.states import (
    BATCH_STATES,
    DELIVERY_STATES,
    FINAL_DELIVERY_STATES,
    FINAL_MESSAGE_STATES,
    MESSAGE_STATES,
    require,
)

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "states.md"


def told(heading: str) -> dict[str, frozenset[str]]:
    section = PAGE.read_text("utf-8").split(f"## {heading}")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|", section, re.M)
    return {state: frozenset(re.findall(r"`(\w+)`", following)) for state, following in rows}


def test_the_page_tells_the_states_of_messages() -> None:
    assert told("Messages") == dict(MESSAGE_STATES)


def test_the_page_tells_the_states_of_deliveries() -> None:
    assert told("Deliveries") == dict(DELIVERY_STATES)


def test_the_page_tells_the_states_of_batches() -> None:
    assert told("Batches") == dict(BATCH_STATES)


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
