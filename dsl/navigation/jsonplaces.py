"""Where a property stands in the text of a JSON Schema: a small reader that keeps offsets."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

_SPACE = re.compile(r"[ \t\r\n]*")
_ATOM = re.compile(r"[^\s,\]}]+")
_DEEPEST = 120


@dataclass(slots=True)
class At:
    """A value and the offset of its first character; objects hold (offset of the key, value)."""

    offset: int
    value: Any


def property_offset(text: str, steps: Sequence[str], field: str) -> int | None:
    """The offset of the name of a property: `steps` are `$defs`, a definition and properties, or properties."""
    try:
        root, _ = _read(text, _skip(text, 0), 0)
    except (ValueError, IndexError, StopIteration, RecursionError):
        return None
    here: At | None = root
    for step in steps:
        found = _definition(root, step) if step.startswith("#/$defs/") else _property(root, here, step, 0)
        here = found[1] if found else None
    found = _property(root, here, field, 0)
    return found[0] + 1 if found else None


def _property(root: At, here: At | None, name: str, depth: int) -> tuple[int, At] | None:
    """A property of a schema, through references, lists and parts of it."""
    if here is None or not isinstance(here.value, dict) or depth > 20:
        return None
    inner = here.value.get("properties")
    if inner and isinstance(inner[1].value, dict) and name in inner[1].value:
        found: tuple[int, At] = inner[1].value[name]
        return found
    for word in ("$ref", "items", "allOf", "oneOf", "anyOf"):
        for part in _parts(root, here, word):
            found_inside = _property(root, part, name, depth + 1)
            if found_inside:
                return found_inside
    return None


def _parts(root: At, here: At, word: str) -> list[At]:
    _, part = here.value.get(word, (0, None))
    if part is None:
        return []
    if word == "$ref":
        found = _definition(root, str(part.value))
        return [found[1]] if found else []
    return part.value if isinstance(part.value, list) else [part]


def _definition(root: At, reference: str) -> tuple[int, At] | None:
    if reference == "#":
        return 0, root
    *_, group, name = ["", *reference.split("/")]
    _, definitions = root.value.get(group, (0, None)) if isinstance(root.value, dict) else (0, None)
    found: tuple[int, At] | None = definitions.value.get(name) if definitions is not None else None
    return found


def _skip(text: str, index: int) -> int:
    found = _SPACE.match(text, index)
    return found.end() if found else index


def _read(text: str, index: int, depth: int) -> tuple[At, int]:
    """The value at an index, and the index after it."""
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    if text[index] == "{":
        return _object(text, index, depth)
    if text[index] == "[":
        return _list(text, index, depth)
    if text[index] == '"':
        value, end = scanstring(text, index + 1)
        return At(index, value), end
    atom = _ATOM.match(text, index)
    if atom is None:
        raise ValueError("no value")
    return At(index, atom.group()), atom.end()


def _object(text: str, start: int, depth: int) -> tuple[At, int]:
    members: dict[str, tuple[int, At]] = {}
    index = _skip(text, start + 1)
    while text[index] != "}":
        key_at = index
        key, index = scanstring(text, index + 1)
        index = _skip(text, _skip(text, index) + 1)
        value, index = _read(text, index, depth + 1)
        members[key] = (key_at, value)
        index = _skip(text, index)
        if text[index] == ",":
            index = _skip(text, index + 1)
    return At(start, members), index + 1


def _list(text: str, start: int, depth: int) -> tuple[At, int]:
    items: list[At] = []
    index = _skip(text, start + 1)
    while text[index] != "]":
        value, index = _read(text, index, depth + 1)
        items.append(value)
        index = _skip(text, index)
        if text[index] == ",":
            index = _skip(text, index + 1)
    return At(start, items), index + 1
