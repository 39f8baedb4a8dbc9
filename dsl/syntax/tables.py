"""Lookups and decision tables, down to the cells."""

from dataclasses import dataclass
from typing import Literal as OneOf

from dsl.source import Span
from dsl.syntax.expressions import Expression, Node
from dsl.syntax.maps import Raw
from dsl.syntax.parts import Column


@dataclass(frozen=True, slots=True, eq=False)
class LookupRow(Node):
    """One inline row: keys => results, all constant."""

    keys: tuple[Expression, ...]
    results: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Lookup(Node):
    """An inline value map. Unnamed columns are called key, key2 ... and value, value2 ..."""

    name: str
    name_span: Span
    keys: tuple[Column, ...]
    results: tuple[Column, ...]
    rows: tuple[LookupRow | Raw, ...]
    two_way: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class AnyCell(Node):
    """`-`: every value, missing included."""


@dataclass(frozen=True, slots=True, eq=False)
class ValueCell(Node):
    """One value the input has to equal."""

    value: Expression


@dataclass(frozen=True, slots=True, eq=False)
class CompareCell(Node):
    """`< 5%`; operator is one of < <= > >= = <>."""

    operator: str
    value: Expression


@dataclass(frozen=True, slots=True, eq=False)
class RangeCell(Node):
    """`[1..5)`; closed ends include their value."""

    low: Expression
    high: Expression
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True, slots=True, eq=False)
class MissingCell(Node):
    """`missing`: the input has no value."""


@dataclass(frozen=True, slots=True, eq=False)
class PatternCell(Node):
    """`"AB*"`: a text with * for any run of characters and ? for one."""

    pattern: str


@dataclass(frozen=True, slots=True, eq=False)
class ListCell(Node):
    """`a, b, [1..5)`: any of them."""

    cells: tuple["Cell", ...]


@dataclass(frozen=True, slots=True, eq=False)
class NotCell(Node):
    """`not(...)`: a present value that fits none of them (missing only if `missing` is not among them)."""

    cells: tuple["Cell", ...]


@dataclass(frozen=True, slots=True, eq=False)
class ConditionCell(Node):
    """`? expr`: a free condition over the inputs."""

    condition: Expression


Cell = (
    AnyCell
    | ValueCell
    | CompareCell
    | RangeCell
    | MissingCell
    | PatternCell
    | ListCell
    | NotCell
    | ConditionCell
)


@dataclass(frozen=True, slots=True, eq=False)
class TableRow(Node):
    """One row; id is `r1` and the like, unique in its table."""

    id: str
    cells: tuple[Cell, ...]
    outputs: tuple[Expression, ...]
    comment: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Table(Node):
    """A decision table. `aggregation` goes with policy collect: list sum min max count."""

    name: str
    name_span: Span
    policy: OneOf["unique", "first", "priority", "any", "collect", "rule_order", "output_order"]
    aggregation: OneOf["list", "sum", "min", "max", "count"]
    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]
    rows: tuple[TableRow | Raw, ...]
    otherwise: tuple[Expression, ...] | None = None
