"""The lines of a map, and what maps share with rules: handlers, lets, each."""

from typing import Any

from dsl import syntax
from dsl.building.expressions import collected
from dsl.building.parts import EachHead, ElseLine, IfHead, Leaf, Part, Several
from dsl.source import Span

Expression = syntax.Expression


def target(span: Span, *parts: Any) -> Several[str]:
    """A path in the target: the names of its steps."""
    if len(parts) == 1:
        return Several(span, [parts[0].name])
    path: Several[str] = parts[0]
    return path.add(span, parts[2].name)


def field(
    span: Span,
    where: Several[str],
    _equal: Leaf,
    value: Expression,
    handlers: Several[syntax.Handler] | None = None,
) -> syntax.Field:
    """`target = value on ...`."""
    return syntax.Field(span, tuple(where.items), where.span, value, handled(handlers))


def let(
    span: Span,
    _let: Leaf,
    name: Leaf,
    _equal: Leaf,
    value: Expression,
    handlers: Several[syntax.Handler] | None = None,
) -> syntax.Let:
    """`let x = value`."""
    return syntax.Let(span, name.text, value, handled(handlers))


def handled(handlers: Several[syntax.Handler] | None) -> tuple[syntax.Handler, ...]:
    """The handlers of a line, none where none is written."""
    return tuple(handlers.items) if handlers else ()


def handlers(span: Span, *parts: Any) -> Several[syntax.Handler]:
    """One handler after the other."""
    return collected(span, parts)


def handler(span: Span, _on: Leaf, failure: Leaf, action: Part, *warn: Leaf) -> syntax.Handler:
    """`on missing use x warn`."""
    kind: Any = failure.text
    return syntax.Handler(span, kind, action.word, action.value, bool(warn))  # type: ignore[arg-type]


def failure(span: Span, kind: Leaf) -> Leaf:
    """One of the four kinds."""
    return kind


def action(span: Span, word: Leaf, *rest: Any) -> Part:
    """`use x`, `skip`, `skip row`, `reject`, `reject row`."""
    if word.text == "use":
        return Part(span, "use", rest[0])
    return Part(span, " ".join([word.text, *(leaf.text for leaf in rest)]), None)


def if_head(span: Span, _if: Leaf, condition: Expression) -> IfHead:
    """`if c`."""
    return IfHead(span, condition)


def else_if(span: Span, _else: Leaf, _if: Leaf, condition: Expression) -> ElseLine:
    """`else if c`."""
    return ElseLine(span, condition)


def else_line(span: Span, _else: Leaf) -> ElseLine:
    """`else`."""
    return ElseLine(span, None)


def each_head(span: Span, _each: Leaf, variable: Leaf, _in: Leaf, source: Expression, *rest: Any) -> EachHead:
    """`each x in l where c into target`."""
    into: Several[str] = rest[-1]
    parts = {part.word: part.value for part in rest[0].items} if len(rest) == 3 else {}
    return EachHead(
        span,
        variable.text,
        source,
        tuple(into.items),
        into.span,
        parts.get("where"),
        tuple(_of_element(key, variable) for key in parts.get("group", ())),
        parts.get("order", ()),
    )


def each_parts(span: Span, *parts: Any) -> Several[Part]:
    """`where`, `group by`, `order by` in any order."""
    return collected(span, parts)


def each_part(span: Span, part: Part) -> Part:
    """One of them."""
    return part


def where_part(span: Span, _where: Leaf, condition: Expression) -> Part:
    """`where c`."""
    return Part(span, "where", condition)


def order_part(span: Span, _order: Leaf, _by: Leaf, keys: Several[syntax.OrderKey]) -> Part:
    """`order by a, b descending`."""
    return Part(span, "order", tuple(keys.items))


def group_part(span: Span, _group: Leaf, _by: Leaf, keys: Several[Expression]) -> Part:
    """`group by i.po, lot = i.REF`."""
    return Part(span, "group", tuple(_group_key(key) for key in keys.items))


def _of_element(key: syntax.GroupKey, variable: Leaf) -> syntax.GroupKey:
    """A bare name in `group by` is a field of the element: `group by lot` is `group by x.lot`."""
    if not isinstance(key.value, syntax.Name):
        return key
    element = syntax.Name(variable.span, variable.text)
    return syntax.GroupKey(key.span, key.name, syntax.Path(key.span, element, key.value.name))


def _group_key(key: Expression) -> syntax.GroupKey:
    match key:
        case syntax.Binary(operator="=", left=syntax.Name(name=name), right=value):
            return syntax.GroupKey(key.span, name, value)
        case syntax.Path(field=name) | syntax.Name(name=name):
            return syntax.GroupKey(key.span, name, key)
        case _:
            return syntax.GroupKey(key.span, "", key)


def check(
    span: Span, _check: Leaf, condition: Expression, _else: Leaf, action: Leaf, message: Expression
) -> syntax.Check:
    """`check c else reject "text"`."""
    wanted: Any = action.text
    return syntax.Check(span, condition, wanted, message)


def check_action(span: Span, *words: Leaf) -> Leaf:
    """`reject`, `reject row` or `warn`."""
    return Leaf("ACTION", " ".join(word.text for word in words), span)


def copied(span: Span, dotted: Leaf, *_all: Leaf) -> Several[Expression]:
    """`src.*`, `src.part.*`: the record before the star, with the place of both."""
    first, *steps = dotted.text.split(".")
    start = dotted.span.start
    source: Expression = syntax.Name(Span(start, start + len(first)), first)
    for step in steps:
        source = syntax.Path(dotted.span, source, step)
    return Several(span, [source])


def names(span: Span, *parts: Any) -> Several[Leaf]:
    """Names with commas between them."""
    return collected(span, parts)


def copy(
    span: Span,
    _copy: Leaf,
    source: Several[Expression],
    _except: Leaf | None = None,
    excepted: Several[Leaf] | None = None,
) -> syntax.Copy:
    """`copy src.* except a, b`."""
    return syntax.Copy(span, source.items[0], tuple(leaf.name for leaf in excepted.items) if excepted else ())
