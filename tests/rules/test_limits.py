"""Limits of schemas when documents are read and made: the generated code says what the plain way says."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.checker import check
from rules import engine, oracle
from rules.compiler import compile_program
from rules.generation.limits import Guards, limited
from rules.generation.unit import Unit
from rules.shaping import breaches, read_document
from tests.rules.rulebook import CONTEXT

ITEM = {
    "type": "object",
    "properties": {
        "code": {"type": "string", "minLength": 2, "maxLength": 3, "pattern": "^[A-Z]"},
        "n": {"type": "integer", "maximum": 9},
        "children": {"type": "array", "items": {"$ref": "#/$defs/item"}},
    },
}
LIMITED = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "maxLength": 4}, "rate": {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.5},
        "rank": {"enum": [1, 2, 3]}, "flag": {"const": True}, "codes": {"type": "array", "uniqueItems": True, "maxItems": 3,
        "items": {"type": "string", "maxLength": 2}}, "some": {"type": "array", "minItems": 1, "items": {"type": "integer"}},
        "grid": {"type": "array", "items": {"type": "array", "items": {"type": "integer", "minimum": 0}}},
        "anything": {"maxLength": 3}, "items": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/item"}},
        "item": {"$ref": "#/$defs/item"},
        "price": {"type": "object", "x-type": "money", "x-currency": "EUR", "minimum": 1},
    },
    "$defs": {"item": ITEM},
}  # fmt: skip
LOOSE = json.loads(
    json.dumps({**LIMITED, "$defs": {"item": {"type": "object", "properties": {
        "code": {"type": "string"}, "n": {"type": "integer"}, "children": {"type": "array", "items": {"$ref": "#/$defs/item"}}}}},
        "properties": {
            "text": {"type": "string"}, "rate": {"type": "number"}, "rank": {"type": "integer"}, "flag": {"type": "boolean"},
            "codes": {"type": "array", "items": {"type": "string"}}, "some": {"type": "array", "items": {"type": "integer"}},
            "grid": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}, "anything": {},
            "items": {"type": "array", "items": {"$ref": "#/$defs/item"}}, "item": {"$ref": "#/$defs/item"},
            "price": {"type": "object", "x-type": "money", "x-currency": "EUR"},
        }})
)  # fmt: skip
COPY = """use schema a.limited "v1"
use schema a.loose "v1"
map make : x in a.loose -> a.limited
  copy x.*
end
map take : x in a.limited -> a.loose
  copy x.*
end
"""
FILES = {
    "ruleset.toml": b'name = "limits"\nlanguage = "1"',
    "schemas/a.limited@v1.json": json.dumps(LIMITED).encode(),
    "schemas/a.loose@v1.json": json.dumps(LOOSE).encode(),
    "maps/copy.mw": COPY.encode(),
}
PROGRAM = check(FILES)
COMPILED = compile_program(PROGRAM)
TEXT = st.sampled_from(["", "A", "AB", "ABC", "ABCD", "ABCDE", "ab", "Äöüß"])
NUMBER = st.sampled_from([-1, 0, 1, 2, 3, 9, 10])
_ITEM = st.fixed_dictionaries({}, optional={"code": TEXT, "n": NUMBER})
ITEMS = st.recursive(
    _ITEM,
    lambda inner: st.fixed_dictionaries({"children": st.lists(inner, max_size=2)}, optional={"n": NUMBER}),
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "text": TEXT, "rate": st.sampled_from([0, 0.5, 1, 1.25]), "rank": NUMBER, "flag": st.booleans(),
        "codes": st.lists(TEXT, max_size=4), "some": st.lists(NUMBER, max_size=2), "anything": TEXT | NUMBER,
        "grid": st.lists(st.lists(NUMBER, max_size=2), max_size=2), "items": st.lists(ITEMS, max_size=2), "item": ITEMS,
        "price": st.sampled_from([{"value": "0.5", "currency": "EUR"}, {"value": "2", "currency": "EUR"}]),
    },
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(DOCUMENTS)
def test_what_is_read_is_held_to_the_limits_both_ways(document):
    fast = engine.run_map(COMPILED, "take", {"x": document}, CONTEXT)
    slow = oracle.run_map(PROGRAM, "take", {"x": document}, CONTEXT)
    assert (fast.state, fast.failures, fast.event) == (slow.state, slow.failures, slow.event)


@settings(max_examples=300, deadline=None)
@given(DOCUMENTS)
def test_what_is_made_is_held_to_the_limits_both_ways(document):
    fast = engine.run_map(COMPILED, "make", {"x": document}, CONTEXT)
    slow = oracle.run_map(PROGRAM, "make", {"x": document}, CONTEXT)
    assert (fast.state, fast.failures, fast.event) == (slow.state, slow.failures, slow.event)


@settings(max_examples=200, deadline=None)
@given(DOCUMENTS)
def test_a_document_that_was_made_can_be_read(document):
    made = engine.run_map(COMPILED, "make", {"x": document}, CONTEXT)
    if made.state == "done":
        typed, faults = read_document(made.event, PROGRAM.schemas["a.limited@v1"].record)
        assert (faults, breaches(typed, PROGRAM.schemas["a.limited@v1"].record)) == ((), [])


def test_a_broken_limit_stands_at_the_line_that_made_the_value():
    outcome = engine.run_map(COMPILED, "make", {"x": {"items": [{"n": 1}, {"n": 10}]}}, CONTEXT)
    failure = outcome.failures[0]
    assert (failure.path, failure.code, failure.place.line) == ("items[1].n", "schema_limit", 4)
    assert outcome.state == "rejected" and outcome.reason == "items[1].n: may be at most 9, but is 10"


def test_a_schema_without_limits_has_no_guard():
    assert limited(PROGRAM.schemas["a.limited@v1"].record)
    assert not limited(PROGRAM.schemas["a.loose@v1"].record)
    assert Guards(Unit(PROGRAM)).guard(PROGRAM.schemas["a.loose@v1"].record) is None
