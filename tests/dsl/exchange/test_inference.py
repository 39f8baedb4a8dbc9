"""A proposed schema says what it saw, how often, and leaves to people what only they know."""

import json
from decimal import Decimal

import pytest

from dsl.errors import ExchangeError
from dsl.exchange.inference import infer_from_rows, infer_schema
from dsl.schema import read_schema

SAMPLES = [
    {
        "id": "1",
        "when": "2026-01-31",
        "qty": "12.50",
        "open": True,
        "lines": [{"n": 1, "code": "A"}],
        "note": "",
    },
    {"id": "2", "when": "2026-02-01", "qty": "3", "open": False, "lines": {"n": 2, "code": "B"}, "who": None},
    {
        "id": "3",
        "when": "",
        "qty": "-1.5",
        "open": True,
        "lines": [],
        "sum": Decimal("1.5"),
        "who": {"name": "x"},
    },
]


def proposed(*samples, name="a.b"):
    return infer_schema(list(samples), name)


def notes(proposal):
    return {note.path: note for note in proposal.fields}


def test_the_proposal_is_a_schema_the_language_reads():
    schema = read_schema("schemas/a.b@v1.json", json.dumps(proposed(*SAMPLES).schema).encode())
    shown = {
        name: (str(getattr(spec.type, "name", type(spec.type).__name__)), spec.required)
        for name, spec in schema.record.fields.items()
    }
    assert shown == {
        "id": ("text", True),
        "when": ("date", False),
        "qty": ("decimal", True),
        "open": ("boolean", True),
        "lines": ("ListOf", True),
        "note": ("text", False),
        "who": ("who", False),
        "sum": ("decimal", False),
    }
    assert schema.record.fields["when"].missing == ("",)


def test_presence_is_counted():
    found = notes(proposed(*SAMPLES))
    assert {path: (note.present, note.of) for path, note in found.items()} == {
        "id": (3, 3),
        "when": (2, 3),
        "qty": (3, 3),
        "open": (3, 3),
        "lines": (3, 3),
        "lines[].n": (2, 2),
        "lines[].code": (2, 2),
        "note": (0, 3),
        "who": (1, 3),
        "who.name": (1, 1),
        "sum": (1, 3),
    }
    assert found["qty"].example == "12.50"


def test_a_single_child_is_a_list_all_the_same():
    assert "without a list" in notes(proposed(*SAMPLES))["lines"].remarks[0]
    items = proposed(*SAMPLES).schema["properties"]["lines"]["items"]
    assert set(items["properties"]) == {"n", "code"}


@pytest.mark.parametrize(
    ("values", "node"),
    [
        (["0010", "0020"], {"type": "string"}), (["10", "20"], {"type": "string"}), (["1.0", "2"], {"type": "string", "format": "decimal"}),
        (["2026-13-01"], {"type": "string"}), (["2026-01-01T00:00:00Z"], {"type": "string", "format": "date-time"}),
        (["08:00"], {"type": "string", "format": "time"}), ([1, 2], {"type": "integer"}), ([1, Decimal("2.5")], {"type": "number"}),
        ([True], {"type": "boolean"}), ([None], {}), ([1, "a"], {}), ([[]], {"type": "array", "items": {}}),
        (["20260131", "00000000"], {"type": "string", "x-missing": ["", "00000000"]}),
    ],
)  # fmt: skip
def test_one_field(values, node):
    assert proposed(*({"f": value} for value in values)).schema["properties"]["f"] == node


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1, "a"], "several shapes: whole number (1) or text (1)"), (["10"], "looks like a whole number"), (["20260131", "00000000"], "looks like a date"),
        (["a", "b"] * 4, "could be an enumeration: a (4), b (4)"),
        (["2026-01-31T08:00:00Z"] * 2 + ["13.03.2026 06:00"], "datetime in 2 of 3, but not 13.03.2026 06:00"), ([None], "never had a value"), ([[]], "always empty"), ([""], "always blank"),
    ],
)  # fmt: skip
def test_what_people_have_to_decide_is_said(values, words):
    assert any(
        words in remark for remark in notes(proposed(*({"f": value} for value in values)))["f"].remarks
    )


def test_a_header_with_rows():
    proposal = infer_from_rows(["Plant", "Qty"], [["0010", "1.5"], ["0020", ""], ["", ""]], "mes.stock")
    assert proposal.schema["properties"] == {
        "Plant": {"type": "string"},
        "Qty": {"type": "string", "format": "decimal"},
    }
    assert proposal.schema["required"] == ["Plant"] and proposal.schema["x-missing"] == [""]
    assert proposal.samples == 2


@pytest.mark.parametrize("samples", [[], [1], ["x"], [[1]], [[]]])
def test_what_is_no_record_is_refused(samples):
    with pytest.raises(ExchangeError):
        infer_schema(samples, "a")


def test_bounds():
    deep: dict = {}
    for _ in range(100):
        deep = {"a": deep}
    with pytest.raises(ExchangeError, match="nested too deeply"):
        infer_schema([deep], "a")
    with pytest.raises(ExchangeError, match="is a key a value"):
        infer_schema([{str(n): 1 for n in range(5001)}], "a")
    with pytest.raises(ExchangeError, match="name of its own"):
        infer_from_rows(["a", "a"], [["1", "2"]], "x")
