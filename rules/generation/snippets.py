"""Small generated functions: free conditions and outputs of tables, the keys of flows."""

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from dsl import syntax, types
from dsl.program import CheckedFlow, CheckedFunction, CheckedTable, EnumValue, Program
from rules.generation import nodes, support
from rules.generation.expressions import Expressions
from rules.generation.plans import FramePlan
from rules.generation.runtime import OwnFunction, Runtime
from rules.generation.scopes import Frame, Local, Scope
from rules.generation.unit import Unit, Writer

NOT_CONSTANT: Any = object()


def constant(program: Program, node: syntax.Expression) -> Any:
    """The value of a constant expression, else NOT_CONSTANT."""
    match node:
        case syntax.Literal(value=value):
            return value
        case syntax.MissingLiteral():
            return None
        case syntax.Name():
            meaning = program.names.get(node)
            return meaning.value if isinstance(meaning, EnumValue) else NOT_CONSTANT
        case syntax.Unary(operator="-", operand=syntax.Literal(value=value)):
            from rules.arithmetic import minus

            return minus(value)
        case syntax.ListLiteral(items=items):
            values = [constant(program, part) for part in items]
            return NOT_CONSTANT if NOT_CONSTANT in values else values
        case _:
            return NOT_CONSTANT


class Snippets:
    """Generates functions of a few parameters that give expressions' values."""

    def __init__(self, unit: Unit, runtime: Runtime) -> None:
        self.unit = unit
        self.runtime = runtime

    def table_function(self, table: CheckedTable, results: Sequence[syntax.Expression], single: bool) -> str:
        """A function of the inputs of a table; gives one value or a tuple of them."""
        parameters = {name: isinstance(of, types.Maybe) for name, of in table.inputs}
        of, locals_ = self._start(table.path, parameters)
        values = [of.need(results[0])] if single else [of.may(result) for result in results]
        value = values[0] if single else nodes.tuple_of(values)
        of.w.emit(ast.Return(value))
        return self._define(of, locals_, of.w.block)

    def own_function(self, checked: CheckedFunction) -> OwnFunction:
        """A function of the rule set; with lookups or tables in it, it also gives what they decided."""
        parameters = {name: isinstance(of, types.Maybe) for name, of in checked.parameters}
        of, locals_ = self._start(checked.path, parameters)
        take = of.may if isinstance(checked.result, types.Maybe) else of.need
        value = take(checked.node.value)
        slots = [(ref.words, of.frame.slots[ref.slot][0]) for ref in of.frame.plan.decisions]
        if slots:
            pairs = [nodes.tuple_of([nodes.load(of.bound(words)), nodes.load(slot)]) for words, slot in slots]
            value = nodes.tuple_of([value, of.call(support.decided, *pairs)])
        of.w.emit(ast.Return(value))
        return OwnFunction(checked, self._define(of, locals_, of.w.block), bool(slots))

    def keys_function(self, flow: CheckedFlow) -> str:
        """A function of the document; gives duplicate key, order key, the business keys and the business time."""
        of, locals_ = self._start(flow.path, {flow.node.variable: False})
        identify = self._attempted(of, flow.node.identify_by)
        order = self._attempted(of, flow.node.order_by)
        business = [(name, self._attempted(of, value)) for name, value in flow.node.keys]
        named = ast.Dict([nodes.const(name) for name, _ in business], [value for _, value in business])
        moment = self._attempted(of, flow.node.business_time)
        of.w.emit(ast.Return(nodes.tuple_of([identify, order, named, moment])))
        return self._define(of, locals_, of.w.block)

    def step_function(
        self, path: str, variables: Mapping[str, bool], results: Sequence[tuple[syntax.Expression, bool]]
    ) -> str:
        """A function of the named values of a flow; gives several values, of which some may be missing."""
        of, locals_ = self._start(path, variables)
        values = [of.may(node) if maybe else of.need(node) for node, maybe in results]
        of.w.emit(ast.Return(nodes.tuple_of(values)))
        return self._define(of, locals_, of.w.block)

    def awaited_function(self, path: str, variable: str, parts: Sequence[syntax.Expression]) -> str:
        """A function of a message; gives the values it is found by, None for what it does not have."""
        of, locals_ = self._start(path, {variable: False})
        values = [self._attempted(of, part) for part in parts]
        of.w.emit(ast.Return(nodes.tuple_of(values)))
        return self._define(of, locals_, of.w.block)

    def _start(self, path: str, parameters: Mapping[str, bool]) -> tuple[Expressions, list[str]]:
        of = Expressions(Writer(self.unit, path), Scope(), Frame(FramePlan(0)), self.runtime)
        locals_ = []
        for name, maybe in parameters.items():
            local = self.unit.fresh("v")
            of.scope.put(name, Local(local, maybe))
            locals_.append(local)
        return of, locals_

    def _attempted(self, of: Expressions, node: syntax.Expression | None) -> ast.expr:
        name = self.unit.fresh("k")
        of.w.emit(nodes.assign(name, nodes.const(None)))
        if node is not None:
            with of.w.nested() as block:
                of.w.emit(nodes.assign(name, of.may(node)))
            error = self.unit.fresh("e")
            of.w.emit(nodes.attempt(block, self.unit.bind(support.FAILURES), error, []))
        return nodes.load(name)

    def _define(self, of: Expressions, locals_: Sequence[str], body: list[ast.stmt]) -> str:
        slots: list[ast.stmt] = [
            nodes.assign(slot, nodes.list_of([]) if listing else nodes.const(None))
            for slot, listing in of.frame.slots
        ]
        name = self.unit.fresh("c")
        definition = nodes.define(name, ["run", *locals_], [*slots, *body])
        for line in (*slots, definition):
            line.lineno, line.col_offset = 1, 0
        self.unit.definitions.append(definition)
        return name
