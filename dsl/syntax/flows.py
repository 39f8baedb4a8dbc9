"""Flows, playbooks and tests."""

from dataclasses import dataclass
from typing import Literal as OneOf

from dsl.source import Span
from dsl.syntax.expressions import Expression, Literal, Node
from dsl.syntax.maps import Raw
from dsl.syntax.parts import Handler


@dataclass(frozen=True, slots=True, eq=False)
class MapStep(Node):
    """`map with name`, `map with name(nc, x) as made`; without arguments it takes the document so far."""

    map: str
    arguments: tuple[Expression, ...] = ()
    variable: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ApplyStep(Node):
    """`apply rules_name`."""

    rules: str


@dataclass(frozen=True, slots=True, eq=False)
class Enrich(Node):
    """`enrich x = recall items(nc.MATNR) on missing wait 1 hours then skip`.

    `source` is a Recall, unless something else was written there. `wait` is how long a message waits
    for the record; the handlers say what happens where there is none, then or at once.
    """

    variable: str
    source: Expression
    handlers: tuple[Handler, ...] = ()
    wait: Literal | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CallStep(Node):
    """`call erp.stock using to_query(nc) as r : erp.answer "v1" on error skip`: a question and its answer."""

    endpoint: str
    map: str
    arguments: tuple[Expression, ...]
    variable: str
    schema: str
    version: str
    handlers: tuple[Handler, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Reply(Node):
    """`reply using m(nc, r)`: what the sender gets back; the flow is synchronous then."""

    map: str
    arguments: tuple[Expression, ...] = ()


Step = MapStep | ApplyStep | Enrich | CallStep | Reply | Raw


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
    playbook_span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reaction(Node):
    """`on transport retry for 6 hours then hold alert operations "..."`: what to do about one class of failure."""

    failure: str
    failure_span: Span
    action: OneOf["hold", "park", "block", "dead_letter", "fallback"]
    endpoints: tuple[tuple[str, Span], ...] = ()
    retry: Literal | None = None
    channel: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Playbook(Node):
    """`playbook "quality-hold" ... end`: what to do about each class of failure, and the page that says why."""

    name: str
    name_span: Span
    runbook: str
    reactions: tuple[Reaction | Raw, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Given(Node):
    """`given nc = sample("a.json", with: {...})`."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True, eq=False)
class GivenRecord(Node):
    """`given recall items("M-1") = {...}`: a record that the dataset holds."""

    dataset: str
    keys: tuple[Expression, ...]
    value: Expression


@dataclass(frozen=True, slots=True, eq=False)
class GivenWaited(Node):
    """`given waited items("M-1")`: the time to wait for this record is over."""

    dataset: str
    keys: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class GivenAnswer(Node):
    """`given answer r = {...}`, or `given answer r fails transport`."""

    variable: str
    value: Expression | None
    failure: str = ""
    failure_span: Span | None = None


Supply = GivenRecord | GivenWaited | GivenAnswer


@dataclass(frozen=True, slots=True, eq=False)
class Test(Node):
    """A test block; subject is map, apply (rules), flow or table; a table has arguments.

    `supplies` are the records and answers that a flow finds while it runs.
    """

    name: str
    givens: tuple[Given, ...]
    subject: OneOf["map", "apply", "flow", "table"]
    subject_name: str
    arguments: tuple[Expression, ...]
    expects: tuple[Expression, ...]
    supplies: tuple[Supply, ...] = ()
