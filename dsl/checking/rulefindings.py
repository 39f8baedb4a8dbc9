"""Two rules that send to one endpoint for the same message."""

from collections.abc import Iterator, Sequence

from dsl import syntax
from dsl.analysis.firing import Alternatives, Known, TooMany, alternatives, both, example
from dsl.checking.session import Session, Site
from dsl.program import CheckedRules

Sent = tuple[syntax.Rule, syntax.Send]


def sent_twice(session: Session, site: Site, checked: CheckedRules, rules: Sequence[syntax.Rule]) -> None:
    """Two sends of one endpoint that one message can cause, told apart by nothing."""
    known = Known(session.types, session.names)
    before: list[Sent] = []
    for rule, action in _sends(rules):
        rivals = (other for other in before if other[1].endpoint == action.endpoint)
        for other, first in rivals:
            words = _together(other, rule, checked.node.first_only, known)
            if words is not None:
                at = site.at(f"rules/{checked.node.name}/{rule.name}")
                labels = [(first.span, f"sent in rule `{other.name}`")]
                session.report("M704", at, action.span, endpoint=action.endpoint, help=[words], labels=labels)
                break
        before.append((rule, action))


def _sends(rules: Sequence[syntax.Rule]) -> Iterator[Sent]:
    for rule in rules:
        for action in rule.actions:
            if isinstance(action, syntax.Send) and action.key is None:
                yield rule, action


def _together(one: syntax.Rule, other: syntax.Rule, first_only: bool, known: Known) -> str | None:
    """An example of a message for which both rules fire; None where there is no such message."""
    if one is not other and first_only:
        return None
    try:
        ways: Alternatives = alternatives(one.when, True, known)
        if one is not other:
            ways = both(ways, alternatives(other.when, True, known), known)
    except TooMany:
        return "The conditions are too long to say for which messages."
    return example(ways[0]) if ways else None
