"""Rules and their actions."""

from dataclasses import dataclass

from dsl.source import Span
from dsl.syntax.expressions import Expression, Node
from dsl.syntax.maps import LeftOut, Let, Raw
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
