"""Functions that run when the message has long been decided: what answers an expectation, what a collection makes."""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dsl import syntax
from dsl.checking.actions import COLLECTED
from dsl.checking.expectations import EVENT
from dsl.program import CheckedExpectation, CheckedRules, Program
from rules.generation import nodes, support
from rules.generation.acting import ActionCompiler
from rules.generation.expressions import Expressions
from rules.generation.plans import FramePlan, Origin
from rules.generation.runtime import Runtime
from rules.generation.scopes import Frame, Local, Scope
from rules.generation.shapes import Read
from rules.generation.snippets import Snippets
from rules.generation.unit import Station, Unit, Writer

Number = tuple[str, str, int]
"""An action: its rules, its rule, its place in the rule from 0."""


@dataclass(frozen=True, slots=True, eq=False)
class CompiledExpectation:
    """What an arriving message answers: a function (run, document) -> the values it is found by."""

    checked: CheckedExpectation
    read: Read
    values: Callable[..., tuple[Any, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """What the values are called in the key."""
        return tuple(value.name for value in self.checked.values)


@dataclass(frozen=True, slots=True, eq=False)
class CompiledClosing:
    """The end of a collection: a function (run, items, to, key) -> marks that makes its one action."""

    function: Callable[..., Any]
    plan: FramePlan
    read: Read
    action: syntax.Action


def expectation_functions(snippets: Snippets) -> dict[syntax.Expect, str]:
    """The generated names of what reads the awaited values out of a message."""
    program = snippets.unit.program
    return {
        node: snippets.awaited_function(
            program.rules[checked.rules].path, EVENT, [v.theirs for v in checked.values]
        )
        for node, checked in program.expectations.items()
    }


def collections(program: Program) -> Iterator[tuple[Number, CheckedRules, syntax.Collect]]:
    """All `collect` actions of a program."""
    for name, checked in program.rules.items():
        for rule in checked.node.rules:
            for number, action in enumerate(rule.actions if isinstance(rule, syntax.Rule) else ()):
                if isinstance(rule, syntax.Rule) and isinstance(action, syntax.Collect):
                    yield (name, rule.name, number), checked, action


def closing_functions(
    unit: Unit, runtime: Runtime, maps: Mapping[str, str]
) -> dict[Number, tuple[str, FramePlan]]:
    """The generated name and the plan of the end of every collection."""
    return {
        place: _closing(unit, runtime, maps, checked, place, action)
        for place, checked, action in collections(unit.program)
    }


def _closing(
    unit: Unit,
    runtime: Runtime,
    maps: Mapping[str, str],
    checked: CheckedRules,
    place: Number,
    node: syntax.Collect,
) -> tuple[str, FramePlan]:
    writer, frame = Writer(unit, checked.path), Frame(FramePlan(0))
    of = Expressions(writer, Scope(), frame, runtime)
    name, items, to, key, ordinal = (unit.fresh(prefix) for prefix in "xvttn")
    base = (COLLECTED,)
    of.scope.put(COLLECTED, Local(items, origin=Origin((base,), (), base)))
    actions = ActionCompiler(of, maps, place[0], items, (nodes.load(to), nodes.load(key)))
    with writer.nested() as block:
        writer.emit(nodes.assign(ordinal, nodes.const(place[2])))
        actions.action(place[1], node.action, place[2], ordinal)
    escaped = place[1].replace("{", "{{").replace("}", "}}")
    station = unit.station(Station(f"rules/{place[0]}", escaped, unit.place(checked.path, node), {}))
    error = unit.fresh("e")
    noted = ast.Expr(of.call(support.note, nodes.load("run"), nodes.const(station), nodes.load(error)))
    noted.lineno, noted.col_offset = 1, 0
    writer.emit(nodes.attempt(block, of.bound(support.FAILURES), error, [noted]))
    writer.emit(ast.Return(nodes.tuple_of([nodes.load(slot) for slot, _ in frame.slots])))
    slots: list[ast.stmt] = [
        nodes.assign(slot, nodes.list_of([]) if listing else nodes.const(None))
        for slot, listing in frame.slots
    ]
    definition = nodes.define(name, ["run", items, to, key], [*slots, *writer.block])
    for line in (*slots, definition):
        line.lineno, line.col_offset = 1, 0
    unit.definitions.append(definition)
    return name, frame.plan
