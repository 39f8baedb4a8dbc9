"""Documents by their schema: what arrives becomes values of the language, what leaves becomes plain data.

A field that counts as missing is left out. A list that holds a single value which the sender did
not wrap is still a list. All fields that don't fit are found in one pass, with their paths.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Literal

from dsl import types
from rules.reading import Unreadable, read_scalar
from rules.writing import write_plain, write_scalar

DEEPEST = 100


@dataclass(frozen=True, slots=True)
class ShapeFailure:
    """A field of a document that does not fit its schema; `path` is like `QMFE[0].FECOD`."""

    path: str
    kind: Literal["missing", "error"]
    message: str
    value: Any = None


def read_document(raw: Any, record: types.Record) -> tuple[dict[str, Any], tuple[ShapeFailure, ...]]:
    """The document as values of the language, and every field that does not fit.

    Fields the schema does not know are kept where the record is open, else left out.
    """
    failures: list[ShapeFailure] = []
    typed = _read_record(raw, record, "", failures, 0)
    return typed, tuple(failures)


def _read_record(
    raw: Any, record: types.Record, path: str, failures: list[ShapeFailure], depth: int
) -> dict[str, Any]:
    if not isinstance(raw, Mapping) or depth > DEEPEST:
        message = "the document is nested too deep" if depth > DEEPEST else "expected a record of fields"
        failures.append(ShapeFailure(path, "error", message, raw))
        return {}
    typed: dict[str, Any] = {}
    for name, spec in record.fields.items():
        value = raw.get(name)
        inner = f"{path}.{name}" if path else name
        if value is None or _is_missing(value, spec.missing):
            if spec.required:
                failures.append(ShapeFailure(inner, "missing", "the schema requires a value here"))
            continue
        read = _read(value, types.present(spec.type), spec, inner, failures, depth)
        if read is not None:
            typed[name] = read
    if record.open:
        typed.update((k, v) for k, v in raw.items() if k not in record.fields and v is not None)
    return typed


def _is_missing(value: Any, markers: tuple[Any, ...]) -> bool:
    return any(value == marker and isinstance(value, bool) == isinstance(marker, bool) for marker in markers)


def _read(
    value: Any, of: types.Type, spec: types.FieldSpec, path: str, failures: list[ShapeFailure], depth: int
) -> Any:
    match of:
        case types.Record():
            read = _read_record(value, of, path, failures, depth + 1)
            return read if isinstance(value, Mapping) else None
        case types.ListOf(item=item):
            return _read_list(value, types.present(item), spec, path, failures, depth)
        case _:
            try:
                return read_scalar(of, spec.wire, value)
            except Unreadable as unreadable:
                failures.append(ShapeFailure(path, "error", str(unreadable), value))
                return None


def _read_list(
    value: Any, item: types.Type, spec: types.FieldSpec, path: str, failures: list[ShapeFailure], depth: int
) -> list[Any]:
    elements = value if isinstance(value, list | tuple) else [value]
    read = [
        _read(element, item, spec, f"{path}[{index}]", failures, depth)
        for index, element in enumerate(elements)
        if element is not None
    ]
    return [element for element in read if element is not None]


def write_document(typed: Any, record: types.Record) -> dict[str, Any]:
    """The plain data that leaves, by the schema of its target; what is missing is left out."""
    written: dict[str, Any] = {}
    for name, value in typed.items():
        if value is not None:
            spec = record.fields.get(name)
            written[name] = plain_value(value) if spec is None else _write(value, types.present(spec.type), spec.wire)
    return written


def _write(value: Any, of: types.Type, wire: str) -> Any:
    match of:
        case types.Record():
            return write_document(value, of)
        case types.ListOf(item=item):
            inner = "" if wire == "array" else wire
            return [_write(element, types.present(item), inner) for element in value]
        case types.Anything():
            return plain_value(value)
        case _:
            return write_scalar(of, wire, value)


def plain_value(value: Any) -> Any:
    """Any value of the language as JSON-like data, without a schema: exact numbers stay exact."""
    if isinstance(value, Mapping):
        return {str(k): plain_value(v) for k, v in value.items() if v is not None and k != "^"}
    if isinstance(value, list | tuple):
        return [plain_value(element) for element in value]
    if isinstance(value, bool | str | int | Decimal | date | datetime | time) or value is None:
        return write_plain(value)
    return str(value)
