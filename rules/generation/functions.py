"""Functions of the rule set: one generated function each, called where the module calls it."""

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dsl import syntax, types
from dsl.program import CheckedFunction, Program
from rules.generation import nodes, support
from rules.generation.plans import DecisionRef
from rules.generation.runtime import OwnFunction

if TYPE_CHECKING:
    from rules.generation.expressions import Expressions


def in_order(program: Program) -> Iterator[CheckedFunction]:
    """The functions of a program, each after those it calls; the checker has refused cycles."""
    seen: set[str] = set()

    def visit(name: str) -> Iterator[CheckedFunction]:
        if name in seen:
            return
        seen.add(name)
        checked = program.functions[name]
        for called in _calls(checked.node.value):
            if called in program.functions:
                yield from visit(called)
        yield checked

    for name in program.functions:
        yield from visit(name)


def _calls(node: object) -> Iterator[str]:
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, syntax.Call):
            yield part.function
        if isinstance(part, tuple):
            waiting.extend(part)
        elif isinstance(part, syntax.Node):
            waiting.extend(getattr(part, name) for name in type(part).__dataclass_fields__)


def compile_own(of: "Expressions", node: syntax.Call, own: OwnFunction) -> ast.expr:
    """The value of a call; what its lookups and tables decided is kept like the caller's own."""
    values = []
    for argument, (_, kind) in zip(own.checked.arranged(node), own.checked.parameters, strict=True):
        optional = isinstance(kind, types.Maybe)
        values.append(of.w.atom(of.may(argument) if optional else of.need(argument)))
    subjects = tuple(value.id for value in values if isinstance(value, ast.Name))
    of.risks += 1
    with of.w.at(node, subjects):
        result = nodes.load(of.w.temp(nodes.call(own.generated, nodes.load("run"), *values)))
    if not own.decides:
        return result
    _mark(of, node, nodes.item(result, nodes.const(1)))
    return nodes.item(result, nodes.const(0))


def _mark(of: "Expressions", node: syntax.Call, decided: ast.expr) -> None:
    name = of.unit.fresh("s")
    slot = of.frame.slot(name, of.listing > 0)
    if of.listing:
        of.w.emit(ast.Expr(nodes.method(nodes.load(name), "extend", decided)))
    else:
        of.w.emit(nodes.assign(name, decided))
    ref = DecisionRef(of.frame.plan.depth, slot, support.say)
    of.refs[node] = ref
    of.frame.plan.decisions.append(ref)
