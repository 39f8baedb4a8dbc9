"""Calls: functions, comprehensions as plain loops, lookups and tables through their index."""

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dsl import syntax, types
from dsl.functions import Default, arrange, registry
from dsl.functions.declaration import FunctionSpec
from dsl.functions.measures import converts
from rules.generation import nodes, support
from rules.generation.functions import compile_own
from rules.generation.intrinsics import shortened
from rules.generation.joins import candidates, find_join
from rules.generation.scopes import Local, Scope

if TYPE_CHECKING:
    from rules.generation.expressions import Expressions


def compile_call(of: "Expressions", node: syntax.Call) -> ast.expr:
    """A function of the language."""
    match node.function:
        case "position":
            return _position(of, node)
        case "coalesce":
            return _coalesce(of, node)
        case "if_else":
            return _if_else(of, node)
        case "convert" if node.named and dict(node.named).get("factor") is not None:
            return _convert(of, node)
    own = of.runtime.own.get(node.function)
    if own is not None:
        return compile_own(of, node, own)
    spec = registry()[node.function]
    short = _short(of, spec, node)
    if short is not None:
        return short
    values = _arguments(of, spec, node)
    if node.function == "trim" and len(values) == 1:
        return nodes.method(values[0], "strip")
    return _invoke(of, node, spec, values)


def _short(of: "Expressions", node_spec: FunctionSpec, node: syntax.Call) -> ast.expr | None:
    arranged = arrange(node_spec, node)
    kinds = [types.present(of.type_of(a)) for a in arranged[:1] if not isinstance(a, Default)]
    if not kinds:
        return None
    short = shortened(node_spec, arranged, kinds, of.runtime.function(node_spec.name))
    if short is None:
        return None
    value = of.w.atom(of.need(arranged[0]))  # type: ignore[arg-type]
    subjects = (value.id,) if isinstance(value, ast.Name) else ()
    of.risks += 1
    with of.w.at(node, subjects):
        return nodes.load(of.w.temp(of.call(short, value)))


def _arguments(of: "Expressions", spec: FunctionSpec, node: syntax.Call) -> list[ast.expr]:
    values = []
    for index, argument in enumerate(arrange(spec, node)):
        if isinstance(argument, Default):
            values.append(of.constant(argument.value))
        else:
            parameter = spec.parameters[min(index, len(spec.parameters) - 1)]
            values.append(of.may(argument) if parameter.missing_ok else of.need(argument))
    return values


def _invoke(
    of: "Expressions", node: syntax.Expression, spec: FunctionSpec, values: list[ast.expr]
) -> ast.expr:
    called = nodes.call(of.bound(of.runtime.function(spec.name)), *values)
    if not spec.failures:
        return called
    values[:] = [of.w.atom(value) for value in values]
    subjects = tuple(value.id for value in values if isinstance(value, ast.Name))
    of.risks += 1
    with of.w.at(node, subjects):
        return nodes.load(of.w.temp(called))


def _position(of: "Expressions", node: syntax.Call) -> ast.expr:
    argument = node.arguments[0]
    local = of.scope.find(argument.name) if isinstance(argument, syntax.Name) else None
    return nodes.load(local.position) if local and local.position else nodes.const(0)


def _coalesce(of: "Expressions", node: syntax.Call) -> ast.expr:
    result = of.unit.fresh("t")
    ends = []
    for index, argument in enumerate(node.arguments):
        with of.w.nested() as block, of.without_shortcut():
            before = of.risks
            value = of.may(argument)
            of.w.emit(nodes.assign(result, value))
            risky = of.risks > before
        if risky and index < len(node.arguments) - 1:
            block = [_attempted(of, block, result)]
        ends.append(block)
    of.w.block.extend(ends[0])
    inner = of.w.block
    for block in ends[1:]:
        test = nodes.branch(nodes.is_none(nodes.load(result)), block)
        test.lineno = of.w.line
        inner.append(test)
        inner = block
    return nodes.load(result)


def _attempted(of: "Expressions", block: list[ast.stmt], result: str) -> ast.stmt:
    error = of.unit.fresh("e")
    is_missing = nodes.compare(
        nodes.call(of.bound(getattr), nodes.load(error), nodes.const("kind"), nodes.const("error")),
        ast.NotEq(),
        nodes.const("missing"),
    )
    handler: list[ast.stmt] = [
        nodes.branch(is_missing, [ast.Raise()]),
        nodes.assign(result, nodes.const(None)),
    ]
    statement = nodes.attempt(block, of.bound(support.FAILURES), error, handler)
    for part in (statement, *handler):
        part.lineno = of.w.line
    return statement


def _if_else(of: "Expressions", node: syntax.Call) -> ast.expr:
    condition, then, otherwise = arrange(registry()["if_else"], node)
    assert not isinstance(condition, Default)
    test = of.need(condition)
    result = of.unit.fresh("t")
    blocks = []
    for part in (then, otherwise):
        with of.w.nested() as block, of.without_shortcut():
            value = nodes.const(None) if isinstance(part, Default) else of.may(part)
            of.w.emit(nodes.assign(result, value))
        blocks.append(block)
    of.w.emit(nodes.branch(test, *blocks))
    return nodes.load(result)


def _convert(of: "Expressions", node: syntax.Call) -> ast.expr:
    """The factor of a conversion is made only where the list of units knows no way."""
    spec = registry()["convert"]
    quantity, unit, factor = (part for part in arrange(spec, node) if not isinstance(part, Default))
    given = [of.w.atom(of.need(part)) for part in (quantity, unit)]
    result = of.unit.fresh("t")
    blocks = []
    for known in (True, False):
        with of.w.nested() as block, of.without_shortcut():
            last = nodes.const(None) if known else of.w.atom(of.need(factor))
            of.w.emit(nodes.assign(result, _invoke(of, node, spec, [*given, last])))
        blocks.append(block)
    of.w.emit(nodes.branch(of.call(converts, *given), *blocks))
    return nodes.load(result)


# ---------------------------------------------------------------- comprehensions


def compile_comprehension(of: "Expressions", node: syntax.Comprehension) -> ast.expr:
    """`f(e for x in l where c order by k)` is f of the list of all e."""
    collected = _collect(of, node)
    spec = registry()[node.function]
    named = dict(node.named)
    values: list[ast.expr] = [nodes.load(collected)]
    for parameter in spec.parameters[1:]:
        given = named.get(parameter.name)
        if given is not None:
            values.append(of.need(given))
        elif not parameter.repeated:
            values.append(of.constant(parameter.default))
    return _invoke(of, node, spec, values)


def _collect(of: "Expressions", node: syntax.Comprehension) -> str:
    source = of.w.atom(of.need(node.source))
    join = find_join(of, node)
    if join is None:
        burn(of, node, source)
        conditions: tuple[syntax.Expression, ...] = () if node.where is None else (node.where,)
    else:
        source = candidates(of, join, source)
        check_fuel(of, node)
        conditions = join.rest
    result = of.w.temp(nodes.list_of([]), "l")
    keys = of.w.temp(nodes.list_of([]), "l") if node.order_by else ""
    element, position = of.unit.fresh("v"), of.unit.fresh("p")
    counted = uses_position(node, node.variable)
    if counted:
        of.w.emit(nodes.assign(position, nodes.const(0)))
    outer, of.scope = of.scope, Scope(of.scope)
    of.scope.put(node.variable, Local(element, position=position if counted else None))
    of.listing += 1
    with of.w.nested() as body, of.without_shortcut():
        _kept(of, node, conditions, lambda: _element(of, node, result, keys, position if counted else ""))
    of.listing -= 1
    of.scope = outer
    of.w.emit(nodes.loop(ast.Name(element, ast.Store()), source, body))
    if not node.order_by:
        return result
    descending = nodes.tuple_of([nodes.const(key.descending) for key in node.order_by])
    of.risks += 1
    with of.w.at(node):
        return of.w.temp(of.call(support.ordered, nodes.load(result), nodes.load(keys), descending), "l")


def _kept(
    of: "Expressions",
    node: syntax.Comprehension,
    conditions: Sequence[syntax.Expression],
    make: Callable[[], None],
) -> None:
    if not conditions:
        make()
        return
    test = of.need(conditions[0])
    with of.w.nested() as kept:
        _kept(of, node, conditions[1:], make)
    of.w.emit(nodes.branch(test, kept))


def _element(of: "Expressions", node: syntax.Comprehension, result: str, keys: str, position: str) -> None:
    if position:
        of.w.emit(ast.AugAssign(ast.Name(position, ast.Store()), ast.Add(), nodes.const(1)))
    if keys:
        made = nodes.tuple_of([of.need(key.value) for key in node.order_by])
        of.w.emit(ast.Expr(nodes.method(nodes.load(keys), "append", made)))
    value = of.need(node.element)
    if _is_computed_text(of, node.element):
        value = of.w.atom(value)
        check_text(of, node.element, value)
    of.w.emit(ast.Expr(nodes.method(nodes.load(result), "append", value)))


def uses_position(node: object, variable: str) -> bool:
    """Whether `position(variable)` stands anywhere inside."""
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, syntax.Call) and part.function == "position":
            return True
        if isinstance(part, tuple):
            stack.extend(part)
        elif isinstance(part, syntax.Node):
            stack.extend(getattr(part, n) for c in type(part).__mro__ for n in getattr(c, "__slots__", ()))
    return False


def _is_computed_text(of: "Expressions", node: syntax.Expression) -> bool:
    return of.type_of(node) == types.TEXT and isinstance(node, syntax.Binary | syntax.Call)


def check_text(of: "Expressions", node: syntax.Expression, value: ast.expr) -> None:
    """Count a long text against the budget of the run."""
    length = nodes.call(of.bound(len), value)
    with of.w.at(node):
        counting = ast.Expr(of.call(support.grow, nodes.load("run"), length))
        counting.lineno = of.w.line
        of.w.emit(nodes.branch(nodes.compare(length, ast.Gt(), nodes.const(256)), [counting]))


def burn(of: "Expressions", node: syntax.Node, source: ast.expr) -> None:
    """Take the steps of a loop over a list from the fuel of the run."""
    fuel = ast.Attribute(nodes.load("run"), "fuel", ast.Store())
    with of.w.at(node):
        of.w.emit(ast.AugAssign(fuel, ast.Sub(), nodes.call(of.bound(len), source)))
    check_fuel(of, node)


def check_fuel(of: "Expressions", node: syntax.Node) -> None:
    """End the run where its fuel is used up."""
    with of.w.at(node):
        stop = ast.Expr(of.call(support.out_of_fuel, nodes.load("run")))
        stop.lineno = of.w.line
        left = nodes.attribute(nodes.load("run"), "fuel")
        of.w.emit(nodes.branch(nodes.compare(left, ast.Lt(), nodes.const(0)), [stop]))


# ---------------------------------------------------------------- lookups and tables


def compile_lookup(of: "Expressions", node: syntax.LookupCall) -> ast.expr:
    """`lookup name(keys).column`: one dict access where the lookup allows it."""
    lookup = of.runtime.lookup(node)
    keys = [of.w.atom(of.need(key)) for key in node.keys]
    subjects = tuple(key.id for key in keys if isinstance(key, ast.Name))
    if node.at is None:
        find = nodes.call(of.bound(lookup.find), nodes.load("run"), *keys)
    else:
        find = nodes.call(of.bound(lookup.find_at), nodes.load("run"), of.w.atom(of.need(node.at)), *keys)
    of.risks += 1
    with of.w.at(node, subjects):
        if lookup.fast is not None and not isinstance(of.type_of(node.keys[0]), types.Quantity | types.Money):
            row = of.w.temp(nodes.method(nodes.load(of.bound(lookup.fast)), "get", keys[0]), "r")
            failing = ast.Expr(find)
            failing.lineno = of.w.line
            of.w.emit(nodes.branch(nodes.is_none(nodes.load(row)), [failing]))
        else:
            row = of.w.temp(find, "r")
    column = lookup.columns[node.column or lookup.result]
    of.mark(node, nodes.load(row), lookup.words)
    return nodes.item(nodes.load(of.bound(column)), nodes.load(row))


def compile_table(of: "Expressions", node: syntax.TableCall) -> ast.expr:
    """`table name(inputs)`: the value, and which rows decided."""
    table = of.runtime.tables[node.table]
    inputs = of.unit.program.tables[node.table].inputs
    values = []
    for argument, (_, kind) in zip(node.arguments, inputs, strict=True):
        optional = isinstance(kind, types.Maybe)
        values.append(of.w.atom(of.may(argument) if optional else of.need(argument)))
    subjects = tuple(value.id for value in values if isinstance(value, ast.Name))
    of.risks += 1
    with of.w.at(node, subjects):
        pair = of.w.temp(nodes.call(of.bound(table.decide), nodes.load("run"), *values))
    of.mark(node, nodes.item(nodes.load(pair), nodes.const(0)), table.words)
    return nodes.item(nodes.load(pair), nodes.const(1))
