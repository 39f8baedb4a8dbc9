"""`... for b in list where b.id = x.id` as a hash index instead of a walk for each x.

An index is made once a run and list. It is used where the first condition compares a path of the
element with something that does not read the element, on plain types: then walking and looking up
give the same, failures included.
"""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dsl import syntax
from rules.generation import nodes
from rules.generation.operators import is_plain
from rules.generation.support import Run

if TYPE_CHECKING:
    from rules.generation.expressions import Expressions


@dataclass(frozen=True, slots=True)
class Join:
    """The fields of the element, the expression they have to equal, and the conditions that remain."""

    fields: tuple[str, ...]
    probe: syntax.Expression
    rest: tuple[syntax.Expression, ...]


def find_join(of: "Expressions", node: syntax.Comprehension) -> Join | None:
    """How the condition of a comprehension can be looked up, if it can."""
    if node.where is None or not isinstance(node.source, syntax.Path | syntax.Name):
        return None
    rest: list[syntax.Expression] = []
    first = node.where
    while isinstance(first, syntax.Binary) and first.operator == "and":
        rest.insert(0, first.right)
        first = first.left
    if not isinstance(first, syntax.Binary) or first.operator != "=":
        return None
    if not is_plain(of.type_of(first.left)) or not is_plain(of.type_of(first.right)):
        return None
    for own, other in ((first.left, first.right), (first.right, first.left)):
        fields = _fields(own, node.variable)
        if fields and not any(name.name == node.variable for name in of.names_in(other)):
            return Join(fields, other, tuple(rest))
    return None


def _fields(node: syntax.Expression, variable: str) -> tuple[str, ...]:
    found: list[str] = []
    while isinstance(node, syntax.Path):
        found.insert(0, node.field)
        node = node.base
    return tuple(found) if isinstance(node, syntax.Name) and node.name == variable else ()


def candidates(of: "Expressions", join: Join, source: ast.expr) -> ast.expr:
    """The elements that fit, looked up; nothing is asked of an empty list."""
    result = of.w.temp(nodes.tuple_of([]), "l")
    with of.w.nested() as block, of.without_shortcut():
        probe = of.may(join.probe)
        fields = nodes.tuple_of([nodes.const(field) for field in join.fields])
        number = nodes.const(len(of.unit.sites))
        of.w.emit(nodes.assign(result, of.call(joined, nodes.load("run"), number, source, fields, probe)))
    of.w.emit(nodes.branch(source, block))
    return nodes.load(result)


def joined(run: Run, number: int, source: list[Any], fields: tuple[str, ...], probe: Any) -> Any:
    """The elements of a list whose fields equal a value, by an index that is made once."""
    found = run.joins.get((number, id(source)))
    if found is None:
        index: dict[Any, list[Any]] = {}
        for element in source:
            value = element
            for field in fields:
                value = value.get(field) if value is not None else None
            index.setdefault(value, []).append(element)
        found = run.joins[(number, id(source))] = (source, index)
        run.fuel -= len(source)
    elements = found[1].get(probe, ())
    run.fuel -= 1 + len(elements)
    return elements
