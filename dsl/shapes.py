"""One shape for a subschema: what JSON Schema says with several keywords and means as one, put together.

Read:     `oneOf` or `anyOf` of one shape and null (the field may be missing), of texts that are constants (an
          enumeration), of several objects (the fields of all, those that not every one requires may be missing);
          `allOf` of objects (their fields together) and of limits
Not held: every other keyword that says more than one shape can is noted with its place and what that means for
          the analyst; nothing is read over in silence
Bounded:  putting together is counted, so that references that multiply can't exhaust a worker
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from dsl.errors import SchemaError
from dsl.limits import KEYWORDS as LIMITS
from dsl.program import Unheld
from dsl.schemarefs import References

Node = dict[str, Any]
_CHECK = "a map that has to hold it says so with a check"
UNHELD: Mapping[str, str] = {
    **dict.fromkeys(
        ("if", "then", "else", "not", "dependentSchemas", "dependentRequired", "dependencies"), _CHECK
    ),
    **dict.fromkeys(
        ("contains", "minContains", "maxContains", "minProperties", "maxProperties", "disallow"), _CHECK
    ),
    **dict.fromkeys(
        ("propertyNames", "unevaluatedProperties", "unevaluatedItems", "extends"), "values are not held to it"
    ),
    "patternProperties": "fields that only it describes are kept unread, and can't be mapped by name",
    "prefixItems": "the items are read as any and have to be converted",
    "additionalItems": "the items are read as any and have to be converted",
    "$dynamicRef": "the value is read as any and has to be converted",
    "$recursiveRef": "the value is read as any and has to be converted",
}
NOTES = frozenset(
    {
        "title", "description", "examples", "example", "default", "deprecated", "readOnly", "writeOnly", "$comment", "$schema",
        "$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary", "format", "contentEncoding",
        "contentMediaType", "contentSchema", "nullable", "discriminator", "externalDocs", "xml", "components",
    }
)  # fmt: skip
_SHAPES = frozenset(
    {
        "type", "properties", "required", "additionalProperties", "items", "enum", "const", "$ref", "oneOf", "anyOf", "allOf",
        "$defs", "definitions",
    }
)  # fmt: skip
_KNOWN = frozenset({*UNHELD, *NOTES, *_SHAPES, *LIMITS})
_OWN = frozenset({"x-missing", "x-type", "x-unit", "x-currency"})
_DEEPEST = 60
_MOST_STEPS = 100_000
_STRICTER = {
    **dict.fromkeys(("minLength", "minimum", "exclusiveMinimum", "minItems"), max),
    **dict.fromkeys(("maxLength", "maximum", "exclusiveMaximum", "maxItems"), min),
}


class Shapes:
    """The subschemas of one document; `unheld` grows with what could not be put into a shape."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._open: list[str] = []
        self._steps = 0
        self._null: dict[int, tuple[Node, bool]] = {}
        self.unheld: dict[tuple[str, str], Unheld] = {}

    def note(self, keyword: str, pointer: str, meaning: str) -> None:
        """A keyword that values are not held to."""
        place = f"{pointer}/{keyword}"
        self.unheld.setdefault((keyword, place), Unheld(keyword, place, meaning))

    def one(self, node: Node, pointer: str) -> Node:
        """The subschema with one shape."""
        for _ in range(_DEEPEST):
            keyword = next((k for k in ("allOf", "oneOf", "anyOf") if k in node), "")
            if not keyword:
                break
            self._step()
            branches = self._branches(node, keyword, pointer)
            rest = {name: value for name, value in node.items() if name != keyword}
            merge = self._all_of if keyword == "allOf" else self._one_of
            node = merge(rest, branches, pointer, keyword)
        return self.plain(node, pointer)

    def plain(self, node: Node, pointer: str) -> Node:
        """The node without what can't be held, which is noted; a misspelt keyword is noted as well."""
        for name in node:
            if name in UNHELD:
                self.note(name, pointer, UNHELD[name])
            elif name not in _KNOWN and name not in _OWN:
                self._unknown(name, pointer)
        loose = {"items": True} if "prefixItems" in node else {}
        return {**{name: value for name, value in node.items() if name not in UNHELD}, **loose}

    def _unknown(self, name: str, pointer: str) -> None:
        known = _OWN if name.startswith("x-") else _KNOWN
        close = get_close_matches(name, sorted(known), n=1, cutoff=0.8)
        if close:
            self.note(name, pointer, f"it is no keyword; did you mean {close[0]}?")
        elif not name.startswith(("x-", "$", "@")):
            self.note(name, pointer, "it is no keyword of JSON Schema; a note of your own begins with x-")

    def _step(self) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise SchemaError("the schema refers to itself so often that it can't be put together")

    def allows_null(self, node: Any, depth: int = 0) -> bool:
        """Whether null is one of the values of a subschema."""
        if not isinstance(node, dict) or depth > _DEEPEST:
            return False
        if id(node) not in self._null:
            self._null[id(node)] = node, False
            self._null[id(node)] = node, self._says_null(node, depth)
        return self._null[id(node)][1]

    def _says_null(self, node: Node, depth: int) -> bool:
        kind, values = node.get("type"), node.get("enum", [])
        if kind == "null" or (isinstance(kind, list) and "null" in kind) or node.get("nullable") is True:
            return True
        if (isinstance(values, list) and None in values) or ("const" in node and node["const"] is None):
            return True
        branches = [*_list(node, "oneOf"), *_list(node, "anyOf")]
        if any(self.allows_null(branch, depth + 1) for branch in branches):
            return True
        return "$ref" in node and self.allows_null(self._references.find(node["$ref"]).node, depth + 1)

    def _branches(self, node: Node, keyword: str, pointer: str) -> list[Node]:
        branches = node[keyword]
        if not isinstance(branches, list) or not branches or not all(isinstance(b, dict) for b in branches):
            raise SchemaError(f"{keyword} has to be a list of schemas", {"pointer": f"{pointer}/{keyword}"})
        return branches

    # ------------------------------------------------------------ oneOf, anyOf

    def _one_of(self, rest: Node, branches: list[Node], pointer: str, keyword: str) -> Node:
        """One shape and null, constants, objects with all their fields; of anything else only what stands beside it."""
        shapes = [branch for branch in branches if not _is_null(branch)]
        if len(shapes) == 1:
            return {**shapes[0], **rest}
        values = [value for branch in shapes for value in _texts(branch)]
        if shapes and all(_texts(branch) for branch in shapes):
            return {**rest, "enum": list(dict.fromkeys(values))}
        if all(set(branch) <= {"required", *NOTES} for branch in shapes) and _has_shape(rest):
            self.note(keyword, pointer, f"which of these fields has to be there is not checked; {_CHECK}")
            return rest
        objects = self._objects(shapes, f"{pointer}/{keyword}")
        if objects is not None and rest.get("type", "object") == "object" and "$ref" not in rest:
            self.note(
                keyword,
                pointer,
                f"the fields of all its forms are read, which form it is is not checked; {_CHECK}",
            )
            return self._any_object(rest, objects)
        if _has_shape(rest):
            self.note(keyword, pointer, _CHECK)
            return rest
        self.note(
            keyword, pointer, "several shapes are possible: the value is read as any and has to be converted"
        )
        return {name: value for name, value in rest.items() if name in NOTES or name in _OWN}

    def _objects(self, branches: list[Node], pointer: str) -> list[Node] | None:
        """The branches with what they refer to, None where one of them is no object."""
        found: list[Node] = []
        for number, branch in enumerate(branches):
            part = self._spread(branch, f"{pointer}/{number}")
            if part is None or not _is_object(part) or "properties" not in part:
                return None
            found.append(part)
        return found

    def _any_object(self, rest: Node, objects: list[Node]) -> Node:
        """The fields of all; one that two describe differently may be anything; required is what all require."""
        fields: Node = {}
        for part in objects:
            for name, field in part["properties"].items():
                fields[name] = field if fields.get(name, field) == field else _either(fields[name], field)
        common = [
            name
            for name in _list(objects[0], "required")
            if all(name in _list(p, "required") for p in objects)
        ]
        fields.update(rest.get("properties", {}))
        is_open = any(part.get("additionalProperties", True) for part in objects)
        merged = {"type": "object", "additionalProperties": is_open, **rest, "properties": fields}
        return {**merged, "required": list(dict.fromkeys([*_list(rest, "required"), *common]))}

    # ------------------------------------------------------------ allOf

    def _all_of(self, rest: Node, branches: list[Node], pointer: str, _keyword: str) -> Node:
        """What stands in all parts together."""
        kept = {*NOTES, "x-missing"}
        notes = {name: value for part in [*branches, rest] for name, value in part.items() if name in kept}
        parts = []
        for number, part in enumerate([rest, *branches]):
            place = pointer if number == 0 else f"{pointer}/allOf/{number - 1}"
            if any(k in part for k in ("oneOf", "anyOf", "allOf")) or set(part) & set(UNHELD):
                part = self.one(part, place)
            if set(part) - NOTES - {"x-missing", "$defs", "definitions"}:
                parts.append((place, part))
        if len(parts) <= 1:
            return {**(parts[0][1] if parts else {}), **notes}
        merged: Node = {}
        for place, part in parts:
            whole = self._spread(part, place)
            self._add(merged, {} if whole is None else whole, place)
        return {**merged, **notes}

    def _spread(self, part: Node, pointer: str) -> Node | None:
        """A part with what it refers to put in its place."""
        self._step()
        if "allOf" in part or "oneOf" in part or "anyOf" in part:
            part = self.one(part, pointer)
        if "$ref" not in part:
            return self.plain(part, pointer)
        found = self._references.find(part["$ref"], pointer)
        if found.pointer in self._open or len(self._open) > _DEEPEST:
            raise SchemaError(f"{part['$ref']} refers to itself through allOf", {"pointer": pointer})
        if not isinstance(found.node, dict):
            return None
        self._open.append(found.pointer)
        inner = self._spread(found.node, found.pointer)
        self._open.pop()
        merged: Node = {}
        self._add(merged, inner or {}, pointer)
        self._add(
            merged,
            self.plain({name: value for name, value in part.items() if name != "$ref"}, pointer),
            pointer,
        )
        return merged

    def _add(self, merged: Node, part: Node, pointer: str) -> None:
        for name, value in part.items():
            if (
                name in NOTES
                or name in ("$defs", "definitions")
                or (name.startswith("x-") and name not in _OWN)
            ):
                continue
            if name == "properties":
                self._add_fields(merged, value, pointer)
            elif name == "required":
                merged[name] = list(dict.fromkeys([*_list(merged, name), *_list(part, name)]))
            elif name == "enum" and isinstance(merged.get(name), list) and isinstance(value, list):
                merged[name] = [allowed for allowed in merged[name] if allowed in value]
            elif name == "items" and merged.get(name, value) != value:
                merged[name] = {"allOf": [merged[name], value]}
            elif name == "additionalProperties":
                merged[name] = merged.get(name, True) and value
            elif name in _STRICTER and name in merged:
                merged[name] = _STRICTER[name](merged[name], value)
            elif merged.setdefault(name, value) != value:
                raise SchemaError(f"allOf says {name} twice, in two ways", {"pointer": pointer})

    def _add_fields(self, merged: Node, fields: Any, pointer: str) -> None:
        known = merged.setdefault("properties", {})
        if not isinstance(fields, dict):
            raise SchemaError("properties has to be an object", {"pointer": pointer})
        merged["properties"] = known = {**known}
        for name, field in fields.items():
            first = known.setdefault(name, field)
            if first != field:
                known[name] = {"allOf": [first, field]}


def _either(one: Any, other: Any) -> Node:
    first = one["anyOf"] if isinstance(one, dict) and set(one) == {"anyOf"} else [one]
    return {"anyOf": [*first, other]} if other not in first else {"anyOf": first}


def _is_object(part: Node) -> bool:
    return part.get("type", "object") == "object" and not {"enum", "const", "x-type", "items"} & set(part)


def _has_shape(rest: Node) -> bool:
    return bool({"type", "properties", "$ref", "enum", "const", "x-type", "items"} & set(rest))


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
