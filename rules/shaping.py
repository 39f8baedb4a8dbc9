"""Documents by their schema: what arrives becomes values of the language, what leaves becomes plain data.

A field that counts as missing is left out. A list that holds a single value which the sender did
not wrap is still a list. All fields that don't fit are found in one pass, with their paths; a value of the
right type that breaks a limit of the schema does not fit either.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Literal

from dsl import types
from dsl.errors import FunctionFailure
from dsl.limits import Limits, list_faults, value_faults
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
        if read is not None and spec.limits is not None and not leaves_out(spec, read):
            failures += breaches_of(read, types.present(spec.type), spec.limits, inner)
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


def breaches_of(value: Any, of: types.Type, limits: Limits, path: str) -> list[ShapeFailure]:
    """What a present value breaks of its limits, each at its path, the items of a list one by one."""
    if not isinstance(value, list):
        if isinstance(of, types.Record):
            return []
        return [ShapeFailure(path, "error", words, value) for words in value_faults(limits, value)]
    found = [ShapeFailure(path, "error", words, value) for words in list_faults(limits, value)]
    if limits.each is not None:
        item = types.present(of.item) if isinstance(of, types.ListOf) else types.ANYTHING
        for index, element in enumerate(value):
            found += breaches_of(element, item, limits.each, f"{path}[{index}]")
    return found


def breaches(typed: Mapping[str, Any], record: types.Record, path: str = "") -> list[ShapeFailure]:
    """Every limit of the schema that a document of the language breaks, with the path as a map writes it."""
    found: list[ShapeFailure] = []
    for name, spec in record.fields.items():
        value = typed.get(name)
        if value is not None and not leaves_out(spec, value):
            inner = f"{path}.{spelt(name)}" if path else spelt(name)
            if spec.limits is not None:
                found += breaches_of(value, types.present(spec.type), spec.limits, inner)
            found += _breaches_inside(value, types.present(spec.type), inner)
    return found


def hold_to_limits(typed: Mapping[str, Any], record: types.Record) -> None:
    """Fail as `error` where a record breaks a limit of its schema: nobody could read it later."""
    found = breaches(typed, record)
    if found:
        raise FunctionFailure("error", f"{found[0].path}: {found[0].message}", found[0].value)


def _breaches_inside(value: Any, of: types.Type, path: str) -> list[ShapeFailure]:
    if isinstance(of, types.Record) and isinstance(value, Mapping):
        return breaches(value, of, path)
    if isinstance(of, types.ListOf) and isinstance(value, list):
        item = types.present(of.item)
        return [
            fault
            for i, element in enumerate(value)
            for fault in _breaches_inside(element, item, f"{path}[{i}]")
        ]
    return []


def leaves_out(spec: types.FieldSpec, value: Any) -> bool:
    """An empty list counts as none, and is left out, where the schema wants at least one item or no list at all."""
    return value == [] and not spec.required and spec.limits is not None and bool(spec.limits.fewest)


def spelt(name: str) -> str:
    """A name in a path: plain ones as they are, others in quotes."""
    return name if name.isidentifier() else f'"{name}"'


def read_list(
    raw: Any, read_one: Callable[[Any], tuple[Any, Sequence[ShapeFailure]]]
) -> tuple[list[Any], list[ShapeFailure]]:
    """A list of documents; one that is no list is a list of itself, as everywhere."""
    elements = raw if isinstance(raw, list | tuple) else [raw]
    typed: list[Any] = []
    failures: list[ShapeFailure] = []
    for index, element in enumerate(elements):
        value, own = read_one(element)
        typed.append(value)
        failures += [_inside(f"[{index}]", failure) for failure in own]
    return typed, failures


def _inside(way: str, failure: ShapeFailure) -> ShapeFailure:
    path = f"{way}.{failure.path}" if failure.path else way
    return ShapeFailure(path, failure.kind, failure.message, failure.value)


def read_input(raw: Any, of: types.Type) -> tuple[Any, Sequence[ShapeFailure]]:
    """What a map takes, a record or a list of them, as read by its schema."""
    if isinstance(of, types.ListOf) and isinstance(of.item, types.Record):
        item = of.item
        return read_list(raw, lambda element: read_document(element, item))
    assert isinstance(of, types.Record)
    return read_document(raw, of)


def write_input(typed: Any, of: types.Type) -> Any:
    """The plain data of a record or of a list of them."""
    if isinstance(of, types.ListOf) and isinstance(of.item, types.Record):
        return [write_document(element, of.item) for element in typed]
    assert isinstance(of, types.Record)
    return write_document(typed, of)


def write_document(typed: Any, record: types.Record) -> dict[str, Any]:
    """The plain data that leaves, by the schema of its target; what is missing is left out."""
    written: dict[str, Any] = {}
    for name, value in typed.items():
        spec = record.fields.get(name)
        if value is not None and not (spec is not None and leaves_out(spec, value)):
            written[name] = (
                plain_value(value) if spec is None else _write(value, types.present(spec.type), spec.wire)
            )
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
    kind = type(value)
    if kind is str or kind is int or kind is Decimal or kind is bool:
        return value
    if isinstance(value, Mapping):
        return {str(k): plain_value(v) for k, v in value.items() if v is not None and k != "^"}
    if isinstance(value, list | tuple):
        return [plain_value(element) for element in value]
    if isinstance(value, bool | str | int | Decimal | date | datetime | time) or value is None:
        return write_plain(value)
    return str(value)
