"""Rules that can never fire: their condition excludes itself, or a rule before them takes every message."""

from dsl import syntax
from dsl.analysis.firing import Alternatives, Known, TooMany, alternatives, both, conflict, spread
from dsl.checking.session import Session, Site

_ENDING = (syntax.Reject, syntax.Ignore, syntax.HoldForReview)


def check_firing(session: Session, site: Site, node: syntax.Rules) -> None:
    """Report each rule that no message can reach or satisfy."""
    known = Known(session.types, session.names)
    left: Alternatives | None = [()]
    taken = ""
    for rule in node.rules:
        if not isinstance(rule, syntax.Rule):
            return
        because, left = _judged(rule, left, taken, known)
        if because:
            span = rule.when.span if rule.when is not None else rule.span
            at = site.at(f"rules/{node.name}/{rule.name}")
            session.report("M711", at, span, rule=rule.name, because=because)
        elif left is not None and (node.first_only or any(isinstance(a, _ENDING) for a in rule.actions)):
            left, taken = _without(rule, left, known), rule.name


def _judged(
    rule: syntax.Rule, left: Alternatives | None, taken: str, known: Known
) -> tuple[str, Alternatives | None]:
    """Why a rule can't fire (empty where it can), and what is left to the rules after it."""
    try:
        own = alternatives(rule.when, True, known)
        if not own:
            return _excluded(rule, known), left
        if left is not None and not both(left, own, known):
            return f"every message that it could take is taken by the rules before it (`{taken}` last)", left
    except TooMany:
        return "", None
    return "", left


def _without(rule: syntax.Rule, left: Alternatives, known: Known) -> Alternatives | None:
    try:
        return both(left, alternatives(rule.when, False, known), known)
    except TooMany:
        return None


def _excluded(rule: syntax.Rule, known: Known) -> str:
    """The words for a condition that can't be true."""
    ways = spread(rule.when, True, known) if rule.when is not None else []
    paths = [path for way in ways if (path := conflict(way, known))]
    return f"what it asks of `{paths[0]}` can't be true together" if paths else "its condition is never true"
