"""Fields of schemas as rows and trees: names, types in words, required marks, sample values."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.web.display import plain_text
from dsl import types

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_DEEPEST = 5
_MOST = 600


@dataclass(frozen=True)
class Target:
    """A field that a map may set. `path` goes through lists with [] (`defects[].line`)."""

    path: str
    type: str
    required: bool
    title: str = ""
    is_list: bool = False


@dataclass
class SourceNode:
    """A field that a map may read, with its value in the sample."""

    name: str
    path: str
    type: str
    title: str = ""
    sample: str = ""
    has_sample: bool = False
    children: list["SourceNode"] = field(default_factory=list)
    used: bool = False


def type_words(of: types.Type) -> str:
    """A type as analysts write it."""
    match of:
        case types.Scalar(name):
            return name
        case types.Enum(name, values):
            return name or f"enum{{{', '.join(values)}}}"
        case types.Quantity(unit):
            return f"quantity({unit})" if unit else "quantity"
        case types.Money(currency):
            return f"money({currency})" if currency else "money"
        case types.ListOf(item):
            return f"list of {type_words(item)}"
        case types.Record():
            return of.name.rpartition("/")[2] or "record"
        case types.Maybe(inner):
            return f"{type_words(inner)}?"
        case types.Nothing():
            return "missing"
        case _:
            return "any"


def targets(
    record: types.Record, prefix: str = "", required: bool = True, depth: int = 0
) -> Iterator[Target]:
    """Every field that can be set: records are walked through, lists of records as `name[]`."""
    for name, spec in record.fields.items():
        path = f"{prefix}{written_name(name)}"
        inner = types.present(spec.type)
        must = required and spec.required
        if isinstance(inner, types.Record) and inner.fields and depth < _DEEPEST:
            yield from targets(inner, f"{path}.", must, depth + 1)
        elif isinstance(inner, types.ListOf) and isinstance(types.present(inner.item), types.Record):
            item = types.present(inner.item)
            yield Target(path, type_words(spec.type), must, spec.title, True)
            if isinstance(item, types.Record) and depth < _DEEPEST:
                yield from targets(item, f"{path}[].", True, depth + 1)
        else:
            yield Target(path, type_words(spec.type), must, spec.title)


def source_tree(name: str, record: types.Record, sample: Any) -> SourceNode:
    """A parameter of a map as a tree; a list shows its first element."""
    budget = [_MOST]
    return _node(name, name, record, sample, "", 0, budget)


def read_path(document: Any, path: str) -> Any:
    """The value at a target path; through a list the one of its first element."""
    for part in _parts(path):
        listed = part.endswith("[]")
        document = document.get(part.removesuffix("[]")) if isinstance(document, Mapping) else None
        if listed:
            document = document[0] if isinstance(document, list) and document else None
    return document


def has_path(document: Any, path: str) -> bool:
    """Whether the document has that field at all."""
    *parents, last = _parts(path)
    for part in parents:
        document = read_path(document, part)
    return isinstance(document, Mapping) and last.removesuffix("[]") in document


def rows_words(rows: list[Any]) -> str:
    """How long a list is."""
    return f"{len(rows)} row{'' if len(rows) == 1 else 's'}"


def plain_name(written: str) -> str:
    """A field name without the quotes that the language asks for."""
    return (
        written[1:-1] if written.startswith('"') and written.endswith('"') and len(written) > 1 else written
    )


def _parts(path: str) -> list[str]:
    found = re.findall(r'"(?:[^"\\]|\\.)*"(?:\[\])?|[^.]+', path)
    return [plain_name(part.removesuffix("[]")) + ("[]" if part.endswith("[]") else "") for part in found]


def written_name(name: str) -> str:
    """A field name with quotes where the language asks for them."""
    return name if _PLAIN.fullmatch(name) else f'"{name}"'


def _node(
    name: str, path: str, of: types.Type, sample: Any, title: str, depth: int, budget: list[int]
) -> SourceNode:
    budget[0] -= 1
    inner = types.present(of)
    node = SourceNode(name, path, type_words(of), title)
    if isinstance(inner, types.ListOf):
        node.sample = rows_words(sample) if isinstance(sample, list) else ""
        inner, sample = types.present(inner.item), sample[0] if isinstance(sample, list) and sample else None
    if isinstance(inner, types.Record):
        if depth < _DEEPEST:
            node.children = list(_children(path, inner, sample, depth, budget))
    else:
        node.has_sample = sample is not None
        node.sample = node.sample or ("" if sample is None else plain_text(sample)[:80])
    return node


def _children(
    path: str, record: types.Record, sample: Any, depth: int, budget: list[int]
) -> Iterator[SourceNode]:
    present = sample if isinstance(sample, Mapping) else {}
    for name, spec in record.fields.items():
        known = name in present or spec.required or spec.title or depth == 0 or not record.open
        if known and budget[0] > 0:
            yield _node(
                name,
                f"{path}.{written_name(name)}",
                spec.type,
                present.get(name),
                spec.title,
                depth + 1,
                budget,
            )
