"""A schema proposed from samples: what every field was, how often it was there, and what is for people to decide.

Codes stay text: a number in quotes is text however it looks, only a decimal point makes it a number.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from dsl.errors import ExchangeError

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_DEEPEST, _MOST_FIELDS, _MOST_VALUES = 60, 5_000, 200
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d(:\d\d)?", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9]\d*)\.\d+", re.ASCII)
_WHOLE = re.compile(r"-?(0|[1-9]\d*)", re.ASCII)
_EMPTY_DATES = ("00000000", "0000-00-00")
_SAP_DATE = re.compile(r"(19|20)\d{6}", re.ASCII)
_NAMES = {
    "text": "text",
    "integer": "whole number",
    "decimal": "number",
    "boolean": "true or false",
    "object": "record",
    "array": "list",
}


@dataclass(frozen=True, slots=True)
class FieldNote:
    """What the samples say of one field: `present` of `of` times, with an example and what to look at."""

    path: str
    type: str
    present: int
    of: int
    example: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A JSON Schema to look at before it is taken, and a line for each of its fields."""

    schema: dict[str, Any]
    fields: tuple[FieldNote, ...]
    samples: int


@dataclass(slots=True)
class _Seen:
    """All values that stood at one place."""

    count: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)
    example: str = ""
    children: dict[str, "_Seen"] = field(default_factory=dict)
    items: "_Seen | None" = None
    blanks: int = 0

    def merge(self, other: "_Seen") -> None:
        """Take in what another place saw."""
        self.count += other.count
        self.kinds += other.kinds
        self.texts += other.texts
        self.blanks += other.blanks
        self.example = self.example or other.example
        for name, child in other.children.items():
            self.children.setdefault(name, _Seen()).merge(child)
        if other.items is not None:
            self.items = self.items or _Seen()
            self.items.merge(other.items)


def infer_schema(samples: Sequence[Any], name: str, version: str = "v1") -> Proposal:
    """The schema of decoded samples; ExchangeError where they are no records or have too many fields."""
    if not samples:
        raise ExchangeError("a schema is inferred from at least one sample")
    records = [record for sample in samples for record in (sample if isinstance(sample, list) else [sample])]
    if not records or not all(isinstance(record, Mapping) for record in records):
        raise ExchangeError("a sample has to be a record of fields, or a list of them")
    return _Inference(name, version).propose(records)


def infer_from_rows(
    head: Sequence[str], rows: Sequence[Sequence[str]], name: str, version: str = "v1"
) -> Proposal:
    """The schema of a CSV or sheet with a line of names; every cell is text."""
    names = [cell.strip() for cell in head]
    if not all(names) or len(set(names)) != len(names):
        raise ExchangeError("every column needs a name of its own in the first line")
    records = [dict(zip(names, row, strict=False)) for row in rows if any(cell.strip() for cell in row)]
    if not records:
        raise ExchangeError("below the names at least one row is needed")
    return _Inference(name, version).propose(records)


class _Inference:
    """Samples put on top of each other, then read as a schema."""

    def __init__(self, name: str, version: str) -> None:
        self._name = f"{name}@{version}"
        self._fields = 0
        self._blank = False

    def propose(self, records: Sequence[Any]) -> Proposal:
        seen = _Seen()
        for record in records:
            self._add(seen, record, 0)
        notes: list[FieldNote] = []
        body = self._record(seen, "", notes)
        missing = {"x-missing": [""]} if self._blank else {}
        schema = {
            "$schema": DRAFT,
            "$id": self._name,
            "title": self._name.partition("@")[0],
            **missing,
            **body,
        }
        return Proposal(schema, tuple(notes), len(records))

    # ------------------------------------------------------------ looking

    def _add(self, seen: _Seen, value: Any, depth: int) -> None:
        if depth > _DEEPEST:
            raise ExchangeError("the samples are nested too deeply")
        kind = _kind(value)
        seen.count += 1
        seen.kinds[kind] += 1
        if kind == "object":
            for name, child in value.items():
                self._add(self._child(seen, str(name)), child, depth + 1)
        elif kind == "array":
            seen.items = seen.items or _Seen()
            for item in value:
                self._add(seen.items, item, depth + 1)
        elif kind == "text":
            self._blank = self._blank or value == ""
            seen.blanks += value == ""
            if value and (value in seen.texts or len(seen.texts) < _MOST_VALUES):
                seen.texts[value] += 1
        if kind not in ("object", "array", "null") and value != "" and not seen.example:
            seen.example = str(value)[:60]

    def _child(self, seen: _Seen, name: str) -> _Seen:
        if name not in seen.children:
            self._fields += 1
            if self._fields > _MOST_FIELDS:
                raise ExchangeError(f"the samples have more than {_MOST_FIELDS} fields: is a key a value?")
            seen.children[name] = _Seen()
        return seen.children[name]

    # ------------------------------------------------------------ proposing

    def _record(self, seen: _Seen, path: str, notes: list[FieldNote]) -> dict[str, Any]:
        properties, required = {}, []
        records = seen.kinds["object"]
        for name, child in seen.children.items():
            where = f"{path}.{name}" if path else name
            place = len(notes)
            node, remarks = self._node(child, where, notes)
            unsaid = sum(child.texts[value] for value in node.get("x-missing", ()) if value)
            present = child.count - child.kinds["null"] - child.blanks - unsaid
            notes.insert(
                place, FieldNote(where, _word(node), present, records, child.example, tuple(remarks))
            )
            properties[name] = node
            if present == records:
                required.append(name)
        return {"type": "object", "properties": properties, **({"required": required} if required else {})}

    def _node(self, seen: _Seen, path: str, notes: list[FieldNote]) -> tuple[dict[str, Any], list[str]]:
        kinds = {kind for kind in seen.kinds if kind != "null"}
        if "array" in kinds:
            return self._list(seen, kinds, path, notes)
        if kinds == {"object"}:
            return self._record(seen, path, notes), []
        if kinds == {"text"}:
            return _text(seen)
        if kinds and kinds <= {"integer", "decimal"}:
            return {"type": "number" if "decimal" in kinds else "integer"}, []
        if kinds == {"boolean"}:
            return {"type": "boolean"}, []
        if not kinds:
            return {}, ["never had a value: say what it is"]
        told = " or ".join(f"{_NAMES[kind]} ({seen.kinds[kind]})" for kind in sorted(kinds))
        return {}, [f"has several shapes: {told}"]

    def _list(
        self, seen: _Seen, kinds: set[str], path: str, notes: list[FieldNote]
    ) -> tuple[dict[str, Any], list[str]]:
        items = seen.items or _Seen()
        remarks = []
        if "object" in kinds:
            remarks.append("sometimes stands without a list around it; it is read as a list all the same")
            alone = _Seen(seen.kinds["object"], Counter(object=seen.kinds["object"]), children=seen.children)
            items.merge(alone)
        if kinds - {"array", "object"}:
            remarks.append("is sometimes a plain value instead of a list")
        if not items.count and not items.kinds:
            return {"type": "array", "items": {}}, [*remarks, "was always empty: say what is in it"]
        node, inner = self._node(items, f"{path}[]", notes)
        return {"type": "array", "items": node}, [*remarks, *inner]


def _word(node: Mapping[str, Any]) -> str:
    """The type of a proposed field in the words of the language."""
    format = str(node.get("format", ""))
    if format:
        return "datetime" if format == "date-time" else format
    kind = str(node.get("type", "any"))
    return _WORDS.get(kind, kind)


_WORDS = {"string": "text", "number": "decimal", "array": "list", "object": "record"}


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float() | Decimal():
            return "decimal"
        case Mapping():
            return "object"
        case list():
            return "array"
    return "text"


def _text(seen: _Seen) -> tuple[dict[str, Any], list[str]]:
    """A text, or what texts of one form stand for."""
    node: dict[str, Any] = {"type": "string"}
    empty = [value for value in _EMPTY_DATES if value in seen.texts]
    values = [value for value in seen.texts if value not in empty]
    if not values:
        return node, ["was always blank"] if not empty else []
    if empty and all(_SAP_DATE.fullmatch(v) or _DATE.fullmatch(v) for v in values):
        node["x-missing"] = ["", *empty]
    for format, pattern, read in _FORMATS:
        if all(pattern.fullmatch(value) and _reads(read, value) for value in values):
            return {**node, "format": format}, []
    if any(_DECIMAL.fullmatch(v) for v in values) and all(
        _DECIMAL.fullmatch(v) or _WHOLE.fullmatch(v) for v in values
    ):
        return {**node, "format": "decimal"}, []
    return node, list(_remarks(seen, values))


def _reads(read: Any, value: str) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True


_FORMATS = (
    ("date", _DATE, date.fromisoformat),
    ("date-time", _DATETIME, datetime.fromisoformat),
    ("time", _TIME, time.fromisoformat),
)


def _remarks(seen: _Seen, values: Sequence[str]) -> Iterator[str]:
    total = sum(seen.texts.values())
    yield from _mostly(seen, values)
    if all(_SAP_DATE.fullmatch(value) for value in values):
        yield 'looks like a date: read it with date(x, "YYYYMMDD")'
    elif all(_WHOLE.fullmatch(value) for value in values):
        yield 'looks like a whole number: "x-type": "integer" if it counts something, text if it is a code'
    if len(values) <= 12 and total >= 3 * len(values) and total >= 6:
        yield f"could be an enumeration: {', '.join(f'{value} ({seen.texts[value]})' for value in sorted(values))}"


def _mostly(seen: _Seen, values: Sequence[str]) -> Iterator[str]:
    """Texts of which most, but not all, have one form."""
    total = sum(seen.texts[value] for value in values)
    for format, pattern, read in _FORMATS:
        fitting = [value for value in values if pattern.fullmatch(value) and _reads(read, value)]
        fit = sum(seen.texts[value] for value in fitting)
        if total > fit >= total / 2:
            other = next(value for value in values if value not in fitting)
            yield f"{_word({'format': format})} in {fit} of {total}, but not {other[:40]}"
