"""Documents by their schema: what counts as missing, what fits, what is written back."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl import types
from dsl.program import Program
from dsl.schema import read_schema
from rules.compiler import compile_program
from rules.shaping import plain_value, read_document, write_document
from tests.rules.documents import payload
from tests.rules.rulebook import checked, mapping

TEXT = {"type": "string"}


def record(properties: Mapping[str, Any], **more: Any) -> types.Record:
    """The record type of a JSON Schema."""
    schema = {"type": "object", "properties": properties, **more}
    return read_schema("schemas/x@v1.json", json.dumps(schema).encode()).record


def read(
    properties: Mapping[str, Any], raw: Any, **more: Any
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    typed, failures = read_document(raw, record(properties, **more))
    return typed, [(f.path, f.kind) for f in failures]


@pytest.mark.parametrize(
    ("schema", "raw", "expected"),
    [
        (TEXT, "a", "a"),
        ({"type": "integer"}, 5, 5),
        ({"type": "integer"}, Decimal("5.0"), 5),
        ({"type": "number"}, 5, Decimal(5)),
        ({"type": "number"}, Decimal("1.50"), Decimal("1.50")),
        ({"type": "string", "format": "decimal"}, "1.50", Decimal("1.50")),
        ({"type": "boolean"}, True, True),
        ({"type": "string", "format": "date"}, "2026-01-31", date(2026, 1, 31)),
        ({"type": "string", "format": "time"}, "08:30:00", time(8, 30)),
        (
            {"type": "string", "format": "date-time"},
            "2026-01-31T08:00:00Z",
            datetime(2026, 1, 31, 8, tzinfo=UTC),
        ),
        ({"type": "string", "enum": ["a", "b"]}, "b", "b"),
        ({"type": "array", "items": TEXT}, ["a", None, "b"], ["a", "b"]),
        ({"type": "array", "items": TEXT}, "a", ["a"]),
        (
            {"type": "object", "x-type": "quantity", "properties": {"value": TEXT, "uom": TEXT}},
            {"value": "480", "uom": "EA"},
            {"value": Decimal(480), "unit": "EA"},
        ),
        (
            {"type": "object", "x-type": "money", "properties": {"value": TEXT, "currency": TEXT}},
            {"value": "12.50", "currency": "EUR"},
            {"value": Decimal("12.50"), "currency": "EUR"},
        ),
    ],
)
def test_values_are_read_by_their_type(schema: Any, raw: Any, expected: Any) -> None:
    assert read({"x": schema}, {"x": raw}) == ({"x": expected}, [])


@pytest.mark.parametrize(
    ("schema", "raw"),
    [
        (TEXT, 5), ({"type": "integer"}, Decimal("5.5")), ({"type": "integer"}, True), ({"type": "integer"}, 10**40),
        ({"type": "number"}, "abc"), ({"type": "number"}, Decimal("NaN")), ({"type": "number"}, Decimal("1E+999999")),
        ({"type": "string", "format": "date"}, "2026-02-30"), ({"type": "string", "format": "date"}, "20260131"),
        ({"type": "string", "format": "date-time"}, "2026-01-31T08:00:00"), ({"type": "string", "enum": ["a"]}, "z"),
        ({"type": "boolean"}, 1), ({"type": "object", "properties": {"a": TEXT}}, "a"),
    ],
)  # fmt: skip
def test_what_does_not_fit_fails_with_its_path(schema: Any, raw: Any) -> None:
    assert read({"x": schema}, {"x": raw}) == ({}, [("x", "error")])


@pytest.mark.parametrize("raw", [{}, {"x": None}, {"x": ""}, {"x": "00000000"}])
def test_the_schema_says_what_is_missing(raw: Any) -> None:
    assert read({"x": TEXT}, raw, **{"x-missing": ["", "00000000"]}) == ({}, [])


def test_a_required_field_that_is_missing_fails() -> None:
    assert read({"x": TEXT}, {"x": ""}, required=["x"], **{"x-missing": [""]}) == ({}, [("x", "missing")])


def test_all_faults_are_found_with_their_paths() -> None:
    row = {"type": "object", "required": ["k"], "properties": {"k": TEXT, "n": {"type": "integer"}}}
    raw = {"l": [{"k": "a", "n": "x"}, {"n": 1}], "t": 5}
    _, failures = read({"l": {"type": "array", "items": row}, "t": TEXT}, raw)
    assert failures == [("l[0].n", "error"), ("l[1].k", "missing"), ("t", "error")]


def test_unknown_fields_stay_only_in_open_records() -> None:
    assert read({"x": TEXT}, {"x": "a", "y": 1}, additionalProperties=False)[0] == {"x": "a"}
    assert read({"x": TEXT}, {"x": "a", "y": 1}, additionalProperties=True)[0] == {"x": "a", "y": 1}


def test_a_document_that_is_no_record_fails() -> None:
    assert read({"x": TEXT}, ["a"])[1] == [("", "error")]


def test_too_deep_a_document_fails() -> None:
    deep: Any = {}
    for _ in range(5_000):
        deep = {"c": [deep]}
    node = record({"c": {"type": "array", "items": {"$ref": "#"}}})
    assert read_document(deep, node)[1][0].message == "the document is nested too deep"


def test_values_are_written_by_their_schema() -> None:
    quantity = {"type": "object", "x-type": "quantity", "properties": {"value": TEXT, "uom": TEXT}}
    of = record({
        "d": {"type": "string", "format": "date"}, "n": {"type": "number"}, "s": {"type": "string", "format": "decimal"},
        "q": quantity, "t": {"type": "string", "format": "date-time"}, "l": {"type": "array", "items": quantity},
    })  # fmt: skip
    amount = {"value": Decimal("5.0"), "unit": "EA"}
    typed = {
        "d": date(2026, 1, 31), "n": Decimal("1.5"), "s": Decimal("1E+2"), "q": amount, "l": [amount], "x": None,
        "t": datetime(2026, 1, 31, 8, tzinfo=UTC),
    }  # fmt: skip
    assert write_document(typed, of) == {
        "d": "2026-01-31",
        "n": Decimal("1.5"),
        "s": "100",
        "q": {"value": "5.0", "uom": "EA"},
        "l": [{"value": "5.0", "uom": "EA"}],
        "t": "2026-01-31T08:00:00Z",
    }


def test_a_value_without_schema_is_written_plainly() -> None:
    assert plain_value({"a": date(2026, 1, 31), "^": {"loop": 1}, "b": None}) == {"a": "2026-01-31"}


def rule_set() -> Program:
    """A program whose map reads and writes every kind of field."""
    return checked(mapping("  t1 = doc.a"))


PROGRAM = rule_set()
COMPILED = compile_program(PROGRAM).maps["m"]
RECORD = PROGRAM.maps["m"].parameters[0][1]
ODD = st.sampled_from(
    [None, "", 5, True, "a", [], [None], ["a"], {}, {"k": 1}, [{"k": "a"}], Decimal("1.5"), "2026-01-31"]
)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**9), st.dictionaries(st.sampled_from([*RECORD.fields, "other"]), ODD, max_size=4))
def test_generated_readers_read_like_the_careful_way(seed: int, odd: dict[str, Any]) -> None:
    document = payload(seed) | odd
    typed, faults = COMPILED.parameters[0][1](document)
    assert (typed, tuple(faults)) == read_document(document, RECORD)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9))
def test_what_is_read_can_be_written_and_read_again(seed: int) -> None:
    typed, faults = read_document(payload(seed), RECORD)
    if not faults:
        assert read_document(write_document(typed, RECORD), RECORD) == (typed, ())
