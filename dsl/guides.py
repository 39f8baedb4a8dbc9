"""Guides into types: what a codec reads by a declared layout (X12 now) is typed like any other document.

Shape: README of the codec `x12`. A segment is a record of "01".."99"; segments that may repeat and all
loops are lists; a node of an HL tree has id, parent, level, has_children, children.
"""

from collections.abc import Mapping
from typing import Any

from dsl import types
from dsl.errors import SchemaError

ELEMENTS = tuple(f"{number:02}" for number in range(1, 100))
_ELEMENT_TYPES: Mapping[str, types.Type] = {
    "text": types.TEXT,
    "integer": types.INTEGER,
    "decimal": types.DECIMAL,
    "date": types.DATE,
    "time": types.TIME,
}
_ENVELOPE: Mapping[str, tuple[str, ...]] = {
    "ISA": (
        "Authorization qualifier", "Authorization", "Security qualifier", "Security", "Qualifier of the sender", "Sender",
        "Qualifier of the receiver", "Receiver", "Date", "Time", "Repetition separator or standard", "Version",
        "Control number", "Acknowledgment requested", "Usage (P production, T test)", "Component separator",
    ),
    "GS": ("Functional code", "Sender", "Receiver", "Date", "Time", "Control number", "Agency", "Version"),
    "ST": ("Transaction set", "Control number", "Implementation convention"),
    "SE": ("Number of segments", "Control number"),
}  # fmt: skip
_WIRES = {"integer": "number", "decimal": "number"}
_DEEPEST = 30
Definitions = dict[str, types.Type]


def not_declared(segment: types.Record, element: str) -> bool:
    """Whether a layout declares elements of a segment, but not this one."""
    spec = segment.fields.get(element)
    return (
        element in ELEMENTS
        and segment.open
        and spec is not None
        and not spec.title
        and any(other.title for name, other in segment.fields.items() if name in ELEMENTS)
    )


def read_guide(name: str, guide: Mapping[str, Any]) -> tuple[types.Record, Definitions]:
    """The document's record and its named types, one a loop; raises SchemaError."""
    if guide.get("format") != "x12":
        raise SchemaError(f'format = "{guide.get("format", "")}" is not known to the language; known is x12')
    definitions: Definitions = {}
    envelope = {
        part: _segment_field({"id": part, "required": True, "elements": _titled(part)}) for part in _ENVELOPE
    }
    fields = _group_fields(guide, definitions, name, 0)
    return types.Record(name, {**envelope, **fields}, open=True), definitions


def _titled(part: str) -> dict[str, dict[str, str]]:
    return {f"{number:02}": {"title": title} for number, title in enumerate(_ENVELOPE[part], 1)}


def _group_fields(
    group: Mapping[str, Any], definitions: Definitions, where: str, depth: int
) -> dict[str, types.FieldSpec]:
    """The fields of the segments and loops directly in a group (the whole set or a loop)."""
    if depth > _DEEPEST:
        raise SchemaError("the loops are nested too deeply", {"place": where})
    fields: dict[str, types.FieldSpec] = {}
    for segment in _tables(group, "segment", where):
        name = _id(segment, where)
        fields[name] = _segment_field(segment)
    for loop in _tables(group, "loop", where):
        name = _id(loop, where)
        fields[name] = _loop_field(loop, definitions, where, depth)
    return fields


def _tables(group: Mapping[str, Any], key: str, where: str) -> list[Mapping[str, Any]]:
    entries = group.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SchemaError(f"{key} is written as [[{key}]]", {"place": where})
    return entries


def _id(entry: Mapping[str, Any], where: str) -> str:
    identifier = entry.get("id")
    if not isinstance(identifier, str) or not identifier:
        raise SchemaError("every segment and loop needs an id", {"place": where})
    return identifier


def _segment_field(segment: Mapping[str, Any]) -> types.FieldSpec:
    record = types.Record(segment["id"], _element_fields(segment), open=True)
    repeats = segment.get("max", 1) != 1
    required = bool(segment.get("required", False))
    title = str(segment.get("title", ""))
    if repeats:
        return types.FieldSpec(types.ListOf(record), required, "array", (), title)
    return types.FieldSpec(record, required, "object", (), title)


def _element_fields(segment: Mapping[str, Any]) -> dict[str, types.FieldSpec]:
    declared = segment.get("elements", {})
    if not isinstance(declared, dict):
        raise SchemaError("elements is a table", {"place": segment["id"]})
    unknown = next((number for number in declared if number not in ELEMENTS), None)
    if unknown:
        raise SchemaError(f'an element is named "01" to "99", not "{unknown}"', {"place": segment["id"]})
    return {number: _element(declared.get(number, {}), segment["id"] + number) for number in ELEMENTS}


def _element(declared: Mapping[str, Any], place: str) -> types.FieldSpec:
    kind = declared.get("type", "text")
    if kind not in _ELEMENT_TYPES:
        raise SchemaError(
            f"type {kind} is not known; known are {', '.join(_ELEMENT_TYPES)}", {"place": place}
        )
    of = _ELEMENT_TYPES[kind]
    wire = _WIRES.get(kind, "string")
    if "composite" in declared:
        parts = {part: _element(spec, place) for part, spec in declared["composite"].items()}
        of, wire = types.Record(place, parts, open=True), "object"
    if declared.get("repeat"):
        of, wire = types.ListOf(of), "array"
    title = str(declared.get("title", "")) or (f"Element {place}" if declared else "")
    return types.FieldSpec(of, bool(declared.get("required", False)), wire, ("",), title)


def _loop_field(loop: Mapping[str, Any], definitions: Definitions, where: str, depth: int) -> types.FieldSpec:
    identifier = _id(loop, where)
    fields: dict[str, types.FieldSpec] = {}
    record = types.Record(identifier, fields, open=True)
    definitions.setdefault(identifier, record)
    if loop.get("kind") == "hl":
        fields.update(_node_fields(record))
    elif "kind" in loop:
        raise SchemaError(f'a loop of kind "{loop["kind"]}" is not known; known is hl', {"place": identifier})
    else:
        fields.update(_element_fields({"id": identifier, "elements": loop.get("elements", {})}))
    fields.update(_group_fields(loop, definitions, f"{where}/{identifier}", depth + 1))
    title, required = str(loop.get("title", "")), bool(loop.get("required", False))
    return types.FieldSpec(types.ListOf(record), required, "array", (), title)


def _node_fields(node: types.Record) -> dict[str, types.FieldSpec]:
    def text(required: bool, title: str) -> types.FieldSpec:
        return types.FieldSpec(types.TEXT, required, "string", ("",), title)

    return {
        "id": text(True, "Number of the node (HL01)"),
        "parent": text(False, "Number of the node above (HL02)"),
        "level": text(True, "Level code (HL03)"),
        "has_children": text(False, "Whether nodes follow below (HL04)"),
        "children": types.FieldSpec(types.ListOf(node), False, "array", (), "Nodes below"),
    }
