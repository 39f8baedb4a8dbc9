"""Expressions: what has a value."""

from dataclasses import dataclass
from typing import Any
from typing import Literal as OneOf

from dsl.source import Span

FailureKind = OneOf["missing", "error", "no_match", "many"]
LiteralKind = OneOf[
    "text", "integer", "decimal", "percent", "boolean", "date", "time", "datetime",
    "duration", "quantity", "money",
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Anything with a place in a module."""

    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Literal(Node):
    """A constant; `value` already has the run-time shape that dsl.types describes."""

    kind: LiteralKind
    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class Name(Node):
    """A variable, a let, or a value of an enumeration; the checker says which."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Path(Node):
    """`base.field`; through a list it gives a list."""

    base: "Expression"
    field: str


@dataclass(frozen=True, slots=True, eq=False)
class Call(Node):
    """A function with positional and named arguments."""

    function: str
    arguments: tuple["Expression", ...]
    named: tuple[tuple[str, "Expression"], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class OrderKey(Node):
    """One key of an `order by`."""

    value: "Expression"
    descending: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Comprehension(Node):
    """`one(e for x in l where c order by k)`: one value of a list, or an aggregate."""

    function: str
    element: "Expression"
    variable: str
    source: "Expression"
    where: "Expression | None" = None
    order_by: tuple[OrderKey, ...] = ()
    named: tuple[tuple[str, "Expression"], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class LookupCall(Node):
    """`lookup vendors(k1, k2, at: date).column`; column is None where the lookup has one result.

    With `reverse`, the keys are results of the lookup, and its keys are what is given.
    """

    lookup: str
    keys: tuple["Expression", ...]
    column: str | None = None
    named: tuple[tuple[str, "Expression"], ...] = ()
    reverse: bool = False

    @property
    def at(self) -> "Expression | None":
        """The day or moment whose row is asked for."""
        return dict(self.named).get("at")


@dataclass(frozen=True, slots=True, eq=False)
class TableCall(Node):
    """`table disposition(a, b)`: a record of the outputs (or a list, by policy)."""

    table: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True, eq=False)
class Recall(Node):
    """`recall items(nc.MATNR)`: a record of reference state; it stands only behind `enrich x =`."""

    dataset: str
    keys: tuple["Expression", ...]


@dataclass(frozen=True, slots=True, eq=False)
class Unary(Node):
    """`not x` or `-x`."""

    operator: OneOf["not", "-"]
    operand: "Expression"


@dataclass(frozen=True, slots=True, eq=False)
class Binary(Node):
    """Two operands; operator as written: & + - * / = <> < <= > >= and or."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True, eq=False)
class Membership(Node):
    """`x in [a, b]`, `x not in list`."""

    value: "Expression"
    options: "Expression"
    negated: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Presence(Node):
    """`x is [not] missing`, `x is [not] blank`."""

    value: "Expression"
    test: OneOf["missing", "blank"]
    negated: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ListLiteral(Node):
    """`[a, b]`."""

    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True, eq=False)
class RecordLiteral(Node):
    """`{ a: 1, "b c": 2 }`."""

    fields: tuple[tuple[str, "Expression"], ...]


@dataclass(frozen=True, slots=True, eq=False)
class MissingLiteral(Node):
    """`missing` as a value."""


@dataclass(frozen=True, slots=True, eq=False)
class FieldNames(Node):
    """`line` in `key: line`, `[po, line]`: fields of the elements of a list, by their paths."""

    paths: tuple[tuple[str, ...], ...]


Expression = (
    Literal
    | Name
    | Path
    | Call
    | Comprehension
    | LookupCall
    | TableCall
    | Recall
    | Unary
    | Binary
    | Membership
    | Presence
    | ListLiteral
    | RecordLiteral
    | MissingLiteral
    | FieldNames
)
