"""The lines of rules: conditions and the closed set of actions."""

from dataclasses import replace
from typing import Any, TypeVar

from dsl import syntax
from dsl.building.parts import Leaf, Part, RuleHead, Several
from dsl.source import Span

Expression = syntax.Expression
Repeated = TypeVar("Repeated", syntax.Send, syntax.Raise, syntax.Remember, syntax.Forget, syntax.Expect)
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
    span: Span,
    _send: Leaf,
    endpoint: Leaf,
    _using: Leaf,
    map: Part,
    _to: Leaf,
    to: Expression,
    _key: Leaf,
    key: Expression,
) -> syntax.Send:
    """`send e using m to party key k`."""
    return syntax.Send(span, endpoint.text, map.word, map.value, to, key)


def raised(span: Span, _raise: Leaf, event: Leaf, *rest: Any) -> syntax.Raise:
    """`raise e`, `raise e using m`."""
    if not rest:
        return syntax.Raise(span, event.text)
    return syntax.Raise(span, event.text, rest[1].word, rest[1].value)


def each_action(
    span: Span, _each: Leaf, variable: Leaf, _in: Leaf, source: Expression, action: Repeated
) -> Repeated:
    """`each o in l send ...`: the action once for every element."""
    return replace(action, span=span, each=(variable.text, source))


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


def one_key(span: Span, key: Expression) -> Several[Expression]:
    """A key of one value."""
    return Several(span, [key])


def several_keys(
    span: Span, _open: Leaf, first: Expression, _comma: Leaf, rest: Several[Expression], _close: Leaf
) -> Several[Expression]:
    """`(a, b)`: one value a key column."""
    return Several(span, [first, *rest.items])


def expect(
    span: Span,
    _expect: Leaf,
    event: Leaf,
    _where: Leaf,
    where: Expression,
    _within: Leaf,
    within: Expression,
    *calendar: Leaf,
) -> syntax.Expect:
    """`expect e where c within d`."""
    named = syntax.Literal(calendar[1].span, "text", calendar[1].value) if calendar else None
    return syntax.Expect(span, event.text, where, within, named)


def expected(span: Span, action: syntax.Expect) -> syntax.Expect:
    """An expectation whose `else` stands on the next line, or nowhere."""
    return action


def expect_else(span: Span, action: syntax.Expect, _else: Leaf, otherwise: syntax.Action) -> syntax.Expect:
    """`expect e where c within d else action`."""
    return replace(action, span=span, otherwise=otherwise)


def collect(
    span: Span,
    _collect: Leaf,
    _by: Leaf,
    keys: Several[Expression],
    _for: Leaf,
    window: Expression,
    *rest: Any,
) -> syntax.Collect:
    """`collect by k for d at most n then action`."""
    at_most = rest[2].value if len(rest) == 5 else None
    return syntax.Collect(span, tuple(keys.items), window, rest[-1], at_most)


def remember(
    span: Span,
    _remember: Leaf,
    dataset: Leaf,
    _key: Leaf,
    keys: Several[Expression],
    _equal: Leaf,
    record: Expression,
) -> syntax.Remember:
    """`remember dataset key k = record`."""
    return syntax.Remember(span, dataset.text, tuple(keys.items), record)


def forget(span: Span, _forget: Leaf, dataset: Leaf, _key: Leaf, keys: Several[Expression]) -> syntax.Forget:
    """`forget dataset key k`."""
    return syntax.Forget(span, dataset.text, tuple(keys.items))
