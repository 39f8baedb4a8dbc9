"""Schemas as a person writes them down: one field a line, what lies inside further to the right.

missing "" "00000000"                 values that count as missing, in the whole schema
type severity = enum{critical, minor}   a named type; `type part = record` has its fields below
no       text required                a field; `required` where it always has to be there
status   severity
days     list of integer
lines    list of                      each with the fields below
  po     text required
  weight quantity(KGM)
sender   record                       the same, once
  id     text
Material Number: text                 a name with spaces ends with a colon
"""

import json
import re
from typing import Any

_LINE = re.compile(
    r"(?P<indent> *)(?:(?P<spaced>[^:]+): +|(?P<name>\S+) +)(?P<type>.+?)(?P<required> required)?"
)
_WIRE = {
    "decimal": "number",
    "integer": "integer",
    "text": "string",
    "boolean": "boolean",
    "money": "object",
    "quantity": "object",
}
_FORMATS = {"date": "date", "datetime": "date-time", "time": "time"}


def schema(text: str) -> str:
    """A schema as JSON; what is JSON already stays as it is."""
    if text.lstrip().startswith("{"):
        return text
    root: dict[str, Any] = _record()
    lines = [line.split("  #")[0].rstrip() for line in text.splitlines() if line.strip()]
    types = dict(_named(line) for line in lines if line.startswith("type "))
    for line in lines:
        if line.startswith("missing "):
            root["x-missing"] = json.loads(f"[{', '.join(line.split()[1:])}]")
    root["$defs"] = {name: _type(kind, {}) for name, kind in types.items()}
    for name, fields in _records(lines).items():
        _fill(root["$defs"][name] if name else root, fields, types)
    return json.dumps(root)


def _records(lines: list[str]) -> dict[str, list[str]]:
    """The lines of fields by the named record they stand below; those of the root by ""."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in lines:
        if line.startswith(("type ", "missing ")):
            name = _named(line)[0] if line.endswith("= record") else ""
        else:
            name = name if line.startswith(" ") else ""
            found.setdefault(name, []).append(line)
    return found


def _named(line: str) -> tuple[str, str]:
    name, kind = line.strip().removeprefix("type ").split("=", 1)
    return name.strip(), kind.strip()


def _record() -> dict[str, Any]:
    return {"type": "object", "required": [], "properties": {}}


def _fill(root: dict[str, Any], lines: list[str], types: dict[str, str]) -> None:
    """Lines into records: each goes into the last line before it that is indented less."""
    open_records = [(-1, root)]
    for line in lines:
        found = _LINE.fullmatch(line)
        assert found, f"not a field of a schema: {line!r}"
        depth = len(found["indent"])
        while open_records[-1][0] >= depth:
            open_records.pop()
        record, name = open_records[-1][1], (found["spaced"] or found["name"]).strip()
        made = _type(found["type"].strip(), types)
        record["properties"][name] = made
        if found["required"]:
            record["required"].append(name)
        inner = made.get("items", made)
        if "properties" in inner:
            open_records.append((depth, inner))


def _type(kind: str, types: dict[str, str]) -> dict[str, Any]:
    if kind in types:
        return {"$ref": f"#/$defs/{kind}"}
    if kind.startswith("list of"):
        inner = kind.removeprefix("list of").strip()
        return {"type": "array", "items": _type(inner, types) if inner else _record()}
    if kind == "record":
        return _record()
    if kind == "any":
        return {}
    if kind == "any record":
        return {"type": "object", "additionalProperties": True}
    if kind.startswith("enum{"):
        return {"enum": [value.strip().strip('"') for value in kind[5:-1].split(",")]}
    return _single(kind)


def _single(kind: str) -> dict[str, Any]:
    name, _, unit = kind.rstrip(")").partition("(")
    if name in ("quantity", "money"):
        given = {("x-unit" if name == "quantity" else "x-currency"): unit} if unit else {}
        return {"type": "object", "x-type": name, **given}
    if name in _FORMATS:
        return {"type": "string", "format": _FORMATS[name]}
    if name in ("percent", "duration"):
        return {"type": "string", "x-type": name}
    return {"type": _WIRE[name]}
