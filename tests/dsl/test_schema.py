"""Schemas become types; what has no one shape is refused with its place."""

import json

import pytest

from dsl import types
from dsl.errors import SchemaError
from dsl.schema import read_schema


def read(document, path="schemas/a.b@v1.json"):
    return read_schema(path, json.dumps(document).encode())


def record(properties, **more):
    return read({"type": "object", "properties": properties, **more}).record


def test_name_and_version_come_from_the_path():
    schema = read({"type": "object"})
    assert (schema.name, schema.version) == ("a.b", "v1")


@pytest.mark.parametrize(
    ("property_", "shown"),
    [
        ({"type": "string"}, "text"), ({"type": "number"}, "decimal"), ({"type": "integer"}, "integer"),
        ({"type": "string", "format": "date-time"}, "datetime"), ({"type": "string", "format": "decimal"}, "decimal"),
        ({"type": "object", "x-type": "quantity", "x-unit": "KGM"}, "quantity(KGM)"),
        ({"type": "string", "x-type": "percent"}, "percent"), ({"enum": ["a", "b"]}, "enum{a, b}"),
        ({"type": "array", "items": {"type": "string"}}, "list of text"), ({}, "any"),
    ],
)  # fmt: skip
def test_types(property_, shown):
    assert types.describe(record({"f": property_}).fields["f"].type) == shown


def test_null_makes_a_required_field_optional():
    fields = record({"f": {"type": ["string", "null"]}}, required=["f"]).fields
    assert fields["f"].required is False


def test_missing_values_of_the_root_hold_for_every_field_but_those_with_their_own():
    fields = record(
        {"a": {"type": "string"}, "b": {"type": "string", "x-missing": ["0"]}}, **{"x-missing": [""]}
    ).fields
    assert (fields["a"].missing, fields["b"].missing) == (("",), ("0",))


def test_a_record_may_refer_to_itself():
    node = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
    }
    schema = read(
        {"type": "object", "properties": {"top": {"$ref": "#/$defs/node"}}, "$defs": {"node": node}}
    )
    top = schema.record.fields["top"].type
    assert top.fields["children"].type.item is top is schema.definitions["node"]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"type": "object", "oneOf": []}, "oneOf has to be a list of schemas"),
        ({"type": "object", "properties": {"f": {"anyOf": []}}}, "anyOf has to be a list of schemas"),
        ({"type": "object", "properties": {"f": {"$ref": "http://x/y"}}}, "stays in its file"),
        ({"type": "object", "properties": {"f": {"$ref": "#/$defs/none"}}}, "points at nothing"),
        ({"type": "object", "required": ["f"]}, "no property"),
        ({"type": "object", "properties": {"f": {"x-type": "colour"}}}, "colour is not known"),
        ({"$defs": {"a": {"$ref": "#/$defs/a"}}, "type": "object"}, "refers to itself"),
        ({"type": "string"}, "root"),
    ],
)
def test_refused(document, words):
    with pytest.raises(SchemaError, match=words):
        read(document)


@pytest.mark.parametrize("content", [b"[]", b"{", b'{"a": 1, "a": 2}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_schema_is_a_schema_error(content):
    with pytest.raises(SchemaError):
        read_schema("schemas/a@v1.json", content)


GUIDE = b"""
format = "x12"
[[segment]]
id = "BSN"
required = true
elements = { "02" = { title = "Number", required = true } }
[[segment]]
id = "DTM"
max = 10
[[loop]]
id = "HL"
kind = "hl"
[[loop.segment]]
id = "LIN"
[[loop.loop]]
id = "N1"
"""


def test_a_guide_becomes_types():
    fields = read_schema("schemas/x12.856@v1.toml", GUIDE).record.fields
    assert fields["BSN"].type.fields["02"].required
    assert isinstance(fields["DTM"].type, types.ListOf)
    node = fields["HL"].type.item
    assert {"id", "level", "children", "LIN", "N1"} <= set(node.fields)
    assert node.fields["children"].type.item is node
    assert node.fields["N1"].type.item.fields["01"].type == types.TEXT


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'format = "csv"', "not known"),
        (b"[[", "not TOML"),
        (b'format = "x12"\n[[segment]]\ntitle = "x"', "needs an id"),
    ],
)
def test_a_broken_guide_is_a_schema_error(text, words):
    with pytest.raises(SchemaError, match=words):
        read_schema("schemas/x@v1.toml", text)


NULL = {"type": "null"}
PARTY = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}


@pytest.mark.parametrize(
    ("property_", "shown", "required"),
    [
        ({"oneOf": [{"type": "string", "format": "date"}, NULL]}, "date", False),
        ({"anyOf": [NULL, {"$ref": "#/$defs/party"}]}, "party", False),
        ({"anyOf": [{"type": "integer"}]}, "integer", True),
        ({"oneOf": [{"const": "a", "title": "A"}, {"enum": ["b", "c"]}]}, "enum{a, b, c}", True),
        ({"oneOf": [{"const": "a"}, NULL]}, "enum{a}", False),
        ({"allOf": [{"$ref": "#/$defs/party"}], "title": "Supplier"}, "party", True),
        ({"enum": ["a", None]}, "enum{a}", False),
        ({"const": "a"}, "enum{a}", True),
        ({"const": 4}, "integer", True),
        ({"enum": [1, 2.5]}, "decimal", True),
        ({"enum": [True, False]}, "boolean", True),
        ({"$ref": "#/$defs/maybe"}, "integer", False),
        ({"$ref": "#/definitions/old"}, "boolean", True),
        ({"type": "string", "format": "email", "maxLength": 5, "pattern": "x"}, "text", True),
    ],
)
def test_several_keywords_that_mean_one_shape(property_, shown, required):
    more = {
        "$defs": {"party": PARTY, "maybe": {"type": ["integer", "null"]}},
        "definitions": {"old": {"type": "boolean"}},
    }
    field = record({"f": property_}, required=["f"], **more).fields["f"]
    assert (types.describe(field.type), field.required) == (shown, required)


def test_the_fields_of_all_of_come_together():
    more = {"properties": {"name": {"type": "string"}}, "required": ["name"], "additionalProperties": False}
    made = (
        record({"f": {"allOf": [{"$ref": "#/$defs/party"}, more]}}, **{"$defs": {"party": PARTY}})
        .fields["f"]
        .type
    )
    assert {name: spec.required for name, spec in made.fields.items()} == {"id": True, "name": True}
    root = read({"allOf": [PARTY, more], "type": "object"}).record
    assert list(root.fields) == ["id", "name"] and not root.open


@pytest.mark.parametrize(
    ("document", "words", "pointer"),
    [
        ({"properties": {"f": {"allOf": [{"type": "string"}, {"type": "object"}]}}}, "says type twice", "#/properties/f/allOf/1"),
        (
            {"properties": {"f": {"allOf": [PARTY, {"properties": {"id": {"type": "integer"}}}]}}},
            "says type twice", "#/properties/f/properties/id/allOf/1",
        ),
        ({"properties": {"f": {"allOf": [{"$ref": "http://x/y"}, PARTY]}}}, "stays in its file", "#/properties/f/allOf/0"),
        ({"$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}, PARTY]}}}, "refers to itself", "#/$defs/a/allOf/0"),
        ({"properties": {"f": {"enum": []}}}, "enum has to be a list of values", "#/properties/f"),
        ({"properties": {"f": {"x-type": "quantity", "x-unit": "KG"}}}, "did you mean KGM", "#/properties/f/x-unit"),
        ({"properties": {"f": {"x-type": "money", "x-currency": "EURO"}}}, "did you mean EUR", "#/properties/f/x-currency"),
        ({"properties": {"f": {"x-type": "money", "x-currency": "DEM"}}}, "EUR has come in its place", "#/properties/f/x-currency"),
        ({"properties": {"f": {"type": "string", "maxLength": "4"}}}, "has to be a number", "#/properties/f/maxLength"),
        ({"properties": {"f": {"minLength": 5, "maxLength": 4}}}, "minLength is more than maxLength", "#/properties/f"),
        ({"properties": {"f": {"multipleOf": 0}}}, "more than 0", "#/properties/f/multipleOf"),
    ],
)  # fmt: skip
def test_what_is_refused_has_its_name_and_place(document, words, pointer):
    with pytest.raises(SchemaError, match=words) as refused:
        read({"type": "object", **document})
    assert refused.value.details["pointer"] == pointer
