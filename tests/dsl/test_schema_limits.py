"""What a schema says beyond types: limits are read, what can't be held is named, hostile files are refused quickly."""

import json
import re
import time
from pathlib import Path

import pytest

from dsl import types
from dsl.checker import check
from dsl.errors import SchemaError
from dsl.limits import Limits, described
from dsl.pointers import place
from dsl.schema import read_schema

DATA = Path("/work/shared/data")


def read(document):
    return read_schema("schemas/a.b@v1.json", json.dumps(document).encode())


def field(property_, **more):
    return read({"type": "object", "properties": {"f": property_}, **more}).record.fields["f"]


@pytest.mark.parametrize(
    ("property_", "words"),
    [
        ({"type": "string", "maxLength": 4, "minLength": 1}, ["at least 1 characters", "at most 4 characters"]),
        ({"type": "string", "pattern": "^\\u0041\\d+$"}, ['like "^\\x{0041}\\d+$"']),
        ({"type": "number", "minimum": 0, "exclusiveMaximum": 1.5}, ["0 or more", "less than 1.5"]),
        ({"type": "number", "minimum": 0, "exclusiveMinimum": True}, ["more than 0"]),
        ({"type": "integer", "multipleOf": 6}, ["a multiple of 6"]),
        ({"const": 4}, ["only 4"]),
        ({"type": "array", "maxItems": 3, "items": {"type": "string", "maxLength": 2}}, ["at most 3 items", "each item at most 2 characters"]),
        ({"$ref": "#/$defs/code", "maxLength": 3}, ["at most 3 characters"]),
        ({"allOf": [{"$ref": "#/$defs/code"}, {"minLength": 2}]}, ["at least 2 characters", "at most 5 characters"]),
        ({"type": "number", "maxLength": 3}, []),
    ],
)  # fmt: skip
def test_limits_are_read(property_, words):
    assert (
        described(
            field(property_, **{"$defs": {"code": {"type": "string", "maxLength": 5}}}).limits or Limits()
        )
        == words
    )


@pytest.mark.parametrize(
    ("property_", "shown", "keyword"),
    [
        ({"type": "string", "if": {"minLength": 3}}, "text", "if"),
        ({"type": "object", "patternProperties": {"^x": {}}}, "record", "patternProperties"),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, "any", "oneOf"),
        ({"type": ["string", "integer"]}, "any", "type"),
        ({"type": "array", "prefixItems": [{"type": "string"}]}, "list of any", "prefixItems"),
        ({"type": "string", "pattern": "(?=a)b"}, "text", "pattern"),
        ({"type": "string", "maxLenght": 3}, "text", "maxLenght"),
        ({"type": "object", "properties": {}, "minProperties": 1}, "f", "minProperties"),
        ({"enum": ["a", 1]}, "any", "enum"),
        (
            {"type": "object", "properties": {}, "additionalProperties": {"type": "string"}},
            "f",
            "additionalProperties",
        ),
    ],
)
def test_what_can_not_be_held_is_named_and_the_rest_is_read(property_, shown, keyword):
    schema = read({"type": "object", "properties": {"f": property_}})
    made = types.present(schema.record.fields["f"].type)
    assert types.describe(made) == shown or isinstance(made, types.Record)
    assert [unheld.keyword for unheld in schema.unheld] == [keyword]


def test_notes_of_an_author_are_no_finding():
    notes = {
        "title": "F",
        "description": "d",
        "examples": ["1"],
        "default": "1",
        "deprecated": True,
        "x-owner": "qa",
        "$comment": "c",
    }
    assert (
        read(
            {
                "$schema": "s",
                "$id": "i",
                "type": "object",
                "properties": {"f": {"type": "string", "format": "uuid", **notes}},
            }
        ).unheld
        == ()
    )


def test_the_fields_of_several_forms_are_read_and_only_common_ones_are_required():
    forms = [
        {
            "type": "object",
            "properties": {"a": {"type": "string"}, "k": {"type": "string"}},
            "required": ["k", "a"],
        },
        {
            "type": "object",
            "properties": {"b": {"type": "integer"}, "k": {"type": "string"}},
            "required": ["k"],
        },
    ]
    schema = read({"type": "object", "oneOf": forms})
    assert {name: spec.required for name, spec in schema.record.fields.items()} == {
        "a": False,
        "k": True,
        "b": False,
    }
    assert [unheld.keyword for unheld in schema.unheld] == ["oneOf"]


@pytest.mark.parametrize(
    "reference", ["#/components/schemas/lot", "#lot", "urn:me#/components/schemas/lot", "#/properties/other"]
)
def test_references_reach_every_place_of_the_file(reference):
    lot = {"$anchor": "lot", "type": "string", "maxLength": 3}
    more = {"components": {"schemas": {"lot": lot}}, "$id": "urn:me"}
    document = {
        "type": "object",
        "properties": {"f": {"$ref": reference}, "other": {"type": "string", "maxLength": 3}},
        **more,
    }
    assert read(document).record.fields["f"].limits == Limits(longest=3)


def test_a_finding_in_a_schema_has_its_line():
    schema = '{\n "type": "object",\n "properties": {\n  "f": {"type": "string",\n   "if": {}}}}'
    manifest = b'name = "x"\nlanguage = "1"'
    found = [
        d
        for d in check({"ruleset.toml": manifest, "schemas/a@v1.json": schema.encode()}).diagnostics
        if d.code == "M809"
    ]
    assert schema[found[0].span.start : found[0].span.end] == '"if"'


def test_a_pointer_finds_its_place():
    text = '{"a": [1, {"b/c": {"d": 2}}], "d": 3}'
    assert text[slice(*(lambda s: (s.start, s.end))(place(text, "#/a/1/b~1c/d")))] == '"d"'
    assert place(text, "#/a/1/b~1c/d").start < place(text, "#/d").start


def _doubling(keyword):
    chain = {
        f"d{n}": {keyword: [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]} for n in range(50)
    }
    return {
        "type": "object",
        "properties": {"f": {"$ref": "#/$defs/d0"}},
        "$defs": {**chain, "d50": {"type": "object", "properties": {}}},
    }


def _nested(depth):
    node = {"type": "string"}
    for _ in range(depth):
        node = {"type": "object", "properties": {"f": node}}
    return node


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (_doubling("allOf"), "so often|nested"),
        (_doubling("anyOf"), "so often|nested|"),
        (_nested(200), "nested too deeply"),
        ({"type": "object", "properties": {"f": {"$ref": "https://example.com/other.json"}}}, "https://example.com/other.json is refused"),
        ({"type": "object", "properties": {"f": {"$ref": "file:///etc/passwd"}}}, "file:///etc/passwd is refused"),
        ({"type": "object", "properties": {"f": {"$ref": "other@v1.json#/x"}}}, "other@v1.json#/x is refused"),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "type": "object"}, "refers to itself"),
        ({"type": "object", "properties": {f"f{n}": {"type": "string"} for n in range(50_001)}}, "more than 50000 fields"),
        ({"type": "object", "properties": {"f": {"type": "string", "pattern": "a{1000}{1000}"}}}, ""),
    ],
    ids=["allOf doubles", "anyOf doubles", "deep", "web", "file", "other file", "cycle", "wide", "pattern"],
)  # fmt: skip
def test_a_hostile_schema_costs_little(document, words):
    started = time.process_time()
    try:
        read(document)
    except SchemaError as error:
        assert words and re.search(words, error.message), error
    else:
        assert "" in words.split("|")
    assert time.process_time() - started < 3


def test_a_long_chain_of_records_is_no_deep_stack():
    chain = {
        f"d{n}": {"type": "object", "properties": {"next": {"$ref": f"#/$defs/d{n + 1}"}}}
        for n in range(3_000)
    }
    schema = read({"type": "object", "$defs": {**chain, "d3000": {"type": "object", "properties": {}}}})
    assert len(schema.definitions) == 3_001


def _real_schemas():
    found = []
    for path in sorted(DATA.rglob("*.json")) if DATA.is_dir() else []:
        if path.stat().st_size < 2_000_000 and b'"$schema"' in path.read_bytes()[:3_000]:
            document = json.loads(path.read_bytes().decode("utf-8-sig"))
            if isinstance(document, dict) and {"properties", "$defs", "definitions", "components"} & set(
                document
            ):
                found.append(pytest.param(path, id=path.stem[:60]))
    return found or [
        pytest.param(None, id="none", marks=pytest.mark.skip(reason="/work/shared/data is not here"))
    ]


@pytest.mark.parametrize("path", _real_schemas())
def test_published_schemas_are_read(path):
    schema = read_schema("schemas/real@v1.json", path.read_bytes())
    assert schema.record.fields or schema.definitions
    assert all(unheld.meaning for unheld in schema.unheld)


def test_a_unit_and_a_currency_are_those_of_their_lists():
    made = field({"type": "object", "x-type": "quantity", "x-unit": "KGM", "minimum": 0})
    assert made.type == types.Quantity("KGM")
    assert field({"type": "object", "x-type": "money", "x-currency": "EUR"}).type == types.Money("EUR")
