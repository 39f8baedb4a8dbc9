"""Expressions from the pieces of a production; each function is named after its production."""

from dataclasses import replace
from typing import Any

from dsl import syntax
from dsl.building.parts import Leaf, Part, Several
from dsl.source import Span

Expression = syntax.Expression
NAMING_FIELDS = {"tree": ("id", "parent", "kind"), "compare": ("key", "fields")}
"""Named arguments that are no values but fields of the elements."""


def literal(span: Span, leaf: Leaf) -> syntax.Literal:
    """A constant."""
    if leaf.type in ("TRUE", "FALSE"):
        return syntax.Literal(span, "boolean", leaf.type == "TRUE")
    return syntax.Literal(span, leaf.kind, leaf.value)


def negative(span: Span, _minus: Leaf, value: syntax.Literal) -> syntax.Unary:
    """A negative constant in a table cell."""
    return syntax.Unary(span, "-", value)


def name(span: Span, leaf: Leaf) -> syntax.Name:
    """A name."""
    return syntax.Name(span, leaf.text)


def missing(span: Span, _word: Leaf) -> syntax.MissingLiteral:
    """`missing` as a value."""
    return syntax.MissingLiteral(span)


def group(span: Span, _open: Leaf, inner: Expression, _close: Leaf) -> Expression:
    """Brackets leave no trace but the order of evaluation; the span includes them, so that edits do."""
    return replace(inner, span=span)


def path(span: Span, base: Expression, _dot: Leaf, field: Leaf) -> Expression:
    """`base.field`; directly after a lookup it names the result column."""
    if isinstance(base, syntax.LookupCall) and base.column is None:
        return replace(base, span=span, column=field.name)
    return syntax.Path(span, base, field.name)


def unary(span: Span, operator: Leaf, operand: Expression) -> syntax.Unary:
    """`not x`, `-x`."""
    return syntax.Unary(span, "not" if operator.text == "not" else "-", operand)


def binary(span: Span, left: Expression, operator: Leaf, right: Expression) -> syntax.Binary:
    """Two operands."""
    return syntax.Binary(span, operator.text, left, right)


def comparison(span: Span, left: Expression, operator: Leaf, right: Expression) -> syntax.Binary:
    """Two operands of a comparison."""
    return syntax.Binary(span, operator.text, left, right)


def comparison_sign(span: Span, sign: Leaf) -> Leaf:
    """One of the six signs."""
    return sign


def membership(span: Span, value: Expression, *rest: Any) -> syntax.Membership:
    """`x in l`, `x not in l`."""
    return syntax.Membership(span, value, rest[-1], negated=len(rest) == 3)


def presence(span: Span, value: Expression, *rest: Any) -> syntax.Presence:
    """`x is missing`, `x is not blank`."""
    return syntax.Presence(span, value, rest[-1].text, negated=len(rest) == 3)


def presence_test(span: Span, word: Leaf) -> Leaf:
    """`missing` or `blank`."""
    return word


def items(span: Span, *parts: Any) -> Several[Expression]:
    """Expressions with commas between them."""
    return collected(span, parts)


def collected(span: Span, parts: tuple[Any, ...]) -> Several[Any]:
    """The first of several, or several and one more."""
    if len(parts) == 1:
        return Several(span, [parts[0]])
    several: Several[Any] = parts[0]
    return several.add(span, parts[-1])


def list_literal(span: Span, *parts: Any) -> syntax.ListLiteral:
    """`[a, b]`."""
    return syntax.ListLiteral(span, tuple(parts[1].items) if len(parts) == 3 else ())


def record_literal(span: Span, *parts: Any) -> syntax.RecordLiteral:
    """`{ a: 1 }`."""
    return syntax.RecordLiteral(span, tuple(parts[1].items) if len(parts) == 3 else ())


def first_pair(span: Span, key: Leaf, _colon: Leaf, value: Expression) -> Several[tuple[str, Expression]]:
    """The first `key: value`."""
    return Several(span, [(key.name, value)])


def more_pairs(
    span: Span,
    pairs: Several[tuple[str, Expression]],
    _comma: Leaf,
    key: Leaf,
    _colon: Leaf,
    value: Expression,
) -> Several[tuple[str, Expression]]:
    """One `key: value` more."""
    return pairs.add(span, (key.name, value))


def arguments(span: Span, *parts: Any) -> Several[Expression | Part]:
    """Arguments with commas between them."""
    return collected(span, parts)


def argument(span: Span, *parts: Any) -> Expression | Part:
    """A positional argument, or a named one as a part."""
    value: Expression = parts[-1]
    return value if len(parts) == 1 else Part(span, parts[0].name, value)


def call(span: Span, function: Leaf, *parts: Any) -> syntax.Call:
    """`f(a, b, name: c)`."""
    given = parts[1].items if len(parts) == 3 else []
    positional = tuple(a for a in given if not isinstance(a, Part))
    named = tuple((a.word, a.value) for a in given if isinstance(a, Part))
    return syntax.Call(span, function.text, positional, _fields_named(function, named))


def _fields_named(
    function: Leaf, named: tuple[tuple[str, Expression], ...]
) -> tuple[tuple[str, Expression], ...]:
    """The named arguments, with those that name fields read as such."""
    names = NAMING_FIELDS.get(function.text, ())
    return tuple((name, _field_names(value) if name in names else value) for name, value in named)


def _field_names(value: Expression) -> Expression:
    """`line` or `[po, line.number]` as the fields they name; anything else as it is."""
    parts = value.items if isinstance(value, syntax.ListLiteral) else (value,)
    paths = [_steps(part) for part in parts]
    return syntax.FieldNames(value.span, tuple(paths)) if paths and all(paths) else value


def _steps(node: Expression) -> tuple[str, ...]:
    steps: list[str] = []
    while isinstance(node, syntax.Path):
        steps.insert(0, node.field)
        node = node.base
    return (node.name, *steps) if isinstance(node, syntax.Name) else ()


def recall(
    span: Span, _word: Leaf, dataset: Leaf, _open: Leaf, keys: Several[Expression], _close: Leaf
) -> syntax.Recall:
    """`recall dataset(key)`."""
    return syntax.Recall(span, dataset.text, tuple(keys.items))


def lookup_called(
    span: Span, _word: Leaf, lookup: Leaf, _open: Leaf, keys: Several[Expression], *rest: Any
) -> syntax.LookupCall:
    """`lookup l(k1, k2)`, perhaps with `at: date`."""
    named = tuple(rest[1].items) if len(rest) == 3 else ()
    return syntax.LookupCall(span, lookup.text, tuple(keys.items), named=named)


def looked_up(span: Span, call: syntax.LookupCall) -> syntax.LookupCall:
    """A look-up as it is."""
    return call


def reverse_lookup(span: Span, _reverse: Leaf, call: syntax.LookupCall) -> syntax.LookupCall:
    """`reverse lookup l(result)`."""
    return replace(call, span=span, reverse=True)


def table_call(
    span: Span, _word: Leaf, table: Leaf, _open: Leaf, given: Several[Expression], _close: Leaf
) -> syntax.TableCall:
    """`table t(a, b)`."""
    return syntax.TableCall(span, table.text, tuple(given.items))


def aggregate(
    span: Span, function: Leaf, _open: Leaf, body: syntax.Comprehension, _close: Leaf
) -> syntax.Comprehension:
    """`one(e for x in l ...)`: the function gives the comprehension its name."""
    return syntax.Comprehension(
        span,
        function.text,
        body.element,
        body.variable,
        body.source,
        body.where,
        body.order_by,
        _fields_named(function, body.named),
    )


def iteration(
    span: Span, element: Expression, _for: Leaf, variable: Leaf, _in: Leaf, *rest: Any
) -> syntax.Comprehension:
    """`e for x in l where c`."""
    where = rest[2] if len(rest) == 3 else None
    return syntax.Comprehension(span, "", element, variable.text, rest[0], where)


def comprehension(span: Span, body: syntax.Comprehension) -> syntax.Comprehension:
    """An iteration without anything behind it."""
    return body


def named_comprehension(
    span: Span, body: syntax.Comprehension, _comma: Leaf, pairs: Several[tuple[str, Expression]]
) -> syntax.Comprehension:
    """An iteration with named arguments: `join(x for x in l, separator: ", ")`."""
    return syntax.Comprehension(
        span, "", body.element, body.variable, body.source, body.where, (), tuple(pairs.items)
    )


def ordered_comprehension(
    span: Span,
    body: syntax.Comprehension,
    _order: Leaf,
    _by: Leaf,
    keys: Several[syntax.OrderKey],
    *rest: Any,
) -> syntax.Comprehension:
    """An iteration with an order, and perhaps named arguments."""
    named = tuple(rest[1].items) if rest else ()
    return syntax.Comprehension(
        span, "", body.element, body.variable, body.source, body.where, tuple(keys.items), named
    )


def order_keys(span: Span, *parts: Any) -> Several[syntax.OrderKey]:
    """Keys with commas between them."""
    return collected(span, parts)


def order_key(span: Span, value: Expression, *descending: Leaf) -> syntax.OrderKey:
    """One key, perhaps descending."""
    return syntax.OrderKey(span, value, bool(descending))


def expression_line(span: Span, value: Expression) -> Expression:
    """An expression on its own."""
    return value
