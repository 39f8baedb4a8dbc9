"""What stands on the parser's stack beside syntax nodes: leaves, lists, and the lines that open or shape blocks."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from dsl import syntax
from dsl.source import Span

T = TypeVar("T")


class Leaf:
    """A token as the grammar sees it: `type` is its terminal, `value` the constant it stands for."""

    __slots__ = ("type", "text", "span", "kind", "value")

    def __init__(self, type: str, text: str, span: Span, kind: Any = "", value: Any = None) -> None:
        self.type = type
        self.text = text
        self.span = span
        self.kind = kind
        self.value = value

    @property
    def name(self) -> str:
        """What it names: a word as it is, a text without its quotes."""
        return str(self.value) if self.kind == "text" else self.text


class Several(Generic[T]):
    """One or more of something while the parser is still collecting."""

    __slots__ = ("span", "items")

    def __init__(self, span: Span, items: list[T]) -> None:
        self.span = span
        self.items = items

    def add(self, span: Span, item: T) -> "Several[T]":
        """The same list, one longer."""
        self.items.append(item)
        self.span = span
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Part(syntax.Node):
    """A word with the nodes that belong to it: `where c`, `owner "x"`, `identify by e`."""

    word: str
    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class MapHead(syntax.Node):
    """`map name : parameters -> target policy`."""

    name: str
    name_span: Span
    parameters: tuple[syntax.Parameter, ...]
    target: str
    policy: tuple[syntax.Handler, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LookupHead(syntax.Node):
    """`lookup name : types -> types`."""

    name: str
    name_span: Span
    keys: tuple[syntax.Column, ...]
    results: tuple[syntax.Column, ...]
    two_way: bool


@dataclass(frozen=True, slots=True, eq=False)
class TableHead(syntax.Node):
    """`table name policy p`."""

    name: str
    name_span: Span
    policy: Any
    aggregation: Any


@dataclass(frozen=True, slots=True, eq=False)
class RulesHead(syntax.Node):
    """`rules name : nc in schema first`."""

    name: str
    name_span: Span
    parameter: syntax.Parameter
    first_only: bool


@dataclass(frozen=True, slots=True, eq=False)
class RuleHead(syntax.Node):
    """`rule name`."""

    name: str
    name_span: Span


@dataclass(frozen=True, slots=True, eq=False)
class FlowHead(syntax.Node):
    """`flow name`."""

    name: str
    name_span: Span
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PlaybookHead(syntax.Node):
    """`playbook "name"`, with the reactions that stand on its line."""

    name: str
    name_span: Span
    reactions: tuple[syntax.Reaction, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TestHead(syntax.Node):
    """`test "name"`."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class IfHead(syntax.Node):
    """`if c`."""

    condition: syntax.Expression


@dataclass(frozen=True, slots=True, eq=False)
class ElseLine(syntax.Node):
    """`else`, or `else if c`."""

    condition: syntax.Expression | None


@dataclass(frozen=True, slots=True, eq=False)
class EachHead(syntax.Node):
    """`each x in l where c group by k order by o into target`."""

    variable: str
    source: syntax.Expression
    target: tuple[str, ...]
    target_span: Span
    where: syntax.Expression | None
    group_by: tuple[syntax.GroupKey, ...]
    order_by: tuple[syntax.OrderKey, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ColumnsLine(syntax.Node):
    """The first row of a table: its typed columns."""

    inputs: tuple[syntax.Column, ...]
    outputs: tuple[syntax.Column, ...]


@dataclass(frozen=True, slots=True, eq=False)
class OtherwiseLine(syntax.Node):
    """`otherwise => outputs`."""

    outputs: tuple[syntax.Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FlowLine(syntax.Node):
    """The parts that one line of a flow says."""

    parts: tuple[Part, ...]


Head = (
    MapHead
    | LookupHead
    | TableHead
    | RulesHead
    | RuleHead
    | FlowHead
    | PlaybookHead
    | TestHead
    | IfHead
    | EachHead
)
