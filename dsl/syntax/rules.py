"""Rules and their actions."""

from dataclasses import dataclass
from typing import Union

from dsl.source import Span
from dsl.syntax.expressions import Expression, Literal, Node
from dsl.syntax.maps import Let, Raw
from dsl.syntax.parts import Parameter


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


@dataclass(frozen=True, slots=True, eq=False)
class Expect(Node):
    """`expect erp.done where event.lot = nc.lot within 15 minutes else alert quality "late"`.

    `calendar` names the one that business days are counted by; `otherwise` may be any action as far as
    the grammar goes, the checker says which can be carried out later.
    """

    event: str
    where: Expression
    within: Expression
    calendar: Literal | None = None
    otherwise: Union["Action", None] = None
    each: tuple[str, Expression] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Collect(Node):
    """`collect by nc.supplier.id for 15 minutes at most 200 then send supplier.digest using to_digest`."""

    by: tuple[Expression, ...]
    window: Expression
    action: "Action"
    at_most: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Remember(Node):
    """`remember items key nc.matnr = { item: nc.matnr }`, with several key columns `key (a, b)`."""

    dataset: str
    keys: tuple[Expression, ...]
    record: Expression
    each: tuple[str, Expression] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Forget(Node):
    """`forget items key nc.matnr`."""

    dataset: str
    keys: tuple[Expression, ...]
    each: tuple[str, Expression] | None = None


Action = (
    Send
    | Raise
    | Reject
    | Ignore
    | Alert
    | HoldForReview
    | SetFact
    | Expect
    | Collect
    | Remember
    | Forget
    | Raw
)


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
