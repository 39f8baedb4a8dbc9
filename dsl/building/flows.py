"""The lines of flows and tests."""

from typing import Any

from dsl import syntax
from dsl.building.expressions import collected
from dsl.building.parts import FlowLine, Leaf, Part, Several
from dsl.source import Span

Expression = syntax.Expression


def flow_line(span: Span, parts: Several[Part], failure: Part | None = None) -> FlowLine:
    """What one line says, and perhaps the playbook of the flow."""
    return FlowLine(span, (*parts.items, *((failure,) if failure else ())))


def on_failure(span: Span, _on: Leaf, _failure: Leaf, _playbook: Leaf, name: Leaf) -> Part:
    """`on failure playbook "name"`."""
    return Part(span, "playbook", name.value)


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


def map_step(span: Span, _map: Leaf, _with: Leaf, name: Leaf) -> Several[Part]:
    """`map with m`."""
    return _step(span, syntax.MapStep(span, name.text))


def apply_step(span: Span, _apply: Leaf, name: Leaf) -> Several[Part]:
    """`apply rules`."""
    return _step(span, syntax.ApplyStep(span, name.text))


def enrich(span: Span, *_parts: Any) -> Several[Part]:
    """`enrich x = recall ...`, left out."""
    return _step(span, syntax.LeftOut(span, "enrich"))


def call_step(span: Span, *_parts: Any) -> Several[Part]:
    """`call e using m as r : schema`, left out."""
    return _step(span, syntax.LeftOut(span, "call"))


def reply(span: Span, *_parts: Any) -> Several[Part]:
    """`reply using m`, left out."""
    return _step(span, syntax.LeftOut(span, "reply"))


def waits(span: Span, *parts: Any) -> Several[Any]:
    """What an `enrich` does without a value, left out with it."""
    return Several(span, list(parts))


def _step(span: Span, step: syntax.Step) -> Several[Part]:
    return Several(span, [Part(span, "step", step)])


def given(span: Span, _word: Leaf, name: Leaf, _equal: Leaf, value: Expression) -> Part:
    """`given nc = e`."""
    return Part(span, "given", syntax.Given(span, name.text, value))


def test_map(span: Span, _word: Leaf, use: Part) -> Part:
    """`map m`."""
    return Part(span, "subject", ("map", use.word, use.value))


def test_apply(span: Span, _word: Leaf, use: Part) -> Part:
    """`apply rules`."""
    return Part(span, "subject", ("apply", use.word, use.value))


def test_flow(span: Span, _word: Leaf, use: Part) -> Part:
    """`flow f`."""
    return Part(span, "subject", ("flow", use.word, use.value))


def test_table(span: Span, _word: Leaf, use: Part) -> Part:
    """`table t(a, b)`."""
    return Part(span, "subject", ("table", use.word, use.value))


def expectation(span: Span, _word: Leaf, condition: Expression) -> Part:
    """`expect c`."""
    return Part(span, "expect", condition)
