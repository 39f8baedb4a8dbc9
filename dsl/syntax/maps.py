"""Maps: how one record becomes another."""

from dataclasses import dataclass
from typing import Literal as OneOf

from dsl.source import Span
from dsl.syntax.expressions import Expression, Node, OrderKey
from dsl.syntax.parts import Handler, Parameter


@dataclass(frozen=True, slots=True, eq=False)
class Field(Node):
    """`supplier.id = expr on missing skip`; `target_span` covers the path alone."""

    target: tuple[str, ...]
    target_span: Span
    value: Expression
    handlers: tuple[Handler, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Let(Node):
    """`let x = expr`."""

    name: str
    value: Expression
    handlers: tuple[Handler, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Branch(Node):
    """One `if c` or `else if c` with its statements."""

    condition: Expression
    body: tuple["Statement", ...]


@dataclass(frozen=True, slots=True, eq=False)
class If(Node):
    """Fields under a condition; `otherwise` is None where no `else` stands."""

    branches: tuple[Branch, ...]
    otherwise: tuple["Statement", ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class GroupKey(Node):
    """One key of a `group by`; the name is the last field of its path, or as written `lot = i.REF`."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Each(Node):
    """`each d in list where c group by k order by o into target ... end`.

    With `group by`, the variable is a record {key: {...}, items: [...]}.
    """

    variable: str
    source: Expression
    target: tuple[str, ...]
    target_span: Span
    body: tuple["Statement", ...]
    where: Expression | None = None
    group_by: tuple[GroupKey, ...] = ()
    order_by: tuple[OrderKey, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Check(Node):
    """`check cond else reject "text"`; action is reject, reject row or warn."""

    condition: Expression
    action: OneOf["reject", "reject row", "warn"]
    message: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Copy(Node):
    """`copy nc.supplier.* except a, b`: every field of equal name, as if each had a line of its own."""

    source: Expression
    excepted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Raw(Node):
    """Lines that don't parse; the form shows them as a raw-text row."""

    text: str


Statement = Field | Let | If | Each | Check | Copy | Raw


@dataclass(frozen=True, slots=True, eq=False)
class Map(Node):
    """`map name : nc -> canon.nonconformance ... end`; `policy` are the handlers of the whole map."""

    name: str
    name_span: Span
    parameters: tuple[Parameter, ...]
    target: str
    policy: tuple[Handler, ...]
    body: tuple[Statement, ...]
