"""The lines of rules: conditions and the closed set of actions."""

from typing import Any

from dsl import syntax
from dsl.building.parts import Leaf, Part, RuleHead
from dsl.source import Span

Expression = syntax.Expression
Sent = syntax.Send | syntax.Raise
MapUse = tuple[str, tuple[Expression, ...]]


def rule_head(span: Span, _rule: Leaf, name: Leaf) -> RuleHead:
    """`rule name`."""
    return RuleHead(span, name.text, name.span)


def when(span: Span, _when: Leaf, condition: Expression) -> Part:
    """`when c`."""
    return Part(span, "when", condition)


def then(span: Span, _then: Leaf, action: syntax.Action) -> Part:
    """`then action`."""
    return Part(span, "then", action)


def because(span: Span, _because: Leaf, text: Leaf) -> Part:
    """`because "text"`."""
    return Part(span, "because", text.value)


def else_action(span: Span, _else: Leaf, action: syntax.Action) -> Part:
    """The `else` of an `expect` on a line of its own."""
    return Part(span, "else", action)


def rule_action(span: Span, action: syntax.Action) -> syntax.Action:
    """A send or raise without `each`."""
    return action


def map_use(span: Span, name: Leaf, *rest: Any) -> Part:
    """`to_hold` or `to_hold(nc, d)`."""
    return Part(span, name.text, tuple(rest[1].items) if rest else ())


def sent(span: Span, _send: Leaf, endpoint: Leaf, _using: Leaf, map: Part) -> syntax.Send:
    """`send e using m`."""
    return syntax.Send(span, endpoint.text, map.word, map.value)


def send_to(
    span: Span, _send: Leaf, endpoint: Leaf, _using: Leaf, map: Part, _to: Leaf, to: Expression
) -> syntax.Send:
    """`send e using m to party`."""
    return syntax.Send(span, endpoint.text, map.word, map.value, to)


def send_key(
    span: Span, _send: Leaf, endpoint: Leaf, _using: Leaf, map: Part, _key: Leaf, key: Expression
) -> syntax.Send:
    """`send e using m key k`."""
    return syntax.Send(span, endpoint.text, map.word, map.value, None, key)


def send_to_key(
    span: Span, _send: Leaf, endpoint: Leaf, _using: Leaf, map: Part, _to: Leaf, to: Expression, _key: Leaf,
    key: Expression,
) -> syntax.Send:  # fmt: skip
    """`send e using m to party key k`."""
    return syntax.Send(span, endpoint.text, map.word, map.value, to, key)


def raised(span: Span, _raise: Leaf, event: Leaf, *rest: Any) -> syntax.Raise:
    """`raise e`, `raise e using m`."""
    if not rest:
        return syntax.Raise(span, event.text)
    return syntax.Raise(span, event.text, rest[1].word, rest[1].value)


def each_sent(span: Span, _each: Leaf, variable: Leaf, _in: Leaf, source: Expression, action: Sent) -> Sent:
    """`each o in l send ...`: the action once for every element."""
    each = (variable.text, source)
    if isinstance(action, syntax.Raise):
        return syntax.Raise(span, action.event, action.map, action.arguments, each)
    return syntax.Send(span, action.endpoint, action.map, action.arguments, action.to, action.key, each)


def reject(span: Span, _word: Leaf, reason: Expression) -> syntax.Reject:
    """`reject "reason"`."""
    return syntax.Reject(span, reason)


def ignore(span: Span, _word: Leaf, reason: Expression) -> syntax.Ignore:
    """`ignore "reason"`."""
    return syntax.Ignore(span, reason)


def alert(span: Span, _word: Leaf, channel: Leaf, text: Expression) -> syntax.Alert:
    """`alert channel text`."""
    return syntax.Alert(span, channel.text, text)


def hold(span: Span, _hold: Leaf, _for: Leaf, _review: Leaf, reason: Expression) -> syntax.HoldForReview:
    """`hold for review "reason"`."""
    return syntax.HoldForReview(span, reason)


def set_fact(span: Span, _set: Leaf, name: Leaf, _equal: Leaf, value: Expression) -> syntax.SetFact:
    """`set name = value`."""
    return syntax.SetFact(span, name.text, value)


def expect(span: Span, *_parts: Any) -> syntax.LeftOut:
    """`expect e where c within d else ...`, left out."""
    return syntax.LeftOut(span, "expect")


def collect(span: Span, *_parts: Any) -> syntax.LeftOut:
    """`collect by k for d then ...`, left out."""
    return syntax.LeftOut(span, "collect")


def remember(span: Span, *_parts: Any) -> syntax.LeftOut:
    """`remember dataset key k = record`, left out."""
    return syntax.LeftOut(span, "remember")


def forget(span: Span, *_parts: Any) -> syntax.LeftOut:
    """`forget dataset key k`, left out."""
    return syntax.LeftOut(span, "forget")
