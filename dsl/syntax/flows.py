"""Flows and tests."""

from dataclasses import dataclass
from typing import Literal as OneOf

from dsl.source import Span
from dsl.syntax.expressions import Expression, Literal, Node
from dsl.syntax.maps import LeftOut, Raw


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
    business_time: Expression | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Given(Node):
    """`given nc = sample("a.json", with: {...})`."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Test(Node):
    """A test block; subject is map, apply (rules), flow or table; a table has arguments."""

    name: str
    givens: tuple[Given, ...]
    subject: OneOf["map", "apply", "flow", "table"]
    subject_name: str
    arguments: tuple[Expression, ...]
    expects: tuple[Expression, ...]
