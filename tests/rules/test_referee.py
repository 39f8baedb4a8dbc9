"""The compiled code and the plain evaluator agree on generated programs and payloads, failures included."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsl.checker import check
from rules import engine, oracle
from rules.compiler import Compiled, compile_program
from rules.outcome import CollectAction, to_json
from tests.rules.programs import Generator, files, payload
from tests.rules.rulebook import CONTEXT

SHARES = 4
EXAMPLES = 2_000


def plain(outcome: Any) -> Any:
    """An outcome as JSON, with what has no order sorted."""
    found = to_json(outcome)
    found["decisions"].sort()
    for lineage in [found["lineage"], *(action.get("lineage", {}) for action in found["actions"])]:
        for trace in lineage.values():
            trace["decisions"].sort()
            trace["sources"].sort()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_compiled_code_and_referee_agree(share: int) -> None:
    @settings(max_examples=EXAMPLES // SHARES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 10**9), st.integers(0, 10**9))
    def agree(program_seed: int, payload_seed: int) -> None:
        text = Generator(program_seed * SHARES + share).program()
        program = check(files(text))
        assert program.ok, (text, [d.message for d in program.diagnostics])
        document = payload(payload_seed)
        compiled = compile_program(program)
        outcome = engine.run(compiled, "f", document, CONTEXT)
        assert plain(outcome) == plain(oracle.run(program, "f", document, CONTEXT))
        assert engine.keys(compiled, "f", document, CONTEXT) == oracle.keys(program, "f", document, CONTEXT)
        answered = engine.expectation_keys(compiled, "in.docs", document, CONTEXT)
        assert answered == oracle.expectation_keys(program, "in.docs", document, CONTEXT)
        for action in outcome.actions:
            if isinstance(action, CollectAction):
                _agree_at_the_end(compiled, action)

    agree()


def _agree_at_the_end(compiled: Compiled, action: CollectAction) -> None:
    place, items, more = (action.rules, action.rule, action.ordinal), [action.item] * 2, {"to": action.to}
    made = engine.close_collection(compiled, *place, items, CONTEXT, **more)
    assert plain(made) == plain(oracle.close_collection(compiled.program, *place, items, CONTEXT, **more))


def test_generated_programs_have_every_kind_of_action() -> None:
    seen = set()
    for seed in range(200):
        compiled = compile_program(check(files(Generator(seed).program())))
        outcomes = [engine.run(compiled, "f", payload(seed * 9 + k), CONTEXT) for k in range(3)]
        seen.update(action.type for outcome in outcomes for action in outcome.actions)
    assert seen == {"send", "alert", "expect", "collect", "remember", "forget"}


def test_generated_payloads_come_to_every_end() -> None:
    states = set()
    for seed in range(160):
        compiled = compile_program(check(files(Generator(seed).program())))
        states.update(engine.run(compiled, "f", payload(seed * 9 + k), CONTEXT).state for k in range(4))
    assert states >= {"done", "rejected", "ignored"}
