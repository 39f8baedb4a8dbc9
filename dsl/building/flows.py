"""The lines of flows."""

from dataclasses import replace
from typing import Any

from dsl import syntax
from dsl.building.expressions import collected
from dsl.building.parts import FlowLine, Leaf, Part, Several
from dsl.source import Span

Expression = syntax.Expression


def flow_line(span: Span, parts: Any, failure: Any = None) -> FlowLine:
    """What one line says, and perhaps the playbook of the flow."""
    if isinstance(parts, FlowLine):
        return parts
    if isinstance(parts, Part):
        return _handled(span, parts, failure.items if failure else [])
    found = failure.items if isinstance(failure, Several) else [failure] if failure else []
    return FlowLine(span, (*parts.items, *found))


def failure_line(span: Span, failure: Part) -> FlowLine:
    """`on failure playbook "name"` on a line of its own."""
    return FlowLine(span, (failure,))


def on_failure(span: Span, _on: Leaf, _failure: Leaf, _playbook: Leaf, name: Leaf) -> Part:
    """`on failure playbook "name"`."""
    return Part(name.span, "playbook", name.value)


def flow_part(span: Span, parts: Several[Part]) -> Several[Part]:
    """Properties are several parts already."""
    return parts


def receive(
    span: Span,
    _word: Leaf,
    endpoint: Leaf,
    _as: Leaf,
    variable: Leaf,
    _colon: Leaf,
    schema: Leaf,
    *version: Leaf,
) -> Several[Part]:
    """`receive e as nc : schema "v1"`."""
    value = (endpoint.text, variable.text, schema.text, version[0].value if version else "")
    return Several(span, [Part(span, "receive", value)])


def flow_properties(span: Span, *parts: Any) -> Several[Part]:
    """`owner "x" criticality high sla 5 minutes`."""
    return collected(span, parts)


def flow_property(span: Span, word: Leaf, value: Leaf) -> Part:
    """One of them."""
    if word.text == "sla":
        return Part(span, "sla", syntax.Literal(value.span, value.kind, value.value))
    return Part(span, word.text, value.name)


def identify(span: Span, _word: Leaf, _by: Leaf, value: Expression) -> Several[Part]:
    """`identify by e`."""
    return Several(span, [Part(span, "identify by", value)])


def flow_order(span: Span, _word: Leaf, _by: Leaf, value: Expression) -> Several[Part]:
    """`order by e`."""
    return Several(span, [Part(span, "order by", value)])


def business_time(span: Span, _business: Leaf, _time: Leaf, _by: Leaf, value: Expression) -> Several[Part]:
    """`business time by e`."""
    return Several(span, [Part(span, "business time by", value)])


def keys(span: Span, _word: Leaf, pairs: Several[tuple[str, Expression]]) -> Several[Part]:
    """`keys lot = e, supplier = e`."""
    return Several(span, [Part(span, "keys", tuple(pairs.items))])


def first_key(span: Span, name: Leaf, _equal: Leaf, value: Expression) -> Several[tuple[str, Expression]]:
    """The first business key."""
    return Several(span, [(name.text, value)])


def more_keys(
    span: Span,
    pairs: Several[tuple[str, Expression]],
    _comma: Leaf,
    name: Leaf,
    _equal: Leaf,
    value: Expression,
) -> Several[tuple[str, Expression]]:
    """One business key more."""
    return pairs.add(span, (name.text, value))


def map_step(span: Span, _map: Leaf, _with: Leaf, use: Part, *named: Leaf) -> Several[Part]:
    """`map with m`, `map with m(nc, x) as made`."""
    return _step(span, syntax.MapStep(span, use.word, use.value, named[-1].text if named else ""))


def apply_step(span: Span, _apply: Leaf, name: Leaf) -> Several[Part]:
    """`apply rules`."""
    return _step(span, syntax.ApplyStep(span, name.text))


def reply(span: Span, _reply: Leaf, _using: Leaf, use: Part) -> Several[Part]:
    """`reply using m(nc, r)`."""
    return _step(span, syntax.Reply(span, use.word, use.value))


def enrich(span: Span, _enrich: Leaf, name: Leaf, _equal: Leaf, source: Expression) -> Part:
    """`enrich x = recall items(k)`, its endings still to come."""
    return Part(span, "step", syntax.Enrich(span, name.text, source))


def call_step(
    span: Span,
    _call: Leaf,
    endpoint: Leaf,
    _using: Leaf,
    use: Part,
    _as: Leaf,
    name: Leaf,
    _colon: Leaf,
    schema: Leaf,
    *version: Leaf,
) -> Part:
    """`call e using m as r : schema "v1"`, its endings still to come."""
    said = version[0].value if version else ""
    return Part(
        span, "step", syntax.CallStep(span, endpoint.text, use.word, use.value, name.text, schema.text, said)
    )


def _handled(span: Span, part: Part, endings: list[Part]) -> FlowLine:
    """A step with its handlers, the time it waits, and perhaps the playbook of the flow."""
    handlers: list[syntax.Handler] = []
    wait = None
    for ending in endings:
        if ending.word == "handler":
            handlers.append(ending.value)
        elif ending.word == "wait":
            wait, then = ending.value
            handlers += [then] if then else []
    own = [ending for ending in endings if ending.word != "playbook"]
    whole = part.span.to(own[-1].span) if own else part.span
    step = part.value
    if isinstance(step, syntax.Enrich):
        step = replace(step, span=whole, handlers=tuple(handlers), wait=wait)
    else:
        step = replace(step, span=whole, handlers=tuple(handlers))
    return FlowLine(span, (Part(whole, "step", step), *(e for e in endings if e.word == "playbook")))


def flow_endings(span: Span, *parts: Any) -> Several[Part]:
    """What follows a step, in any order."""
    return collected(span, parts)


def failure_ending(span: Span, failure: Part) -> Part:
    """`on failure playbook "name"` behind a step."""
    return failure


def handler_ending(span: Span, handler: syntax.Handler) -> Part:
    """`on missing skip`."""
    return Part(span, "handler", handler)


def wait_ending(
    span: Span,
    _on: Leaf,
    _missing: Leaf,
    _wait: Leaf,
    time: Leaf,
    _then: Leaf | None = None,
    action: Part | None = None,
) -> Part:
    """`on missing wait 1 hours then skip`; without `then` the message is rejected afterwards."""
    then = syntax.Handler(span, "missing", action.word, action.value) if action else None  # type: ignore[arg-type]
    return Part(span, "wait", (syntax.Literal(time.span, time.kind, time.value), then))


def _step(span: Span, step: syntax.Step) -> Several[Part]:
    return Several(span, [Part(span, "step", step)])
