"""What several constructs share: handlers, types, columns, parameters."""

from dataclasses import dataclass
from typing import Literal as OneOf

from dsl.syntax.expressions import Expression, FailureKind, Node


@dataclass(frozen=True, slots=True, eq=False)
class Handler(Node):
    """`on missing use x warn`: what happens where a value fails that way."""

    failure: FailureKind
    action: OneOf["use", "skip", "skip row", "reject", "reject row"]
    value: Expression | None = None
    warn: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class TypeRef(Node):
    """A type as written: a built-in or declared name, a name from a schema's $defs, enum{...}, record{...}, list of T."""

    name: str
    optional: bool = False
    values: tuple[str, ...] = ()
    item: "TypeRef | None" = None
    parameter: str | None = None
    fields: "tuple[Column, ...]" = ()


@dataclass(frozen=True, slots=True, eq=False)
class Column(Node):
    """A typed column of a table or lookup, parameter of a function, or field of a record type."""

    name: str
    type: TypeRef


@dataclass(frozen=True, slots=True, eq=False)
class Parameter(Node):
    """`nc in canon.nonconformance`; schema is None where the short form `: nc ->` was written.

    `many` says that a map takes a list of them: `items in list of canon.nonconformance`.

    `optional` is the `?` of `x in erp.item?`: it may be missing.
    """

    name: str
    schema: str | None = None
    many: bool = False
    optional: bool = False
