"""Flat lists that are hierarchies: each element names its parent, and becomes a node with children."""

from collections.abc import Mapping, Sequence
from typing import Any

from dsl import types
from dsl.decimals import shown
from dsl.errors import FunctionFailure
from dsl.functions import kinds
from dsl.functions.declaration import Argument, Given, TypeRuleError, function
from dsl.functions.declaration import Parameter as P
from dsl.functions.edi import DEEPEST
from dsl.functions.safety import Safe
from dsl.syntax import FailureKind
from dsl.types import FieldSpec, ListOf, Maybe, Record

FieldPath = tuple[str, ...]
_BLANK = (None, "")


def field_at(element: Any, path: Sequence[str]) -> Any:
    """The value at a path of a record, None where there is none."""
    for name in path:
        element = element.get(name) if isinstance(element, dict) else None
    return element


def always_there(name: str) -> Safe:
    """Not missing where the named fields are required in the elements."""

    def safe(given: Given) -> Sequence[FailureKind]:
        optional = name in given and isinstance(given[name].type, Maybe)
        return () if optional else ("missing",)

    return safe


def check_key(name: str, of: types.Type) -> None:
    """A key is one value that can be looked for."""
    inner = types.present(of)
    if not isinstance(inner, types.Scalar | types.Enum) or inner == types.DURATION:
        raise TypeRuleError(
            f"`{name}` has to be a single value such as a text or number, not {types.describe(inner)}"
        )


def _tree_type(arguments: Sequence[Argument]) -> types.Type:
    element = kinds.item_of_first(arguments)
    assert isinstance(element, Record)
    own, parent, kind = arguments[1], arguments[2], arguments[3] if len(arguments) > 3 else None
    for name, argument in (("id", own), ("parent", parent)):
        if len(argument.value) > 1:
            raise TypeRuleError(f"`{name}` is one field, not several")
        check_key(name, argument.type)
    if types.join(types.present(own.type), types.present(parent.type)) is None:
        left, right = (types.describe(types.present(a.type)) for a in (own, parent))
        raise TypeRuleError(f"`id` is {left} and `parent` is {right}, so no parent could be found")
    fields: dict[str, FieldSpec] = {**element.fields}
    taken = [name for name in ("children", "level") if name in fields]
    if kind is None or kind.value == (("level",),):
        taken = [name for name in taken if name != "level"]
    if taken:
        raise TypeRuleError(f"the elements already have a field `{taken[0]}`")
    if kind is not None:
        fields["level"] = FieldSpec(types.present(kind.type), not isinstance(kind.type, Maybe))
    node = Record(f"{element.name} node", fields)
    fields["children"] = FieldSpec(ListOf(node), True)
    return ListOf(node)


@function(
    "tree",
    [
        P("list", kinds.LIST_OF_RECORDS),
        P("id", kinds.FIELD, named=True, fields=True),
        P("parent", kinds.FIELD, named=True, fields=True),
        P("kind", kinds.FIELD, default=None, named=True, fields=True),
    ],
    _tree_type,
    "A flat hierarchy (X12 HL) as nested records: each element gets its `children`, and the field `kind` as its `level`, so "
    "that descendants() and ancestor() work on it. Elements without a parent are the roots. A parent that is not there fails "
    "as `no_match`, an id that occurs twice as `many`, a circle as `error`.",
    [
        (
            'tree([{ id: "1", up: "" }, { id: "2", up: "1" }], id: id, parent: up)',
            '[{ id: "1", up: "", children: [{ id: "2", up: "1", children: [] }] }]',
        ),
        ('tree([{ id: "2", up: "1" }], id: id, parent: up)', "fails no_match"),
        ('tree([{ id: "1", up: "" }, { id: "1", up: "" }], id: id, parent: up)', "fails many"),
        ('tree([{ id: "1", up: "2" }, { id: "2", up: "1" }], id: id, parent: up)', "fails error"),
    ],
    fails=["missing", "error", "no_match", "many"],
    safe=always_there("id"),
    result_words="list of nodes",
)
def tree(
    elements: list[dict[str, Any]],
    own: Sequence[FieldPath],
    parent: Sequence[FieldPath],
    kind: Sequence[FieldPath] | None,
) -> list[dict[str, Any]]:
    nodes = _nodes(elements, own[0], kind[0] if kind else None)
    roots: list[dict[str, Any]] = []
    ups: dict[Any, Any] = {}
    for (id, node), element in zip(nodes.items(), elements, strict=True):
        up = field_at(element, parent[0])
        if up in _BLANK:
            roots.append(node)
            continue
        if up not in nodes:
            raise FunctionFailure(
                "no_match", f"{shown(id)} has the parent {shown(up)}, which is not in the list", up
            )
        nodes[up]["children"].append(node)
        ups[id] = up
    _check_depth(ups)
    return roots


def _nodes(
    elements: list[dict[str, Any]], own: FieldPath, kind: FieldPath | None
) -> dict[Any, dict[str, Any]]:
    nodes: dict[Any, dict[str, Any]] = {}
    for number, element in enumerate(elements, 1):
        id = field_at(element, own)
        if id in _BLANK:
            raise FunctionFailure("missing", f"{'.'.join(own)} of element {number} is missing")
        if id in nodes:
            raise FunctionFailure("many", f"{'.'.join(own)} {shown(id)} occurs twice", id)
        node = {**element, "children": []}
        level = field_at(element, kind) if kind is not None else None
        nodes[id] = node if level is None else {**node, "level": level}
    return nodes


def _check_depth(ups: Mapping[Any, Any]) -> None:
    """Every way up has to end, soon enough to be walked; each element is walked once."""
    depths: dict[Any, int] = {}
    for start in ups:
        way: list[Any] = []
        seen: set[Any] = set()
        at = start
        while at in ups and at not in depths:
            if at in seen:
                raise FunctionFailure("error", f"{shown(at)} is among its own parents", at)
            seen.add(at)
            way.append(at)
            at = ups[at]
        depth = depths.get(at, 0)
        for passed in reversed(way):
            depth += 1
            depths[passed] = depth
        if depth > DEEPEST:
            raise FunctionFailure("error", f"the hierarchy is deeper than {DEEPEST} levels", start)
