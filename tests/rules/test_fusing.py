"""A flow's first map that reads its document itself does what reading and mapping one after the other do."""

import ast
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from dsl.checker import check
from rules import engine
from rules.compiler import Compiled, compile_program
from rules.generation.fusing import Uses, got, replaced
from rules.outcome import Context, Outcome, to_json
from tests.rules.documents import files, payload
from tests.rules.programs import Generator

CONTEXT = Context(datetime(2026, 1, 31, tzinfo=UTC))
MANIFEST = (
    b'name = "a"\nlanguage = "1"\n[endpoints."a.b"]\ndirection = "in"\ncodec = "json"\nschema = "s@v1"\n'
)
SCHEMA = b"""{"type": "object", "required": ["id"], "x-missing": [""], "properties": {
  "id": {"type": "string"}, "a": {"type": "string"}, "n": {"type": "number"}, "unused": {"type": "integer"},
  "e": {"enum": ["x", "y"]}, "rows": {"type": "array", "items": {"type": "object", "properties": {"k": {"type": "string"}}}}}}"""
HEAD = 'use schema s "v1"\nmap m : d in s -> s\n  on missing skip\n  on error reject\n  id = d.id\n'
BODY = "  a = trim(d.a)\n  n = d.n * 2\n  e = d.e\n  each r in d.rows into rows\n    k = r.k\n  end\nend\n"
FLOW = (
    'flow f\n  receive a.b as d : s "v1"\n  identify by d.id\n  keys a = d.a\n  map with m\n  apply r\nend\n'
)
RULES = 'rules r : d in s\n  rule one\n    when d.id = "q"\n    then ignore "q"\n  end\nend\n'


def compiled(body: str = BODY) -> Compiled:
    text = (HEAD + body + RULES + FLOW).encode()
    program = check({"ruleset.toml": MANIFEST, "schemas/s@v1.json": SCHEMA, "a.mw": text})
    assert program.ok, [d.message for d in program.diagnostics]
    return compile_program(program)


def careful(rule_set: Compiled) -> Compiled:
    """The same without the straight way."""
    flows = {name: replace(flow, straight=None, straight_keys=None) for name, flow in rule_set.flows.items()}
    return replace(rule_set, flows=flows)


def both(rule_set: Compiled, document: Any, flow: str = "f") -> tuple[Outcome, Outcome]:
    return engine.run(rule_set, flow, document, CONTEXT), engine.run(
        careful(rule_set), flow, document, CONTEXT
    )


DOCUMENTS = [
    {"id": "1", "a": " x ", "n": 2, "e": "x", "rows": [{"k": "1"}, {"k": ""}, {}]},
    {"id": "1", "a": "", "n": "", "e": None, "rows": None, "unknown": 5},
    {"id": "1", "rows": {"k": "alone"}},
    {"id": "1", "unused": "no number"},
    {"id": "1", "n": "no number", "e": "z"},
    {"id": "1", "rows": [{"k": 5}, None]},
    {"id": ""}, {}, [], None, "text", {"id": 5, "e": []}, {"id": "q"},
    {"id": "1", "unused": 10**40}, {"id": "1", "unused": True}, {"id": "1", "unused": -7}, {"id": "1", "unused": 2.5},
]  # fmt: skip


@pytest.mark.parametrize("document", DOCUMENTS)
def test_both_ways_come_to_the_same(document: Any) -> None:
    rule_set = compiled()
    assert rule_set.flow("f").straight is not None
    straight, usual = both(rule_set, document)
    assert to_json(straight) == to_json(usual)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_keys_are_the_same_both_ways(document: Any) -> None:
    rule_set = compiled()
    assert rule_set.flow("f").straight_keys is not None
    assert engine.keys(rule_set, "f", document, CONTEXT) == engine.keys(
        careful(rule_set), "f", document, CONTEXT
    )


def test_generated_programs_come_to_the_same_both_ways() -> None:
    fused = 0
    for seed in range(60):
        rule_set = compile_program(check(files(Generator(seed).program())))
        fused += rule_set.flow("f").straight is not None
        for number in range(3):
            straight, usual = both(rule_set, payload(seed * 7 + number))
            assert to_json(straight) == to_json(usual), (seed, number)
    assert fused > 10


def test_an_ordinary_document_goes_the_straight_way() -> None:
    flow = compiled().flow("f")
    state = engine.Run(CONTEXT, compiled().zone, (), ())
    assert flow.straight is not None and flow.straight(state, DOCUMENTS[0])[0]["a"] == "x"


def test_a_field_out_of_the_ordinary_is_found_before_anything_is_done() -> None:
    flow = compiled().flow("f")
    state = engine.Run(CONTEXT, compiled().zone, (), ())
    assert flow.straight is not None and flow.straight(state, {"id": "1", "unused": "no number"}) is None
    assert state.failures == [] and state.frames == []


def test_the_document_is_read_when_it_is_asked_for() -> None:
    straight, usual = both(compiled(), DOCUMENTS[1])
    assert straight.document == usual.document == {"id": "1"}
    assert straight.read == usual.read


def test_a_map_that_uses_the_record_as_such_has_no_second_form() -> None:
    rule_set = compiled("  each r in [d] into rows\n    k = r.a\n  end\nend\n")
    assert rule_set.flow("f").straight is None
    straight, usual = both(rule_set, DOCUMENTS[0])
    assert to_json(straight) == to_json(usual)


def test_what_a_function_gets_by_name_is_told_from_what_it_uses_as_such() -> None:
    uses = Uses("v")
    uses.look(ast.parse("a = v.get('x')\nb = w.get('y')").body)
    assert list(uses.fields) == ["x"] and not uses.whole
    uses.look(ast.parse("f(v)").body)
    assert uses.whole


def test_only_the_named_record_is_replaced() -> None:
    code = ast.parse("a = v.get('x') or w.get('x')").body
    made = ast.unparse(ast.fix_missing_locations(ast.Module(replaced(code, "v", {"x": "f1"}), [])))
    assert made == "a = f1 or w.get('x')"


def test_a_get_with_a_default_is_no_field() -> None:
    assert got(ast.parse("v.get('x', 1)", mode="eval").body, "v") is None
