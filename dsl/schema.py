"""Schemas into types: JSON Schema (2020-12, the part that describes data) and guides of other formats.

Shape:   see dsl.types; `$defs` become the named types of the schema
Missing: `x-missing` on the root counts for every field, on a property for that field
Refused: whatever would make a value one of several shapes (`shapes` says which), references outside the
         file, unknown formats of ours
Not held: what limits a value and not its shape (maxLength, pattern, minimum, uniqueItems ...) is read over;
         a map that has to hold it says so with a `check`
Errors:  SchemaError with the JSON pointer or the line in details
"""

import json
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from dsl import types
from dsl.errors import SchemaError
from dsl.guides import read_guide
from dsl.program import Schema
from dsl.shapes import Shapes, definition_name

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
        guide = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SchemaError(f"not TOML: {error}") from None
    record, definitions = read_guide(named[0], guide)
    return Schema(named[0], named[1], path, record, definitions, guide)


class _JsonSchema:
    """One document being read; named types are made once, so that they may refer to themselves."""

    def __init__(self, name: str, document: dict[str, Any]) -> None:
        self._name = name
        self._document = document
        self._definitions: dict[str, Any] = {}
        for key in ("definitions", "$defs"):
            if not isinstance(document.get(key, {}), dict):
                raise SchemaError(f"{key} has to be an object", {"pointer": f"#/{key}"})
            self._definitions.update(document.get(key, {}))
        self._shapes = Shapes(self._definitions)
        self._missing = _missing_values(document, "#")
        self._made: dict[str, types.Type] = {}
        self._wires: dict[str, str] = {}
        self._making: set[str] = set()

    def read(self, path: str, version: str) -> Schema:
        """The root has to describe an object."""
        self._document, _ = self._shapes.one(self._document, "#")
        self._made["#"] = root = types.Record(self._name, {}, _is_open(self._document))
        self._wires["#"] = "object"
        if self._document.get("type") != "object" and "$ref" not in self._document:
            raise SchemaError('the root of a schema needs "type": "object"', {"pointer": "#"})
        if "$ref" in self._document:
            made, _ = self._type(self._document, "#", "", 0)
            if not isinstance(made, types.Record):
                raise SchemaError("the root of a schema has to be an object", {"pointer": "#/$ref"})
            root = made
        else:
            self._fill(root, self._document, "#", 0)
        definitions = {name: self._definition(name, 0)[0] for name in self._definitions}
        return Schema(self._name, version, path, root, definitions)

    def _definition(self, name: str, depth: int) -> tuple[types.Type, str]:
        if name not in self._definitions:
            raise SchemaError(f"$defs has no {name}", {"pointer": f"#/$defs/{name}"})
        if name not in self._made:
            if name in self._making:
                raise SchemaError(f"{name} refers to itself without a record between", {"pointer": f"#/$defs/{name}"})
            self._making.add(name)
            self._made[name], self._wires[name] = self._type(
                self._definitions[name], f"#/$defs/{name}", name, depth + 1
            )
        return self._made[name], self._wires[name]

    def _type(self, node: Any, pointer: str, name: str, depth: int) -> tuple[types.Type, str]:
        """The type of a subschema and how its values stand in a document."""
        if node is True:
            return types.ANYTHING, ""
        if not isinstance(node, dict):
            raise SchemaError("a schema is an object", {"pointer": pointer})
        if depth > _DEEPEST:
            raise SchemaError("the schema is nested too deeply", {"pointer": pointer})
        node, _ = self._shapes.one(node, pointer)
        if "$ref" in node:
            return self._reference(node["$ref"], pointer, depth)
        if "enum" in node or "const" in node:
            return self._enum(node, pointer, name)
        if "x-type" in node:
            return self._own(node, pointer)
        return self._plain(node, pointer, name, depth)

    def _reference(self, reference: Any, pointer: str, depth: int) -> tuple[types.Type, str]:
        if reference == "#":
            return self._made["#"], "object"
        name = definition_name(reference)
        if name is None:
            raise SchemaError(
                f"{reference} is refused: a $ref stays in its file, as #/$defs/...", {"pointer": pointer}
            )
        return self._definition(name, depth)

    def _enum(self, node: dict[str, Any], pointer: str, name: str) -> tuple[types.Type, str]:
        values = node.get("enum", [node.get("const")])
        given = [value for value in values if value is not None] if isinstance(values, list) else []
        if given and all(isinstance(value, str) for value in given):
            return types.Enum(name, tuple(dict.fromkeys(given))), "string"
        for kind, wanted in (("boolean", bool), ("integer", int), ("number", int | Decimal)):
            if given and all(isinstance(value, wanted) and (kind == "boolean") == isinstance(value, bool) for value in given):
                return _SCALARS[kind]
        raise SchemaError("the values of an enum have to be texts, or all numbers, or all true or false", {"pointer": pointer})

    def _own(self, node: dict[str, Any], pointer: str) -> tuple[types.Type, str]:
        kind = node["x-type"]
        if kind == "quantity":
            return types.Quantity(node.get("x-unit")), "object"
        if kind == "money":
            return types.Money(node.get("x-currency")), "object"
        if kind not in _OWN_TYPES:
            known = ", ".join(["quantity", "money", *_OWN_TYPES])
            raise SchemaError(f"x-type {kind} is not known; known are {known}", {"pointer": pointer})
        wire = "number" if _kind(node, pointer) in ("number", "integer") else "string"
        return _OWN_TYPES[kind], "" if kind == "any" else wire

    def _plain(self, node: dict[str, Any], pointer: str, name: str, depth: int) -> tuple[types.Type, str]:
        kind = _kind(node, pointer)
        if kind == "string" and node.get("format") in _FORMATS:
            return _FORMATS[node["format"]], "string"
        if kind in _SCALARS:
            return _SCALARS[kind]
        if kind == "array":
            item, _ = self._type(node.get("items", True), f"{pointer}/items", name, depth + 1)
            return types.ListOf(types.present(item)), "array"
        if kind == "object":
            record = types.Record(name or pointer.rpartition("/")[2], {}, _is_open(node))
            if pointer == f"#/$defs/{name}":
                self._made[name], self._wires[name] = record, "object"
            self._fill(record, node, pointer, depth)
            return record, "object"
        return types.ANYTHING, ""

    def _fill(self, record: types.Record, node: dict[str, Any], pointer: str, depth: int) -> None:
        properties = node.get("properties", {})
        required = node.get("required", [])
        if not isinstance(properties, dict) or not isinstance(required, list):
            raise SchemaError("properties has to be an object and required a list", {"pointer": pointer})
        unknown = [name for name in required if name not in properties]
        if unknown:
            raise SchemaError(f"required names {unknown[0]}, which is no property", {"pointer": f"{pointer}/required"})
        fields = {
            name: self._field(child, f"{pointer}/properties/{name}", name in required, depth)
            for name, child in properties.items()
        }
        assert isinstance(record.fields, dict)
        record.fields.update(fields)

    def _field(self, node: Any, pointer: str, required: bool, depth: int) -> types.FieldSpec:
        of, wire = self._type(node, pointer, "", depth + 1)
        own = node if isinstance(node, dict) else {}
        missing = _missing_values(own, pointer) if "x-missing" in own else self._missing
        nullable = self._shapes.allows_null(own)
        title = own.get("title") or own.get("description") or ""
        return types.FieldSpec(of, required and not nullable, wire, missing, str(title))


def _kind(node: dict[str, Any], pointer: str) -> str:
    kind = node.get("type", "")
    if isinstance(kind, list):
        kinds = [name for name in kind if name != "null"]
        kind = kinds[0] if len(kinds) == 1 else None
    if not kind and ("properties" in node or "items" in node):
        return "object" if "properties" in node else "array"
    if not isinstance(kind, str) or kind not in ("", *_SCALARS, "object", "array"):
        raise SchemaError("type has to be one type (and null, where it may be missing)", {"pointer": pointer})
    return kind


def _missing_values(node: dict[str, Any], pointer: str) -> tuple[Any, ...]:
    values = node.get("x-missing", [])
    if not isinstance(values, list) or any(isinstance(v, dict | list) for v in values):
        raise SchemaError("x-missing is a list of plain values", {"pointer": pointer})
    return tuple(values)


def _is_open(node: dict[str, Any]) -> bool:
    return bool(node.get("additionalProperties", False)) or ("properties" not in node and "$ref" not in node)
