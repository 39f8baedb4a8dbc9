"""Types, columns, parameters and dotted names from the pieces of a production."""

from dataclasses import replace
from typing import Any

from dsl import syntax
from dsl.building.expressions import collected
from dsl.building.parts import Leaf, Several
from dsl.source import Span


def dotted(span: Span, *parts: Any) -> Leaf:
    """`canon.nonconformance`, as one leaf."""
    text = parts[0].text if len(parts) == 1 else f"{parts[0].text}.{parts[2].text}"
    return Leaf("DOTTED", text, span)


def parameters(span: Span, *parts: Any) -> Several[syntax.Parameter]:
    """Parameters with commas between them."""
    return collected(span, parts)


def parameter(span: Span, name: Leaf, *rest: Leaf) -> syntax.Parameter:
    """`nc` or `nc in schema`."""
    return syntax.Parameter(span, name.text, rest[1].text if rest else None)


def map_parameter(span: Span, parameter: syntax.Parameter) -> syntax.Parameter:
    """One record."""
    return parameter


def optional_parameter(span: Span, name: Leaf, _in: Leaf, schema: Leaf, _mark: Leaf) -> syntax.Parameter:
    """`x in schema?`: a record that may be missing."""
    return syntax.Parameter(span, name.text, schema.text, optional=True)


def list_parameter(
    span: Span, name: Leaf, _in: Leaf, _list: Leaf, _of: Leaf, schema: Leaf
) -> syntax.Parameter:
    """`items in list of schema`: a list of records."""
    return syntax.Parameter(span, name.text, schema.text, many=True)


def function_parameters(span: Span, *parts: Any) -> Several[syntax.Column]:
    """Typed parameters with commas between them."""
    key, type = parts[-3], parts[-1]
    column = syntax.Column(key.span.to(type.span), key.name, type)
    return Several(span, [column]) if len(parts) == 3 else parts[0].add(span, column)


def columns(span: Span, *parts: Any) -> Several[syntax.Column]:
    """Columns with commas between them."""
    return collected(span, parts)


def column(span: Span, *parts: Any) -> syntax.Column:
    """A type, perhaps with a name; the name is empty where none was written."""
    return syntax.Column(span, parts[0].name if len(parts) == 3 else "", parts[-1])


def type(span: Span, inner: syntax.TypeRef) -> syntax.TypeRef:
    """A type that is always there."""
    return inner


def optional_type(span: Span, inner: syntax.TypeRef, _mark: Leaf) -> syntax.TypeRef:
    """`T?`."""
    return replace(inner, span=span, optional=True)


def named_type(span: Span, name: Leaf) -> syntax.TypeRef:
    """A built-in type, or one that a schema defines."""
    return syntax.TypeRef(span, name.text)


def unit_type(span: Span, name: Leaf, _open: Leaf, unit: Leaf, _close: Leaf) -> syntax.TypeRef:
    """`quantity(KGM)`, `money(EUR)`."""
    return syntax.TypeRef(span, name.text, parameter=unit.text)


def list_type(span: Span, _list: Leaf, _of: Leaf, item: syntax.TypeRef) -> syntax.TypeRef:
    """`list of T`."""
    return syntax.TypeRef(span, "list", item=item)


def enum_type(span: Span, _enum: Leaf, _open: Leaf, values: Several[Leaf], _close: Leaf) -> syntax.TypeRef:
    """`enum{a, b}`."""
    return syntax.TypeRef(span, "enum", values=tuple(value.name for value in values.items))


def record_type(
    span: Span, _record: Leaf, _open: Leaf, fields: Several[syntax.Column], _close: Leaf
) -> syntax.TypeRef:
    """`record { a: text, b: decimal? }`."""
    return syntax.TypeRef(span, "record", fields=tuple(fields.items))


def enum_values(span: Span, *parts: Any) -> Several[Leaf]:
    """Values with commas between them."""
    return collected(span, parts)
