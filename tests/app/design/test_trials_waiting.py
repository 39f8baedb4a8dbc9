"""A trial of a flow that looks things up and asks: it shows what it would wait for."""

import re
from pathlib import Path

import pytest

from app.design import trials

PAGE = Path(__file__).parents[3] / "docs" / "howto" / "flows.md"
BLOCK = re.compile(r"^`([\w./@-]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def shop() -> dict[str, bytes]:
    found = {path: text.encode() for path, text in BLOCK.findall(PAGE.read_text("utf-8"))}
    return {**found, "samples/bolt.json": b'{"item": "bolt"}'}


def test_a_record_that_nobody_keeps_is_waited_for(shop: dict[str, bytes]) -> None:
    found = trials.run_sample(shop, "stock", "bolt.json")
    assert found["state"] == "waiting" and found["reason"] == 'waits for items "bolt"'
    assert [(w["type"], w["dataset"], w["key"], w["unknown"], w["seconds"]) for w in found["waits"]] == [
        ("recall", "items", "bolt", False, 3600)
    ]


def test_a_question_is_shown_with_what_it_asks(shop: dict[str, bytes]) -> None:
    text = shop["flows/stock.mw"].decode().replace("wait 1 hours", 'use { number: "M-1" }')
    found = trials.run_sample({**shop, "flows/stock.mw": text.encode()}, "stock", "bolt.json")
    (wait,) = found["waits"]
    assert (wait["endpoint"], wait["payload"], wait["answer"]) == (
        "erp.stock",
        {"number": "M-1"},
        "erp.stock@v1",
    )
    assert found["calls"] == found["waits"] and "reply" not in found


def test_the_command_says_what_is_waited_for(
    shop: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.commands.sample import _print_outcome

    _print_outcome(trials.run_sample(shop, "stock", "bolt.json"), explain=False)
    said = capsys.readouterr().err
    assert (
        "waiting: waits for items" in said
        and "the record bolt of dataset items, at most 3600 seconds" in said
    )
