"""A verdict holds for messages: what is called backward compatible refuses no document of the old version.

Every pair of schemas over a field of every kind, and documents of every kind of value; forward is the same, turned round.
"""

import json
from itertools import product
from typing import Any

from dsl.compatibility import verdict
from dsl.program import Schema
from dsl.schema import read_schema
from rules.shaping import read_document

FIELDS: list[dict[str, Any]] = [
    {"type": "string"}, {"type": "string", "maxLength": 2}, {"type": "string", "maxLength": 3, "minLength": 1},
    {"type": "string", "pattern": "^a"}, {"type": "string", "format": "date"}, {"enum": ["a", "b"]}, {"enum": ["a", "b", "2026-01-31"]},
    {"type": "integer"}, {"type": "integer", "minimum": 1}, {"type": "integer", "minimum": 0, "multipleOf": 2}, {"type": "number"},
    {"type": "number", "exclusiveMinimum": 0}, {"type": "boolean"}, {"enum": [1, 2]}, {"const": 1}, {},
    {"type": "string", "x-missing": ["", "-"]}, {"type": "string", "x-missing": ["a"]},
    {"type": "array", "items": {"type": "string"}}, {"type": "array", "items": {"type": "string", "maxLength": 2}, "maxItems": 2},
    {"type": "array", "items": {"type": "integer"}, "uniqueItems": True},
    {"type": "object", "properties": {"x": {"type": "string"}}}, {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]},
    {"type": "object", "x-type": "quantity", "x-unit": "KGM"}, {"type": "object", "x-type": "quantity"},
    {"type": "object", "x-type": "money", "x-currency": "EUR", "minimum": 1},
]  # fmt: skip
VALUES: list[Any] = [
    "", "-", "a", "b", "abc", "xyz", "2026-01-31", 0, 1, 2, 3, -1, 1.5, True, None, [], ["a"], ["abc", "a"], ["a", "a", "a"], [1, 2], [1, 1],
    {}, {"x": "a"}, {"value": "1", "uom": "KGM"}, {"value": "1", "uom": "EA"}, {"value": "0.5", "currency": "EUR"},
    {"value": "2", "currency": "EUR"},
]  # fmt: skip


def schema(field: dict[str, Any] | None, required: bool) -> Schema:
    properties = {} if field is None else {"f": field}
    document = {
        "type": "object",
        "properties": properties,
        "required": ["f"] if required and properties else [],
    }
    return read_schema("schemas/s@v1.json", json.dumps(document).encode())


SCHEMAS = [schema(field, required) for field in (None, *FIELDS) for required in (False, True)]
DOCUMENTS: list[dict[str, Any]] = [{}, *({"f": value} for value in VALUES)]
READ = [
    [
        document.keys() <= of.record.fields.keys() and not read_document(document, of.record)[1]
        for document in DOCUMENTS
    ]
    for of in SCHEMAS
]


def test_no_message_is_refused_where_the_verdict_says_compatible() -> None:
    compatible = 0
    for old, new in product(range(len(SCHEMAS)), repeat=2):
        if verdict(SCHEMAS[old], SCHEMAS[new]).holds("backward"):
            compatible += 1
            refused = [
                d for d, was, now in zip(DOCUMENTS, READ[old], READ[new], strict=True) if was and not now
            ]
            refused = refused if SCHEMAS[new].record.fields else []
            assert refused == [], (SCHEMAS[old].record.fields, SCHEMAS[new].record.fields)
    assert compatible > 300


def test_forward_is_backward_turned_round() -> None:
    for old, new in product(SCHEMAS, repeat=2):
        assert verdict(old, new).holds("forward") <= verdict(new, old).holds("backward")
