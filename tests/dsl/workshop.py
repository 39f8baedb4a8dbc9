"""A small rule set around a module text: two schemas, three endpoints."""

import json
from collections.abc import Mapping
from typing import Any

from dsl.checker import check
from dsl.program import Program

USES = 'use schema erp.notice "v1"\nuse schema canon.case "v1"\n\n'


def _text(**more: Any) -> dict[str, Any]:
    return {"type": "string", **more}


NOTICE = {
    "x-missing": [""],
    "type": "object",
    "required": ["number", "qty", "unit"],
    "properties": {
        "number": _text(),
        "qty": _text(),
        "unit": _text(),
        "lot": _text(),
        "priority": _text(),
        "found_on": _text(format="date"),
        "weight": {"type": "object", "x-type": "quantity", "x-unit": "KGM"},
        "open": {"type": "boolean"},
        "sender": {"type": "object", "properties": {"id": _text(), "name": _text()}, "required": ["id"]},
        "defects": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code"],
                "properties": {"code": _text(), "count": {"type": "integer"}},
            },
        },
    },
}
CASE = {
    "x-missing": [""],
    "type": "object",
    "required": ["id", "severity"],
    "properties": {
        "id": _text(),
        "severity": {"$ref": "#/$defs/severity"},
        "note": _text(maxLength=40),
        "qty": {"type": "string", "format": "decimal"},
        "found_on": _text(format="date"),
        "found_at": _text(format="date-time"),
        "weight": {"type": "object", "x-type": "quantity", "x-unit": "KGM"},
        "supplier": {"$ref": "#/$defs/supplier"},
        "rate": {"type": "string", "x-type": "percent"},
        "defects": {"type": "array", "items": {"$ref": "#/$defs/defect"}},
    },
    "$defs": {
        "severity": {"enum": ["critical", "major", "minor"]},
        "rating": {"enum": ["A", "B", "C", "D"]},
        "supplier": {
            "type": "object",
            "required": ["id"],
            "properties": {"id": _text(), "rating": {"$ref": "#/$defs/rating"}},
        },
        "defect": {
            "type": "object",
            "required": ["code"],
            "properties": {"code": _text(), "count": {"type": "integer"}},
        },
    },
}
NOTE = {"type": "object", "required": ["text"], "properties": {"text": _text()}}
MANIFEST = """
name = "workshop"
language = "1"
time_zone = "Europe/Berlin"
[endpoints."erp.notices"]
direction = "in"
codec = "json"
schema = "erp.notice@v1"
[endpoints."qms.cases"]
direction = "out"
codec = "json"
schema = "canon.case@v1"
[endpoints."qms.spare"]
direction = "out"
codec = "json"
schema = "canon.case@v1"
[endpoints."erp.stock"]
direction = "out"
codec = "json"
schema = "canon.case@v1"
answer = "qms.note@v1"
[endpoints."erp.questions"]
direction = "in"
codec = "json"
schema = "erp.notice@v1"
answer = "qms.note@v1"
[endpoints."qms.notes"]
direction = "out"
codec = "json"
schema = "qms.note@v1"
"""


def files(module: str, more: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """The rule set around a module; a module that begins with `use` brings its own uses."""
    text = module if module.startswith("use ") else USES + module
    return {
        "ruleset.toml": MANIFEST.encode(),
        "schemas/erp.notice@v1.json": json.dumps(NOTICE).encode(),
        "schemas/canon.case@v1.json": json.dumps(CASE).encode(),
        "schemas/canon.case@v2.json": json.dumps(CASE).encode(),
        "schemas/qms.note@v1.json": json.dumps(NOTE).encode(),
        "m.mw": text.encode(),
        **(more or {}),
    }


def checked(module: str, more: Mapping[str, bytes] | None = None) -> Program:
    """The module, checked in its rule set."""
    return check(files(module, more), {"samples/notice.json": b""})


def codes_of(module: str, more: Mapping[str, bytes] | None = None) -> list[str]:
    """The codes found in a module, in order."""
    return [d.code for d in checked(module, more).diagnostics]


def in_map(*lines: str) -> str:
    """A map with every failure rejected, its two required fields and these lines."""
    head = ["on missing reject", "on error reject", "on no_match reject", "on many reject"]
    body = "".join(f"  {line}\n" for line in (*head, "id = nc.number", "severity = minor", *lines))
    return f"map m : nc in erp.notice -> canon.case\n{body}end\n"
