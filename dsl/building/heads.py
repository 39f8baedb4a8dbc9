"""The lines of a module that open a block, and `use`."""

from typing import Any

from dsl import syntax
from dsl.building.maps import handled
from dsl.building.parts import (
    FlowHead,
    Leaf,
    LookupHead,
    MapHead,
    Part,
    RulesHead,
    Several,
    TableHead,
    TestHead,
)
from dsl.source import Span


def use_schema(span: Span, _use: Leaf, _schema: Leaf, name: Leaf, version: Leaf) -> syntax.UseSchema:
    """`use schema canon.nonconformance "v1"`."""
    return syntax.UseSchema(span, name.text, version.value)


def use_lookup(span: Span, _use: Leaf, _lookup: Leaf, name: Leaf, version: Leaf) -> syntax.UseLookup:
    """`use lookup vendor_xref "2026-11"`."""
    return syntax.UseLookup(span, name.text, version.value)


def map_head(
    span: Span,
    _map: Leaf,
    name: Leaf,
    _colon: Leaf,
    parameters: Several[syntax.Parameter],
    _arrow: Leaf,
    target: Leaf,
    policy: Several[syntax.Handler] | None = None,
) -> MapHead:
    """`map m : nc -> schema on missing reject`."""
    return MapHead(span, name.text, name.span, tuple(parameters.items), target.text, handled(policy))


def lookup_head(
    span: Span,
    _lookup: Leaf,
    name: Leaf,
    _colon: Leaf,
    keys: Several[syntax.Column],
    _arrow: Leaf,
    results: Several[syntax.Column],
    *two_way: Leaf,
) -> LookupHead:
    """`lookup l : text -> text two_way`."""
    return LookupHead(
        span, name.text, name.span, _named(keys.items, "key"), _named(results.items, "value"), bool(two_way)
    )


def dataset(
    span: Span,
    _dataset: Leaf,
    name: Leaf,
    _colon: Leaf,
    keys: Several[syntax.Column],
    _arrow: Leaf,
    schema: Leaf,
    *version: Leaf,
) -> syntax.Dataset:
    """`dataset items : item: text -> erp.item "v1"`."""
    said = version[0].value if version else ""
    return syntax.Dataset(span, name.text, name.span, _named(keys.items, "key"), schema.text, said)


def _named(columns: list[syntax.Column], word: str) -> tuple[syntax.Column, ...]:
    """Columns without a name are called key, key2 ... and value, value2 ..."""
    return tuple(
        column if column.name else syntax.Column(column.span, word if i == 1 else f"{word}{i}", column.type)
        for i, column in enumerate(columns, 1)
    )


def table_head(span: Span, _table: Leaf, name: Leaf, *rest: Any) -> TableHead:
    """`table t policy collect sum`."""
    policy = rest[1].text if rest else "unique"
    return TableHead(span, name.text, name.span, policy, rest[2].text if len(rest) == 3 else "list")


def policy(span: Span, word: Leaf) -> Leaf:
    """One of the seven policies."""
    return word


def collecting(span: Span, word: Leaf) -> Leaf:
    """The one policy that can make one value of several."""
    return word


def aggregation(span: Span, word: Leaf) -> Leaf:
    """What `collect` makes of several outputs."""
    return word


def rules_head(
    span: Span, _rules: Leaf, name: Leaf, _colon: Leaf, parameter: syntax.Parameter, *first: Leaf
) -> RulesHead:
    """`rules r : nc in schema first`."""
    return RulesHead(span, name.text, name.span, parameter, bool(first))


def flow_head(span: Span, _flow: Leaf, name: Leaf, *failure: Part) -> FlowHead:
    """`flow f`."""
    return FlowHead(span, name.text, name.span, failure)


def test_head(span: Span, _test: Leaf, name: Leaf) -> TestHead:
    """`test "name"`."""
    return TestHead(span, name.value)


def declared_type(
    span: Span, _type: Leaf, name: Leaf, _equal: Leaf, definition: syntax.TypeRef
) -> syntax.Type:
    """`type severity = enum { critical, major }`."""
    return syntax.Type(span, name.text, name.span, definition)


def function(span: Span, _function: Leaf, name: Leaf, _open: Leaf, *rest: Any) -> syntax.Function:
    """`function f(a: text) : text = e`."""
    parameters = tuple(rest[0].items) if isinstance(rest[0], Several) else ()
    return syntax.Function(span, name.text, name.span, parameters, rest[-3], rest[-1])
