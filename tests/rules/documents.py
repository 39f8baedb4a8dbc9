"""The document of generated programs: its schemas and manifest, and random ones from a seed, with gaps and odd values."""

import json
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

MANIFEST = """
name = "generated"
language = "1"
time_zone = "Europe/Berlin"

[endpoints."in.docs"]
direction = "in"
codec = "json"
schema = "s.doc@v1"

[endpoints."in.asks"]
direction = "in"
codec = "json"
schema = "s.doc@v1"
answer = "t.out@v1"

[endpoints."out.asks"]
direction = "out"
codec = "json"
schema = "t.out@v1"
answer = "t.out@v1"

[endpoints."out.docs"]
direction = "out"
codec = "json"
schema = "t.out@v1"
"""
_TEXT: dict[str, Any] = {"type": "string"}
_QUANTITY = {
    "type": "object", "x-type": "quantity", "required": ["value", "uom"],
    "properties": {"value": {"type": "string", "format": "decimal"}, "uom": _TEXT},
}  # fmt: skip
_COLOUR = {"type": "string", "enum": ["red", "green", "blue"]}
_IN = {
    "type": "object", "x-missing": [""], "required": ["a", "m", "g", "e"],
    "$defs": {"colour": _COLOUR},
    "properties": {
        "a": _TEXT, "b": _TEXT, "c": _TEXT, "n": {"type": "number"}, "m": {"type": "integer"},
        "i": {"type": "integer"}, "f": {"type": "boolean"}, "g": {"type": "boolean"},
        "d": {"type": "string", "format": "date"}, "e": {"$ref": "#/$defs/colour"}, "h": {"$ref": "#/$defs/colour"},
        "q": _QUANTITY, "tags": {"type": "array", "items": _TEXT},
        "r": {"type": "object", "required": ["u"], "properties": {"p": _TEXT, "u": {"type": "number"}}},
        "items": {"type": "array", "items": {
            "type": "object", "required": ["k"],
            "properties": {
                "k": _TEXT, "v": {"type": "integer"}, "w": _TEXT, "on": {"type": "boolean"},
                "sub": {"type": "array", "items": {"type": "object", "required": ["z"], "properties": {"z": _TEXT}}},
            },
        }},
    },
}  # fmt: skip
_ROW = {
    "type": "object",
    "properties": {
        "t": _TEXT, "u": _TEXT, "i": {"type": "integer"}, "n": {"type": "number"},
        "l": {"type": "array", "items": {"type": "object", "properties": {"t": _TEXT, "i": {"type": "integer"}}}},
    },
}  # fmt: skip
_OUT = {
    "type": "object", "$defs": {"colour": _COLOUR},
    "properties": {
        "t1": _TEXT, "t2": _TEXT, "t3": _TEXT, "i1": {"type": "integer"}, "i2": {"type": "integer"},
        "n1": {"type": "number"}, "n2": {"type": "number"}, "b1": {"type": "boolean"}, "b2": {"type": "boolean"},
        "d1": {"type": "string", "format": "date"}, "e1": {"$ref": "#/$defs/colour"}, "q1": _QUANTITY,
        "rec": {"type": "object", "properties": {"t": _TEXT, "n": {"type": "number"}}},
        "l1": {"type": "array", "items": _ROW}, "l2": {"type": "array", "items": _ROW},
        "ts": {"type": "array", "items": _TEXT},
    },
}  # fmt: skip
HEAD = 'use schema s.doc "v1"\nuse schema t.out "v1"\n'


def files(program: str) -> dict[str, bytes]:
    """The rule set of a generated program."""
    return {
        "ruleset.toml": MANIFEST.encode(),
        "schemas/s.doc@v1.json": json.dumps(_IN).encode(),
        "schemas/t.out@v1.json": json.dumps(_OUT).encode(),
        "maps/generated.mw": (HEAD + program).encode(),
    }


def payload(seed: int) -> dict[str, Any]:
    """A document of the schema, with gaps and odd values."""
    r = Random(seed)
    texts = ["a", "12", "B", "x-1", "X", "20260131", "007", " a ", "1.5"]

    def maybe(make: Callable[[], Any]) -> Any:
        return r.choice([None, "", make(), make(), make()])

    def item() -> dict[str, Any]:
        found = {
            "k": r.choice(texts),
            "v": maybe(lambda: r.randint(-2, 5)),
            "w": maybe(lambda: r.choice(texts)),
        }
        found["on"] = maybe(lambda: r.random() < 0.5)
        found["sub"] = [{"z": r.choice(texts)} for _ in range(r.randint(0, 2))]
        return {name: value for name, value in found.items() if value not in (None, "")}

    number = lambda: r.choice([Decimal("0"), Decimal("1.50"), Decimal("-3.25"), Decimal("1E+3")])  # noqa: E731
    found: dict[str, Any] = {
        "a": r.choice(texts), "b": maybe(lambda: r.choice(texts)), "c": maybe(lambda: r.choice(texts)),
        "n": maybe(number), "m": r.randint(-1, 13), "i": maybe(lambda: r.randint(0, 4)),
        "f": maybe(lambda: r.random() < 0.5), "g": r.random() < 0.5,
        "d": maybe(lambda: r.choice(["2026-01-31", "2025-12-01"])), "e": r.choice(["red", "green", "blue"]),
        "h": maybe(lambda: r.choice(["red", "green"])),
        "q": maybe(lambda: {"value": r.choice(["5", "0", "2.5"]), "uom": r.choice(["EA", "KGM"])}),
        "r": maybe(lambda: {"p": r.choice(["a", ""]), "u": number()}),
        "tags": [r.choice(texts) for _ in range(r.randint(0, 3))],
        "items": r.choice([None, [item() for _ in range(r.randint(0, 5))]]),
    }  # fmt: skip
    if r.random() < 0.03:
        found["m"] = "not a number"
    return {name: value for name, value in found.items() if value is not None}
