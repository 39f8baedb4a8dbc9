"""The compiled code and the plain evaluator agree on flows that recall, ask, wait and reply."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from dsl.checker import check
from rules import engine, oracle
from rules.compiler import compile_program
from rules.outcome import Context, Outcome
from rules.waiting import AllRecords, Call, Recall
from tests.rules.flowprograms import FlowGenerator, context, document, files
from tests.rules.test_referee import plain

PROGRAMS = 120
RUNS = 8


@pytest.mark.slow
def test_compiled_code_and_referee_agree_on_flows() -> None:
    states: set[str] = set()
    remedies: set[str] = set()
    asked: set[str] = set()
    for seed in range(PROGRAMS):
        text = FlowGenerator(seed).program()
        program = check(files(text))
        assert program.ok, (text, [d.message for d in program.diagnostics])
        compiled = compile_program(program)
        for number in range(seed * RUNS, seed * RUNS + RUNS):
            found = engine.run(compiled, "f", document(number), context(number))
            judged = oracle.run(program, "f", document(number), context(number))
            assert plain(found) == plain(judged), text
            assert found.steps == judged.steps
            states.add(found.state)
            asked.update(wait.endpoint for wait in found.waits if isinstance(wait, Call))
            remedies.update({found.remedy.reaction} if found.remedy else ())
    assert states == {"done", "ignored", "rejected", "held", "waiting"}
    assert remedies >= {"hold", "park", "block", "dead_letter"} and "out.third" in asked


def given(about: Context, outcome: Outcome) -> Context:
    """The context with all that a waiting run lacks: records, and answers that came."""
    records = {(w.dataset, w.key): {"a": "R"} for w in outcome.waits if isinstance(w, Recall)}
    answers = {w.variable: {"a": "S"} for w in outcome.waits if isinstance(w, Call)}
    return replace(about, recalled=Both(records, about.recalled), answers={**about.answers, **answers})


class Both(AllRecords):
    """Records that were found by now, before those known from the beginning."""

    def __init__(self, found: Mapping[tuple[str, str], Any], known: Mapping[tuple[str, str], Any]) -> None:
        super().__init__(found)
        self.known = known

    def __contains__(self, place: object) -> bool:
        return place in self._records or place in self.known

    def __getitem__(self, place: tuple[str, str]) -> Any:
        return self._records.get(place) or self.known[place]


def test_a_waiting_run_gets_on_with_what_it_asked_for() -> None:
    for seed in range(60):
        program = check(files(FlowGenerator(seed).program()))
        compiled, about = compile_program(program), context(seed * 3)
        for _ in range(20):
            outcome = engine.run(compiled, "f", {"a": "A", "b": "x", "n": 1}, about)
            if outcome.state != "waiting":
                break
            assert outcome.waits and not outcome.actions and outcome.reply is None
            about = given(about, outcome)
        assert outcome.state != "waiting"
