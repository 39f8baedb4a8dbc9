"""The abstract syntax: what a module says, without white space, comments and line breaks.

Every node knows its span. Nodes are compared by identity, so that the checker can keep
what it found out about each expression in a dictionary beside the tree.
"""

from dataclasses import dataclass
from typing import Any, Literal as OneOf

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


# ---------------------------------------------------------------- expressions


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
    """`one(e for x in l where c order by k)`; function is one first last sum count min max avg all any join distinct."""

    function: str
    element: "Expression"
    variable: str
    source: "Expression"
    where: "Expression | None" = None
    order_by: tuple[OrderKey, ...] = ()
    named: tuple[tuple[str, "Expression"], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class LookupCall(Node):
    """`lookup vendors(k1, k2).column`; column is None where the lookup has one result."""

    lookup: str
    keys: tuple["Expression", ...]
    column: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TableCall(Node):
    """`table disposition(a, b)`: a record of the outputs (or a list, by policy)."""

    table: str
    arguments: tuple["Expression", ...]


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


Expression = (
    Literal | Name | Path | Call | Comprehension | LookupCall | TableCall | Unary | Binary
    | Membership | Presence | ListLiteral | RecordLiteral | MissingLiteral
)  # fmt: skip


# ---------------------------------------------------------------- shared parts


@dataclass(frozen=True, slots=True, eq=False)
class Handler(Node):
    """`on missing use x warn`: what happens where a value fails that way."""

    failure: FailureKind
    action: OneOf["use", "skip", "skip row", "reject", "reject row"]
    value: Expression | None = None
    warn: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class TypeRef(Node):
    """A type as written: a built-in name, a name from a schema's $defs, enum{...}, list of T."""

    name: str
    optional: bool = False
    values: tuple[str, ...] = ()
    item: "TypeRef | None" = None
    parameter: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Column(Node):
    """A typed column of a table or lookup."""

    name: str
    type: TypeRef


@dataclass(frozen=True, slots=True, eq=False)
class Parameter(Node):
    """`nc in canon.nonconformance`; schema is None where the short form `: nc ->` was written."""

    name: str
    schema: str | None = None


# ---------------------------------------------------------------- map


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
class LeftOut(Node):
    """Something the grammar knows and this version does not run yet; always an error."""

    construct: str


@dataclass(frozen=True, slots=True, eq=False)
class Raw(Node):
    """Lines that don't parse; the form shows them as a raw-text row."""

    text: str


Statement = Field | Let | If | Each | Check | LeftOut | Raw


@dataclass(frozen=True, slots=True, eq=False)
class Map(Node):
    """`map name : nc -> canon.nonconformance ... end`; `policy` are the handlers of the whole map."""

    name: str
    name_span: Span
    parameters: tuple[Parameter, ...]
    target: str
    policy: tuple[Handler, ...]
    body: tuple[Statement, ...]


# ---------------------------------------------------------------- lookup and table


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
    AnyCell | ValueCell | CompareCell | RangeCell | MissingCell | PatternCell | ListCell
    | NotCell | ConditionCell
)  # fmt: skip


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


# ---------------------------------------------------------------- rules


@dataclass(frozen=True, slots=True, eq=False)
class Send(Node):
    """`send erp.inventory_hold using to_hold(nc, d) to party key expr`.

    Without arguments the map is given the subject of the rules. With `each`, one a list element.
    """

    endpoint: str
    map: str
    arguments: tuple[Expression, ...] = ()
    to: Expression | None = None
    key: Expression | None = None
    each: tuple[str, Expression] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Raise(Node):
    """`raise canon.escalation using to_escalation`: an event for other flows."""

    event: str
    map: str | None = None
    arguments: tuple[Expression, ...] = ()
    each: tuple[str, Expression] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reject(Node):
    """`reject "reason"`: the message is refused; nothing of it is sent."""

    reason: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Ignore(Node):
    """`ignore "reason"`: the message ends here without effect."""

    reason: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Alert(Node):
    """`alert quality "text"`."""

    channel: str
    text: Expression


@dataclass(frozen=True, slots=True, eq=False)
class HoldForReview(Node):
    """`hold for review "reason"`: a person decides before anything is sent."""

    reason: Expression


@dataclass(frozen=True, slots=True, eq=False)
class SetFact(Node):
    """`set name = expr`: a business fact, searchable later."""

    name: str
    value: Expression


Action = Send | Raise | Reject | Ignore | Alert | HoldForReview | SetFact | LeftOut | Raw


@dataclass(frozen=True, slots=True, eq=False)
class Rule(Node):
    """`rule name when c then ... because "..." end`."""

    name: str
    when: Expression | None
    actions: tuple[Action, ...]
    because: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Rules(Node):
    """`rules containment : nc in canon.nonconformance [first]`: all matching rules, or the first."""

    name: str
    name_span: Span
    parameter: Parameter
    first_only: bool
    lets: tuple[Let, ...]
    rules: tuple[Rule | Raw, ...]


# ---------------------------------------------------------------- flow and test


@dataclass(frozen=True, slots=True, eq=False)
class MapStep(Node):
    """`map with name`."""

    map: str


@dataclass(frozen=True, slots=True, eq=False)
class ApplyStep(Node):
    """`apply rules_name`."""

    rules: str


Step = MapStep | ApplyStep | LeftOut | Raw


@dataclass(frozen=True, slots=True, eq=False)
class Flow(Node):
    """Which messages take this way: endpoint or event, duplicates, order, steps."""

    name: str
    name_span: Span
    endpoint: str
    variable: str
    schema: str
    version: str
    steps: tuple[Step, ...]
    owner: str = ""
    criticality: str = "normal"
    sla: Literal | None = None
    identify_by: Expression | None = None
    order_by: Expression | None = None
    keys: tuple[tuple[str, Expression], ...] = ()
    playbook: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Given(Node):
    """`given nc = sample("a.json", with: {...})`."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Test(Node):
    """A test block; subject is map, apply (rules), flow or table with its name and, for a table, arguments."""

    name: str
    givens: tuple[Given, ...]
    subject: OneOf["map", "apply", "flow", "table"]
    subject_name: str
    arguments: tuple[Expression, ...]
    expects: tuple[Expression, ...]


# ---------------------------------------------------------------- module


@dataclass(frozen=True, slots=True, eq=False)
class UseSchema(Node):
    """`use schema canon.nonconformance "v1"`."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, eq=False)
class UseLookup(Node):
    """`use lookup vendor_xref "2026-11"`: versioned data of the rule set."""

    name: str
    version: str


Declaration = Map | Lookup | Table | Rules | Flow | Test | LeftOut | Raw


@dataclass(frozen=True, slots=True, eq=False)
class Module:
    """One .mw file."""

    path: str
    uses: tuple[UseSchema | UseLookup, ...]
    declarations: tuple[Declaration, ...]
