"""The guide of a transaction set: a TOML mapping -> checked declarations. The format is in README.md."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.errors import GuideError

ENVELOPE = ("ISA", "GS", "ST", "SE", "GE", "IEA")
TYPES = ("text", "integer", "decimal", "date", "time")
_ID = re.compile(r"[A-Z][A-Z0-9]{1,2}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NODE_FIELDS = ("id", "parent", "level", "has_children", "children", "unexpected")
_ROOT_KEYS = {"format", "transaction", "version", "title", "segment", "loop"}
_SEGMENT_KEYS = {"id", "title", "required", "max", "after", "elements"}
_LOOP_KEYS = {"id", "trigger", "kind", "title", "required", "max", "elements", "segment", "loop"}
_ELEMENT_KEYS = {"title", "required", "type", "implied", "composite", "repeat", "count"}


@dataclass(frozen=True, slots=True)
class ElementSpec:
    """One element, or one component of a composite."""

    required: bool = False
    type: str = "text"
    implied: int | None = None
    composite: Mapping[str, "ElementSpec"] = field(default_factory=dict)
    repeat: bool = False
    count: str = ""


@dataclass(frozen=True, slots=True)
class SegmentSpec:
    """One segment of a level; `place` orders it among the loops. `most` 0 is no limit."""

    id: str
    required: bool
    most: int
    place: float
    elements: Mapping[str, ElementSpec]


@dataclass(frozen=True, slots=True)
class LoopSpec:
    """One loop, or the whole transaction set: segments and inner loops by segment id; `parts` in written order."""

    id: str
    trigger: str
    is_hl: bool
    required: bool
    most: int
    place: float
    elements: Mapping[str, ElementSpec]
    segments: Mapping[str, SegmentSpec]
    loops: Mapping[str, "LoopSpec"]
    parts: tuple["SegmentSpec | LoopSpec", ...] = ()


@dataclass(frozen=True, slots=True)
class Guide:
    """One transaction set."""

    transaction: str
    version: str
    root: LoopSpec


def read_guide(content: Mapping[str, Any]) -> Guide:
    """Check a guide and resolve its order.

    Errors: GuideError
    """
    _keys(content, _ROOT_KEYS, "guide")
    if content.get("format") != "x12":
        raise GuideError('guide: format must be "x12"', {"place": "format"})
    transaction = _text(content, "transaction", "guide")
    if not re.fullmatch(r"[0-9A-Z]{3}", transaction):
        raise GuideError("guide: transaction must be three characters, such as 856", {"place": "transaction"})
    root = _loop({**_level(content), "id": "set", "trigger": "ST"}, "guide", 0, 0, False)
    return Guide(transaction, str(content.get("version", "")), root)


def _level(content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: content[key] for key in ("segment", "loop") if key in content}


def _loop(content: Mapping[str, Any], at: str, place: float, depth: int, is_loop: bool = True) -> LoopSpec:
    _keys(content, _LOOP_KEYS, at)
    name = _text(content, "id", at)
    at = f"{at} > {name}" if is_loop else at
    kind = content.get("kind", "")
    if kind not in ("", "hl") or not _NAME.fullmatch(name) or depth > 10:
        raise GuideError(
            f'{at}: kind may only be "hl", an id is a plain name, loops nest 10 deep', {"place": at}
        )
    loops = _loops(content, at, depth)
    segments = _segments(content, at, loops)
    trigger = "HL" if kind == "hl" else str(content.get("trigger", name))
    spec = LoopSpec(
        name,
        trigger,
        kind == "hl",
        _flag(content, "required", at),
        _number(content, "max", 0, at),
        place,
        _elements(content.get("elements", {}), at),
        segments,
        loops,
        tuple(sorted([*segments.values(), *loops.values()], key=lambda part: part.place)),
    )
    _check_level(spec, at)
    return spec


def _loops(content: Mapping[str, Any], at: str, depth: int) -> dict[str, LoopSpec]:
    loops: dict[str, LoopSpec] = {}
    for place, inner in enumerate(_tables(content, "loop", at), 1):
        loop = _loop(inner, at, place, depth + 1)
        if loop.trigger in loops or not _ID.fullmatch(loop.trigger) or loop.trigger in ENVELOPE:
            raise GuideError(f"{at}: the trigger {loop.trigger} is taken or no segment id", {"place": at})
        loops[loop.trigger] = loop
    return loops


def _segments(content: Mapping[str, Any], at: str, loops: Mapping[str, LoopSpec]) -> dict[str, SegmentSpec]:
    places = {loop.id: loop.place for loop in loops.values()}
    segments: dict[str, SegmentSpec] = {}
    tables = _tables(content, "segment", at)
    for number, table in enumerate(tables):
        _keys(table, _SEGMENT_KEYS, at)
        name = _text(table, "id", at)
        after = table.get("after")
        if not _ID.fullmatch(name) or name in ENVELOPE or name in segments or (after and after not in places):
            raise GuideError(f"{at}: segment {name} is taken, no id, or `after` names no loop", {"place": at})
        place = (places[after] if after else 0) + (number + 1) / (len(tables) + 2)
        inside = f"{at} > {name}"
        segments[name] = SegmentSpec(
            name,
            _flag(table, "required", inside),
            _number(table, "max", 1, inside),
            place,
            _elements(table.get("elements", {}), inside),
        )
    return segments


def _check_level(spec: LoopSpec, at: str) -> None:
    """No two fields of one name, and no segment that could go two ways."""
    names = [*spec.segments, *(loop.id for loop in spec.loops.values())]
    taken = _NODE_FIELDS if spec.is_hl else ("unexpected",)
    clash = [name for name in names if names.count(name) > 1 or name in taken or name in ENVELOPE]
    clash += [trigger for trigger in spec.loops if trigger in spec.segments]
    if clash:
        raise GuideError(f"{at}: two fields or segments are called {clash[0]}", {"place": at})


def _elements(content: Any, at: str, component: bool = False) -> dict[str, ElementSpec]:
    if not isinstance(content, Mapping):
        raise GuideError(f"{at}: elements must be a table", {"place": at})
    pattern = r"[1-9][0-9]?" if component else r"[0-9][1-9]|[1-9]0"
    for key in content:
        if not re.fullmatch(pattern, key):
            raise GuideError(f'{at}: {key!r} is no element; they are "01" to "99"', {"place": at})
    return {key: _element(value, f"{at}{key}") for key, value in content.items()}


def _element(content: Any, at: str) -> ElementSpec:
    if not isinstance(content, Mapping):
        raise GuideError(f"{at}: an element must be a table", {"place": at})
    _keys(content, _ELEMENT_KEYS, at)
    kind = content.get("type", "text")
    implied = content.get("implied")
    if kind not in TYPES or (implied is not None and (kind != "decimal" or implied not in range(10))):
        raise GuideError(f"{at}: type is one of {', '.join(TYPES)}; implied is for decimal", {"place": at})
    composite = _elements(content.get("composite", {}), at, component=True)
    repeat, count = _flag(content, "repeat", at), str(content.get("count", ""))
    return ElementSpec(_flag(content, "required", at), kind, implied, composite, repeat, count)


def _keys(content: Mapping[str, Any], known: set[str], at: str) -> None:
    if unknown := sorted(set(content) - known):
        raise GuideError(
            f"{at}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}", {"place": at}
        )


def _tables(content: Mapping[str, Any], key: str, at: str) -> Sequence[Mapping[str, Any]]:
    tables = content.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
        raise GuideError(f"{at}: {key} must be [[{key}]]", {"place": at})
    return tables


def _text(content: Mapping[str, Any], key: str, at: str) -> str:
    value = content.get(key)
    if not isinstance(value, str) or not value:
        raise GuideError(f"{at}: {key} is missing", {"place": at})
    return value


def _flag(content: Mapping[str, Any], key: str, at: str) -> bool:
    value = content.get(key, False)
    if not isinstance(value, bool):
        raise GuideError(f"{at}: {key} must be true or false", {"place": at})
    return value


def _number(content: Mapping[str, Any], key: str, default: int, at: str) -> int:
    value = content.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise GuideError(f"{at}: {key} must be 0 or more", {"place": at})
    return value
