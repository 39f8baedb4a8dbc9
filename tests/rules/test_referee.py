"""The compiled code and the plain evaluator agree on generated programs and payloads, failures and order included.

A share of the 20,000 programs that `make agreement` compares.
"""

from random import Random

import pytest

from dsl import syntax
from dsl.checker import check
from dsl.checking.userfunctions import nodes_in
from rules import engine, oracle
from rules.compiler import compile_program
from rules.outcome import Context
from tests.rules.agreement import ROUNDS, answering, difference, plain
from tests.rules.documents import files, payload
from tests.rules.programs import Generator
from tests.rules.rulebook import CONTEXT

SHARES = 4
PROGRAMS = 600


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_compiled_code_and_referee_agree(share: int) -> None:
    for seed in range(share, PROGRAMS, SHARES):
        assert difference(1_000_000 + seed, seed * 7) == ""


@pytest.mark.parametrize("fuel", [1, 3, 10, 40, 200])
def test_with_little_fuel_they_agree_or_one_says_that_it_is_used_up(fuel: int) -> None:
    """Joins and fused loops take other steps than the referee, so only what is said is alike, not the moment."""
    for seed in range(40):
        program = check(files(Generator(seed).program()))
        context = Context(CONTEXT.now, CONTEXT.message, fuel=fuel)
        document = payload(seed)
        ours = plain(engine.run(compile_program(program), "f", document, context))
        theirs = plain(oracle.run(program, "f", document, context))
        ended = [found for found in (ours, theirs) if any(f["step"] == "engine" for f in found["failures"])]
        assert ended or ours == theirs
        assert all((found["state"], found["actions"]) == ("rejected", []) for found in ended)
        assert all(f"more than {fuel} steps" in str(found["failures"]) for found in ended)


def test_generated_programs_come_to_every_end_by_every_kind_of_action() -> None:
    states, actions = set(), set()
    for seed in range(160):
        compiled = compile_program(check(files(Generator(seed).program())))
        for number in range(3):
            context = CONTEXT
            for _ in range(ROUNDS):
                outcome = engine.run(compiled, "f", payload(seed * 9 + number), context)
                states.add(outcome.state)
                actions |= {action.type for action in outcome.actions}
                context = answering(context, outcome.waits, Random(seed))
    assert states >= {"done", "rejected", "ignored", "waiting"}
    assert actions == {"send", "raise", "alert", "expect", "collect", "remember", "forget"}


UNREACHED = {
    "Node", "Raw", "UseSchema", "UseLookup", "Test", "Given", "GivenAnswer", "GivenRecord", "GivenWaited", "Playbook",
    "Reaction",
}  # fmt: skip
"""Nodes without a meaning for a run: broken lines, tests, playbooks, and what stands at the head of every file."""


def test_generated_programs_hold_every_kind_of_node() -> None:
    found: set[str] = set()
    for seed in range(300):
        for module in check(files(Generator(seed).program())).modules.values():
            found |= {type(node).__name__ for node in nodes_in(tuple(module.declarations))}
    known = {name for name in syntax.__all__ if isinstance(getattr(syntax, name), type)}
    nodes = {name for name in known if issubclass(getattr(syntax, name), syntax.Node)}
    assert nodes - found - UNREACHED == set()


COMPARED = """\
table choice policy first
  | row | c: text? | n: integer => o: text | p: integer |
  | r0  | -        | (0..3]     => "low"   | 0          |
  otherwise => "none" | 1 |
end
map m : doc in s.doc -> t.out
  on missing skip
  on error skip
  on no_match skip
  on many skip
  t1 = join(compare(doc.items, [{ k: "z", v: table choice(doc.b, doc.i).p }], key: k, fields: [v]).removed.k, "+")
end
flow f
  receive in.docs as doc : s.doc "v1"
  map with m
end
"""


def test_what_decided_on_one_side_of_a_comparison_is_told_of_the_other() -> None:
    program = check(files(COMPARED))
    ours = plain(engine.run(compile_program(program), "f", payload(10654), CONTEXT))
    assert ours["lineage"]["t1"]["decisions"] == ["table choice otherwise"]
    assert ours == plain(oracle.run(program, "f", payload(10654), CONTEXT))


def test_what_decided_a_named_value_on_one_side_of_a_comparison_is_told_of_the_other() -> None:
    named = "  let p = table choice(doc.b, doc.i).p on missing use 0\n  t1 = "
    program = check(
        files(COMPARED.replace("v: table choice(doc.b, doc.i).p", "v: p").replace("  t1 = ", named))
    )
    ours = plain(engine.run(compile_program(program), "f", payload(10654), CONTEXT))
    assert ours["lineage"]["t1"]["decisions"] == ["table choice otherwise"]
    assert ours == plain(oracle.run(program, "f", payload(10654), CONTEXT))
