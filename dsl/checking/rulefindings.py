"""What is strange about rules that are otherwise in order: two that send to one endpoint."""

from collections.abc import Sequence

from dsl import syntax
from dsl.checking.session import Session, Site
from dsl.program import CheckedRules


def sent_twice(session: Session, site: Site, checked: CheckedRules, rules: Sequence[syntax.Rule]) -> None:
    """Two sends of one endpoint in rules that can both fire, told apart by nothing."""
    first: dict[str, syntax.Rule] = {}
    for rule in rules:
        for action in rule.actions:
            if not isinstance(action, syntax.Send) or action.key is not None:
                continue
            other = first.setdefault(action.endpoint, rule)
            if other is rule and not _repeats(rule, action):
                continue
            if other is not rule and _exclusive(other, rule):
                continue
            at = site.at(f"rules/{checked.node.name}/{rule.name}")
            session.report("M704", at, action.span, endpoint=action.endpoint)


def _repeats(rule: syntax.Rule, action: syntax.Send) -> bool:
    sends = [a for a in rule.actions if isinstance(a, syntax.Send) and a.endpoint == action.endpoint]
    return sends[0] is not action


def _exclusive(one: syntax.Rule, other: syntax.Rule) -> bool:
    """Whether both conditions demand different values of one field (`x = a`, `x = b`)."""
    demands = _demands(one.when)
    return any(demands.get(place, value) != value for place, value in _demands(other.when).items())


def _demands(condition: syntax.Expression | None) -> dict[str, str]:
    match condition:
        case syntax.Binary(operator="and", left=left, right=right):
            return {**_demands(left), **_demands(right)}
        case syntax.Binary(operator="=", left=left, right=syntax.Name(name=value)):
            return {_path(left): value}
        case syntax.Binary(operator="=", left=left, right=syntax.Literal(value=value)):
            return {_path(left): str(value)}
        case _:
            return {}


def _path(node: syntax.Expression) -> str:
    match node:
        case syntax.Name(name=name):
            return name
        case syntax.Path(base=base, field=field):
            return f"{_path(base)}.{field}"
        case _:
            return f"#{node.span.start}"

