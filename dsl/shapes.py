"""One shape for a subschema: what JSON Schema says with several keywords and means as one, put together.

Read:    `oneOf` or `anyOf` of one shape and null (the field may be missing), of texts that are constants (an
         enumeration), `allOf` of objects (their fields together), a lone `allOf` around a reference
Refused: whatever would make a value one of several shapes, each keyword by its name and place
"""

from collections.abc import Mapping
from typing import Any

from dsl.errors import SchemaError

Node = dict[str, Any]
REFUSED = (
    "oneOf", "anyOf", "not", "if", "then", "else", "allOf", "patternProperties", "propertyNames", "prefixItems",
    "dependentSchemas", "unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef", "contains",
    "dependencies", "additionalItems", "extends", "disallow",
)  # fmt: skip
_NOTES = ("title", "description", "examples", "default", "deprecated", "$comment", "x-missing")
_DEEPEST = 60
PREFIXES = ("#/$defs/", "#/definitions/")


class Shapes:
    """The subschemas of one document."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._open: list[str] = []

    def one(self, node: Node, pointer: str) -> tuple[Node, bool]:
        """The subschema with one shape, and whether null is allowed beside it; SchemaError where it has several."""
        nullable = self.allows_null(node)
        for _ in range(_DEEPEST):
            keyword = next((k for k in ("oneOf", "anyOf", "allOf") if k in node), "")
            if not keyword:
                break
            branches = self._branches(node, keyword, pointer)
            rest = {name: value for name, value in node.items() if name != keyword}
            merge = self._all_of if keyword == "allOf" else self._one_of
            node = merge(rest, branches, f"{pointer}/{keyword}", keyword)
        refuse_shapes(node, pointer)
        return node, nullable

    def allows_null(self, node: Any, depth: int = 0) -> bool:
        """Whether null is one of the values of a subschema."""
        if not isinstance(node, dict) or depth > _DEEPEST:
            return False
        kind, values = node.get("type"), node.get("enum", [])
        if (
            kind == "null"
            or (isinstance(kind, list) and "null" in kind)
            or (isinstance(values, list) and None in values)
        ):
            return True
        if "const" in node and node["const"] is None:
            return True
        branches = [*_list(node, "oneOf"), *_list(node, "anyOf")]
        if any(self.allows_null(branch, depth + 1) for branch in branches):
            return True
        target = self._target(node.get("$ref"))
        return target is not None and self.allows_null(target, depth + 1)

    def _target(self, reference: Any) -> Any:
        name = definition_name(reference)
        return None if name is None else self._definitions.get(name)

    def _branches(self, node: Node, keyword: str, pointer: str) -> list[Node]:
        branches = node[keyword]
        if not isinstance(branches, list) or not branches or not all(isinstance(b, dict) for b in branches):
            raise SchemaError(
                f"{keyword} is not supported: describe one shape", {"pointer": f"{pointer}/{keyword}"}
            )
        return branches

    def _one_of(self, rest: Node, branches: list[Node], pointer: str, keyword: str) -> Node:
        """One shape and null, or texts that are constants; every other choice is refused."""
        shapes = [branch for branch in branches if not _is_null(branch)]
        if len(shapes) == 1:
            return {**shapes[0], **rest}
        values = [value for branch in shapes for value in _texts(branch)]
        if shapes and all(_texts(branch) for branch in shapes):
            return {**rest, "enum": list(dict.fromkeys(values))}
        raise SchemaError(f"{keyword} is not supported: describe one shape", {"pointer": pointer})

    def _all_of(self, rest: Node, branches: list[Node], pointer: str, _keyword: str) -> Node:
        """The fields of several objects together."""
        parts = [part for part in [rest, *branches] if set(part) - set(_NOTES)]
        notes = {name: part[name] for part in [*branches, rest] for name in _NOTES if name in part}
        if len(parts) <= 1:
            return {**(parts[0] if parts else {}), **notes}
        merged: Node = {"type": "object", "properties": {}, "required": []}
        for number, part in enumerate(parts):
            self._add(merged, self._object(part, f"{pointer}/{number}"), f"{pointer}/{number}")
        return {**merged, **notes}

    def _object(self, part: Node, pointer: str) -> Node:
        """A part of an `allOf` as an object, what it refers to included."""
        if "allOf" in part:
            rest = {name: value for name, value in part.items() if name != "allOf"}
            part = self._all_of(rest, self._branches(part, "allOf", pointer), pointer, "allOf")
        if "$ref" in part:
            return self._referred(part, pointer)
        refuse_shapes(part, pointer)
        if part.get("type", "object") != "object" or "enum" in part or "const" in part or "x-type" in part:
            raise SchemaError("allOf is supported for objects only", {"pointer": pointer})
        return part

    def _referred(self, part: Node, pointer: str) -> Node:
        """A part that refers to a definition, with what it says beside."""
        reference = part["$ref"]
        target = self._target(reference)
        if not isinstance(target, dict):
            raise SchemaError(
                f"{reference} is refused: a $ref stays in its file, as #/$defs/...", {"pointer": pointer}
            )
        if reference in self._open or len(self._open) > _DEEPEST:
            raise SchemaError(f"{reference} refers to itself through allOf", {"pointer": pointer})
        self._open.append(reference)
        inner = self._object(target, pointer)
        self._open.pop()
        merged: Node = {"type": "object", "properties": {}, "required": []}
        self._add(merged, inner, pointer)
        self._add(merged, {name: value for name, value in part.items() if name != "$ref"}, pointer)
        return merged

    def _add(self, merged: Node, part: Node, pointer: str) -> None:
        for name, field in part.get("properties", {}).items():
            known = merged["properties"].get(name)
            if known is not None and known != field:
                raise SchemaError(
                    f"allOf describes {name} twice, in two ways", {"pointer": f"{pointer}/properties/{name}"}
                )
            merged["properties"][name] = field
        merged["required"] = list(dict.fromkeys([*merged["required"], *part.get("required", [])]))
        if "additionalProperties" in part:
            merged["additionalProperties"] = (
                merged.get("additionalProperties", True) and part["additionalProperties"]
            )


def refuse_shapes(node: Mapping[str, Any], pointer: str) -> None:
    """SchemaError for a keyword that leaves more than one shape."""
    refused = next((keyword for keyword in REFUSED if keyword in node), None)
    if refused:
        raise SchemaError(
            f"{refused} is not supported: describe one shape", {"pointer": f"{pointer}/{refused}"}
        )


def definition_name(reference: Any) -> str | None:
    """The name a reference inside the file points at, None for every other reference."""
    prefix = next((p for p in PREFIXES if isinstance(reference, str) and reference.startswith(p)), None)
    return None if prefix is None else reference[len(prefix) :].replace("~1", "/").replace("~0", "~")


def _list(node: Node, keyword: str) -> list[Any]:
    value = node.get(keyword)
    return value if isinstance(value, list) else []


def _is_null(branch: Node) -> bool:
    return (
        branch.get("type") == "null"
        or ("const" in branch and branch["const"] is None)
        or branch.get("enum") == [None]
    )


def _texts(branch: Node) -> list[str]:
    values = branch.get("enum", [branch["const"]] if "const" in branch else [])
    return values if isinstance(values, list) and all(isinstance(value, str) for value in values) else []
