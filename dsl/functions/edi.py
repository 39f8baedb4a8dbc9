"""EDI in a word: qualified segments, floating qualifier pairs, hierarchies of any depth."""

from collections.abc import Iterator, Sequence
from typing import Any

from dsl import types
from dsl.functions import kinds
from dsl.functions.declaration import Argument, TypeRuleError, function
from dsl.functions.declaration import Parameter as P
from dsl.types import TEXT, ListOf, Maybe, Record

PARENT = "^"
"""Where a node given by `descendants` keeps its parent; never part of a document."""
DEEPEST = 200


def _maybe_item(arguments: Sequence[Argument]) -> types.Type:
    return types.maybe(kinds.item_of_first(arguments))


def _check_tree(of: types.Type) -> None:
    item = of.item if isinstance(of, ListOf) else of
    if not isinstance(item, Record) or not {"level", "children"} <= set(item.fields):
        raise TypeRuleError("a hierarchy (HL) is needed here")


def _nodes(arguments: Sequence[Argument]) -> types.Type:
    _check_tree(arguments[0].type)
    return arguments[0].type


def _maybe_node(arguments: Sequence[Argument]) -> types.Type:
    _check_tree(arguments[0].type)
    return Maybe(arguments[0].type)


@function(
    "qualified",
    [P("list", kinds.LIST_OF_RECORDS), P("qualifier", TEXT), P("element", TEXT, default="01", named=True)],
    _maybe_item,
    "The first segment or loop whose qualifier (element 01 unless said) is this one; missing if none is.",
    [
        ('qualified([{ "01": "SF", "04": "S1" }, { "01": "ST", "04": "P1" }], "ST")."04"', '"P1"'),
        ('qualified([{ "01": "SF" }], "ST")', "missing"),
    ],
    result_words="record?",
)
def qualified(values: list[dict[str, Any]], qualifier: str, element: str = "01") -> dict[str, Any] | None:
    return next((value for value in values if value.get(element) == qualifier), None)


@function(
    "pair",
    [P("segment", kinds.RECORD), P("qualifier", TEXT), P("from", TEXT, default="02", named=True)],
    Maybe(TEXT),
    "The value behind a qualifier in a segment of pairs (LIN, PO1); missing if the qualifier is not there.",
    [
        ('pair({ "02": "BP", "03": "88712", "04": "VP", "05": "BP" }, "BP")', '"88712"'),
        ('pair({ "02": "VP", "03": "BP" }, "BP")', "missing"),
    ],
)
def pair(segment: dict[str, Any], qualifier: str, start: str = "02") -> str | None:
    first = int(start) if start.isdigit() and len(start) == 2 else 2
    for number in range(first, 99, 2):
        if segment.get(f"{number:02}") == qualifier:
            value = segment.get(f"{number + 1:02}")
            return value if isinstance(value, str) else None
    return None


def _below(
    nodes: list[dict[str, Any]], parent: dict[str, Any] | None, depth: int
) -> Iterator[dict[str, Any]]:
    if depth > DEEPEST:
        return
    for node in nodes:
        linked = {**node, PARENT: parent}
        yield linked
        yield from _below(node.get("children") or [], linked, depth + 1)


@function(
    "descendants",
    [P("hierarchy", kinds.LIST_OF_RECORDS), P("level", TEXT)],
    _nodes,
    "Every node of a level of a hierarchy, at any depth, in the order of the file.",
    [
        (
            'descendants([{ level: "S", children: [{ level: "O", children: [{ level: "I", children: [], n: 1 }] }] }], "I").n',
            "[1]",
        )
    ],
    result_words="list of nodes",
)
def descendants(nodes: list[dict[str, Any]], level: str) -> list[dict[str, Any]]:
    if not nodes:
        return []
    return [node for node in _below(nodes, nodes[0].get(PARENT), 0) if node.get("level") == level]


@function(
    "ancestor",
    [P("node", kinds.RECORD), P("level", TEXT)],
    _maybe_node,
    "The nearest node of a level above a node that `descendants` gave; missing if there is none.",
    [
        (
            'ancestor(first(descendants([{ level: "O", n: 1, children: [{ level: "I", n: 2, children: [] }] }], "I")), "O").n',
            "1",
        )
    ],
    result_words="node?",
)
def ancestor(node: dict[str, Any], level: str) -> dict[str, Any] | None:
    above = node.get(PARENT)
    while above is not None and above.get("level") != level:
        above = above.get(PARENT)
    return above
