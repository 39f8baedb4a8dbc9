"""Schemas into types: JSON Schema (2020-12, the part that describes data) and guides of other formats.

Shape:   see dsl.types; `$defs` become the named types of the schema
Missing: `x-missing` on the root counts for every field, on a property for that field
Limits:  lengths, patterns, ranges and numbers of items become the `limits` of a field (dsl.limits)
Refused: references outside the file, unknown types of ours, units and currencies that are in no list, limits
         that nothing can meet
Not held: keywords that leave several shapes or tie fields together; each is named in `Schema.unheld`
Errors:  SchemaError with the JSON pointer or the line in details
"""

import json
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from dsl import types
from dsl.errors import SchemaError
from dsl.guides import read_guide
from dsl.limits import NONE, Limits, UnheldPattern, both, read_limits, without_text
from dsl.program import Schema
from dsl.schemarefs import Definition, References
from dsl.shapes import Shapes
from dsl.toml import read_toml
from dsl.units import unit_fault
from dsl.units.currencies import unknown_currency

_NAME = re.compile(r"(?:.*/)?(?P<name>[^/@]+)@(?P<version>[^/@]+?)\.(?P<kind>json|toml)", re.ASCII)
_SCALARS: Mapping[str, tuple[types.Type, str]] = {
    "string": (types.TEXT, "string"),
    "number": (types.DECIMAL, "number"),
    "integer": (types.INTEGER, "number"),
    "boolean": (types.BOOLEAN, "boolean"),
}
_FORMATS: Mapping[str, types.Type] = {
    "decimal": types.DECIMAL,
    "date": types.DATE,
    "date-time": types.DATETIME,
    "time": types.TIME,
}
_OWN_TYPES: Mapping[str, types.Type] = {
    "percent": types.PERCENT,
    "duration": types.DURATION,
    "decimal": types.DECIMAL,
    "integer": types.INTEGER,
    "any": types.ANYTHING,
}
_DEEPEST = 60
_LARGEST = 5_000_000
_MOST_FIELDS = 50_000
PATTERN_ADVICE = "texts are not held to the pattern; a map that has to hold it says so with a check"


def schema_name(path: str) -> tuple[str, str] | None:
    """Name and version of `schemas/canon.shipment@v1.json`, or None where the path is no schema's."""
    found = _NAME.fullmatch(path)
    return (found["name"], found["version"]) if found else None


def read_schema(path: str, content: bytes) -> Schema:
    """A schema file as types; the suffix says whether it is JSON Schema or a guide."""
    named = schema_name(path)
    if named is None:
        raise SchemaError("a schema file is named <name>@<version>.json or .toml", {"path": path})
    if len(content) > _LARGEST:
        raise SchemaError("the schema is larger than 5 MB", {"path": path})
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SchemaError("the file is not UTF-8", {"offset": error.start}) from None
    if path.endswith(".toml"):
        return _read_guide(path, named, text)
    return _JsonSchema(named[0], _load_json(text)).read(path, named[1])


def _load_json(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise SchemaError(f"not JSON: {error.msg}", {"line": error.lineno, "column": error.colno}) from None
    except RecursionError:
        raise SchemaError("the schema is nested too deeply") from None
    if not isinstance(document, dict):
        raise SchemaError("a schema is a JSON object", {"line": 1, "column": 1})
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise SchemaError(f"a key occurs twice among {', '.join(sorted(result))}")
    return result


def _read_guide(path: str, named: tuple[str, str], text: str) -> Schema:
    try:
        guide = read_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise SchemaError(f"not TOML: {error}") from None
    record, definitions = read_guide(named[0], guide)
    return Schema(named[0], named[1], path, record, definitions, guide)


class _Held(NamedTuple):
    """What a subschema makes: the type, how its values stand in a document, and what limits them."""

    type: types.Type
    wire: str
    limits: Limits = NONE


class _JsonSchema:
    """One document being read; named types are made once, so that they may refer to themselves.

    Records are filled from a list of waiting ones, so that a long chain of them needs no deep stack.
    """

    def __init__(self, name: str, document: dict[str, Any]) -> None:
        self._name = name
        self._document = document
        self._references = References(document)
        self._shapes = Shapes(self._references)
        self._missing = _missing_values(document, "#")
        self._made: dict[str, _Held] = {}
        self._named: dict[str, types.Type] = {}
        self._making: set[str] = set()
        self._waiting: list[tuple[types.Record, dict[str, Any], str, int]] = []
        self._fields = 0

    def read(self, path: str, version: str) -> Schema:
        """The root has to describe an object."""
        document = self._shapes.one(self._document, "#")
        root: types.Type
        if "$ref" in document:
            root = self._type(document, "#", "", 0).type
            if not isinstance(root, types.Record):
                raise SchemaError("the root of a schema has to be an object", {"pointer": "#/$ref"})
        else:
            if document.get("type", "object" if "properties" in document else "") != "object":
                raise SchemaError('the root of a schema needs "type": "object"', {"pointer": "#"})
            root = types.Record(self._name, {}, self._is_open(document, "#"))
            self._made["#"] = _Held(root, "object")
            self._waiting.append((root, document, "#", 0))
        self._fill_waiting()
        for name, definition in self._references.houses():
            self._named[name] = self._definition(definition, 0).type
            self._fill_waiting()
        return Schema(
            self._name, version, path, root, self._named, unheld=tuple(self._shapes.unheld.values())
        )

    def _fill_waiting(self) -> None:
        while self._waiting:
            self._fill(*self._waiting.pop())

    def _definition(self, found: Definition, depth: int) -> _Held:
        if found.pointer not in self._made:
            if found.pointer in self._making:
                raise SchemaError(
                    f"{found.name} refers to itself without a record between", {"pointer": found.pointer}
                )
            self._making.add(found.pointer)
            held = self._type(found.node, found.pointer, found.name, depth + 1)
            self._made[found.pointer] = held
            self._named.setdefault(found.name, held.type)
        return self._made[found.pointer]

    def _type(self, node: Any, pointer: str, name: str, depth: int) -> _Held:
        """The type of a subschema, how its values stand in a document and what limits them."""
        if node is True or node == {}:
            return _Held(types.ANYTHING, "")
        if not isinstance(node, dict):
            raise SchemaError("a schema is an object", {"pointer": pointer})
        if depth > _DEEPEST:
            raise SchemaError("the schema is nested too deeply", {"pointer": pointer})
        node = self._shapes.one(node, pointer)
        limits = self._limits(node, pointer)
        if "$ref" in node:
            held = self._reference(node["$ref"], pointer, depth)
        elif "enum" in node or "const" in node:
            held = self._enum(node, pointer, name)
        elif "x-type" in node:
            held = self._own(node, pointer)
        else:
            held = self._plain(node, pointer, name, depth)
        return _Held(held.type, held.wire, both(held.limits, _fitting(limits, held)))

    def _limits(self, node: dict[str, Any], pointer: str) -> Limits:
        """What limits the value; a pattern that the linear-time engine can't hold is noted."""
        try:
            return read_limits(node, pointer)
        except UnheldPattern as unheld:
            self._shapes.note("pattern", pointer, f"{unheld.message}; {PATTERN_ADVICE}")
            return read_limits({name: value for name, value in node.items() if name != "pattern"}, pointer)

    def _reference(self, reference: Any, pointer: str, depth: int) -> _Held:
        return self._definition(self._references.find(reference, pointer), depth)

    def _enum(self, node: dict[str, Any], pointer: str, name: str) -> _Held:
        values = node.get("enum", [node.get("const")])
        given = [value for value in values if value is not None] if isinstance(values, list) else []
        if given and all(isinstance(value, str) for value in given):
            return _Held(types.Enum(name, tuple(dict.fromkeys(given))), "string")
        for kind, wanted in (("boolean", bool), ("integer", int), ("number", int | Decimal)):
            if given and all(
                isinstance(value, wanted) and (kind == "boolean") == isinstance(value, bool)
                for value in given
            ):
                return _Held(*_SCALARS[kind], Limits(values=tuple(dict.fromkeys(given))))
        if isinstance(values, list) and values:
            self._shapes.note(
                "enum" if "enum" in node else "const", pointer, "its values are of several kinds: read as any"
            )
            return _Held(types.ANYTHING, "")
        raise SchemaError("enum has to be a list of values", {"pointer": pointer})

    def _own(self, node: dict[str, Any], pointer: str) -> _Held:
        kind = node["x-type"]
        if kind == "quantity":
            return _Held(types.Quantity(_unit(node, pointer)), "object")
        if kind == "money":
            return _Held(types.Money(_currency(node, pointer)), "object")
        if kind not in _OWN_TYPES:
            known = ", ".join(["quantity", "money", *_OWN_TYPES])
            raise SchemaError(f"x-type {kind} is not known; known are {known}", {"pointer": pointer})
        wire = "number" if self._kind(node, pointer) in ("number", "integer") else "string"
        return _Held(_OWN_TYPES[kind], "" if kind == "any" else wire)

    def _plain(self, node: dict[str, Any], pointer: str, name: str, depth: int) -> _Held:
        kind = self._kind(node, pointer)
        if kind == "string" and node.get("format") in _FORMATS:
            return _Held(_FORMATS[node["format"]], "string")
        if kind in _SCALARS:
            return _Held(*_SCALARS[kind])
        if kind == "array":
            item = self._type(node.get("items", True), f"{pointer}/items", name, depth + 1)
            each = Limits(each=item.limits) if item.limits != NONE else NONE
            return _Held(types.ListOf(types.present(item.type)), "array", each)
        if kind == "object":
            record = types.Record(name or pointer.rpartition("/")[2], {}, self._is_open(node, pointer))
            named = pointer in self._making
            if named:
                self._made[pointer] = _Held(record, "object")
            self._waiting.append((record, node, pointer, 0 if named else depth))
            return _Held(record, "object")
        return _Held(types.ANYTHING, "")

    def _fill(self, record: types.Record, node: dict[str, Any], pointer: str, depth: int) -> None:
        properties = node.get("properties", {})
        required = node.get("required", [])
        if not isinstance(properties, dict) or not isinstance(required, list):
            raise SchemaError("properties has to be an object and required a list", {"pointer": pointer})
        unknown = [name for name in required if name not in properties]
        if unknown and not properties and pointer != "#":
            self._shapes.note("required", pointer, "it names fields that are described nowhere")
        elif unknown:
            raise SchemaError(
                f"required names {unknown[0]}, which is no property", {"pointer": f"{pointer}/required"}
            )
        self._fields += len(properties)
        if self._fields > _MOST_FIELDS:
            raise SchemaError(f"the schema has more than {_MOST_FIELDS} fields", {"pointer": pointer})
        assert isinstance(record.fields, dict)
        for name, child in properties.items():
            if child is False:
                continue
            record.fields[name] = self._field(child, f"{pointer}/properties/{name}", name in required, depth)

    def _field(self, node: Any, pointer: str, required: bool, depth: int) -> types.FieldSpec:
        held = self._type(node, pointer, "", depth + 1)
        own = node if isinstance(node, dict) else {}
        missing = _missing_values(own, pointer) if "x-missing" in own else self._missing
        nullable = self._shapes.allows_null(own)
        title = own.get("title") or own.get("description") or ""
        limits = None if held.limits == NONE else held.limits
        return types.FieldSpec(held.type, required and not nullable, held.wire, missing, str(title), limits)

    def _kind(self, node: dict[str, Any], pointer: str) -> str:
        kind = node.get("type", "")
        if isinstance(kind, list):
            kinds = [name for name in kind if name != "null"]
            if len(kinds) > 1 and all(name in (*_SCALARS, "object", "array") for name in kinds):
                self._shapes.note(
                    "type",
                    pointer,
                    "it may be one of several: the value is read as any and has to be converted",
                )
                return ""
            kind = kinds[0] if len(kinds) == 1 else None
        if not kind and ("properties" in node or "items" in node):
            return "object" if "properties" in node else "array"
        if not isinstance(kind, str) or kind not in ("", "null", *_SCALARS, "object", "array"):
            raise SchemaError(
                "type has to be one type (and null, where it may be missing)", {"pointer": pointer}
            )
        return kind

    def _is_open(self, node: dict[str, Any], pointer: str) -> bool:
        further = node.get("additionalProperties", False)
        if isinstance(further, dict) and further:
            meaning = "further fields are kept as they come, and can't be mapped by name"
            self._shapes.note("additionalProperties", pointer, meaning)
        return bool(further) or further == {} or ("properties" not in node and "$ref" not in node)


def _fitting(limits: Limits, held: _Held) -> Limits:
    """Limits that speak of such a value: JSON Schema holds a length against texts only."""
    if limits == NONE or held.wire == "" or isinstance(held.type, types.Enum):
        return limits
    return limits if held.wire == "string" else without_text(limits)


def _unit(node: dict[str, Any], pointer: str) -> str | None:
    unit = node.get("x-unit")
    if unit is None:
        return None
    fault = unit_fault(unit) if isinstance(unit, str) else ("x-unit is the code of a unit as a text", ())
    if fault is not None:
        raise SchemaError(fault[0], {"pointer": f"{pointer}/x-unit"})
    return str(unit)


def _currency(node: dict[str, Any], pointer: str) -> str | None:
    currency = node.get("x-currency")
    if currency is None:
        return None
    fault = (
        unknown_currency(currency)
        if isinstance(currency, str)
        else "x-currency is the code of a currency as a text"
    )
    if fault is not None:
        raise SchemaError(fault, {"pointer": f"{pointer}/x-currency"})
    return str(currency)


def _missing_values(node: dict[str, Any], pointer: str) -> tuple[Any, ...]:
    values = node.get("x-missing", [])
    if not isinstance(values, list) or any(isinstance(v, dict | list) for v in values):
        raise SchemaError("x-missing is a list of plain values", {"pointer": pointer})
    return tuple(values)
