"""`each` -> a Python loop: filter, group and order first, then one frame a row."""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsl import syntax, types
from rules.generation import nodes, support
from rules.generation.calls import burn, uses_position
from rules.generation.plans import EachPlan, FramePlan, Origin, escaped, extend, spell
from rules.generation.scopes import Frame, Local, Scope
from rules.generation.unit import Reaction, Station

if TYPE_CHECKING:
    from rules.generation.maps import MapCompiler


@dataclass(slots=True)
class Loop:
    """The generated variables of one `each`."""

    element: str
    index: str
    position: str
    number: str
    rows: str
    marks: str


def compile_each(maps: "MapCompiler", node: syntax.Each) -> None:
    """Write an `each`; its rows become a list in the target, their marks a list in a slot."""
    fresh = maps.unit.fresh
    marks = fresh("s")
    slot = maps.frame.slot(marks, False)
    names = Loop(fresh("v"), fresh("i"), fresh("p"), fresh("n"), fresh("l"), marks)
    origin = _row_origin(maps, node)
    reactions = maps.reactions((), ("skip",))
    station = maps.station(node, spell(node.target), reactions)
    with maps.w.nested() as block:
        pairs = _pairs(maps, node, names, origin)
    chosen = fresh("q")
    block.append(nodes.assign(chosen, pairs))
    block[-1].lineno = maps.w.line
    poisons = maps.of.poisons(node.source, node.where, *(k.value for k in node.order_by + node.group_by))
    with maps.w.nested() as whole:
        maps.w.emit(nodes.assign(chosen, nodes.const(None)))
        maps.w.block.append(maps.caught(block, station))
        with maps.w.nested() as taken:
            frame = _rows(maps, node, names, origin, chosen)
            target = maps.record_of(node.target[:-1])
            maps.w.emit(nodes.assign_item(target, node.target[-1], nodes.load(names.rows)))
        maps.w.emit(nodes.branch(nodes.not_none(nodes.load(chosen)), taken))
    maps.guarded(poisons, whole)
    maps.frame.plan.eaches.append(EachPlan(node.target, slot, maps.conditions, frame))


def _row_origin(maps: "MapCompiler", node: syntax.Each) -> Origin:
    depth = maps.frame.plan.depth + 1
    source = maps.of.origin(node.source)
    if source.base is None and source.sources:
        return Origin(source.sources, source.decisions, parts=source.parts)
    base = source.base if source.base is not None else (maps.w.source(node.source),)
    row = base if source.spread else extend((*extend(base, "["), depth), "]")
    return Origin((row,), source.decisions, row, parts=source.parts)


def _pairs(maps: "MapCompiler", node: syntax.Each, names: Loop, origin: Origin) -> ast.expr:
    """The rows to run, as something to iterate over that gives (index, element)."""
    of = maps.of
    source = maps.w.atom(of.need(node.source))
    burn(of, node, source)
    plain = of.call(enumerate, source)
    if node.where is None and not node.group_by and not node.order_by:
        return plain
    kept = plain if node.where is None else _filtered(maps, node, names, plain, origin)
    if node.group_by:
        kept = _grouped(maps, node, names, kept, origin)
    if node.order_by:
        kept = _ordered(maps, node, names, kept, origin)
    return kept


def _walk(maps: "MapCompiler", names: Loop, pairs: ast.expr, body: list[ast.stmt]) -> None:
    target = ast.Tuple(
        [ast.Name(names.index, ast.Store()), ast.Name(names.element, ast.Store())], ast.Store()
    )
    maps.w.emit(nodes.loop(target, pairs, body))


def _inside(maps: "MapCompiler", node: syntax.Each, names: Loop, origin: Origin) -> Scope:
    scope = Scope(maps.of.scope)
    scope.put(node.variable, Local(names.element, origin=origin, position=names.position))
    return scope


def _filtered(
    maps: "MapCompiler", node: syntax.Each, names: Loop, pairs: ast.expr, origin: Origin
) -> ast.expr:
    assert node.where is not None
    kept = maps.w.temp(nodes.list_of([]), "l")
    outer, maps.of.scope = maps.of.scope, _inside(maps, node, names, origin)
    maps.of.listing += 1
    with maps.w.nested() as body:
        before = maps.of.risks
        test = maps.of.need(node.where)
        pair = nodes.tuple_of([nodes.load(names.index), nodes.load(names.element)])
        append = ast.Expr(nodes.method(nodes.load(kept), "append", pair))
        append.lineno = maps.w.line
        maps.w.emit(nodes.branch(test, [append]))
        risky = maps.of.risks > before
    if risky:
        body = [_row_guard(maps, node, names, list(body))]
    maps.of.listing -= 1
    maps.of.scope = outer
    _walk(maps, names, pairs, body)
    return nodes.load(kept)


def _row_guard(maps: "MapCompiler", node: syntax.Each, names: Loop, body: list[ast.stmt]) -> ast.stmt:
    """A condition that fails costs its row only: rejected with the message, or dropped."""
    reactions = maps.reactions((), ("skip",))
    for kind, handler in maps.checked.policy.items():
        if handler.action in ("skip row", "reject row"):
            reactions[kind] = Reaction(handler.action, 0, handler.warn)
    path = f"{maps.frame.path}{escaped(node.target)}[{{}}]"
    place = maps.unit.place(maps.w.path, node)
    indexes = (*maps.frame.indexes, names.index)
    station = maps.unit.station(Station(maps.step, path, place, reactions, indexes))
    error = maps.unit.fresh("e")
    noted = ast.Expr(maps.of.call(support.note, nodes.load("run"), nodes.const(station), nodes.load(error)))
    statement = nodes.attempt(body, maps.of.bound(support.FAILURES), error, [noted])
    noted.lineno = statement.lineno = maps.w.line
    return statement


def _collected(
    maps: "MapCompiler", node: syntax.Each, names: Loop, pairs: str, origin: Origin, grouping: bool
) -> str:
    keys = maps.w.temp(nodes.list_of([]), "l")
    outer, maps.of.scope = maps.of.scope, _inside(maps, node, names, origin)
    maps.of.listing += 1
    with maps.w.nested() as body:
        if grouping:
            values = [maps.of.may(key.value) for key in node.group_by]
            made: ast.expr = ast.Dict([nodes.const(key.name) for key in node.group_by], values)
        else:
            made = nodes.tuple_of([maps.of.need(key.value) for key in node.order_by])
        maps.w.emit(ast.Expr(nodes.method(nodes.load(keys), "append", made)))
    maps.of.listing -= 1
    maps.of.scope = outer
    _walk(maps, names, nodes.load(pairs), body)
    return keys


def _grouped(
    maps: "MapCompiler", node: syntax.Each, names: Loop, pairs: ast.expr, origin: Origin
) -> ast.expr:
    listed = maps.w.temp(maps.of.call(list, pairs), "l")
    keys = _collected(maps, node, names, listed, origin, grouping=True)
    maps.of.risks += 1
    with maps.w.at(node):
        made = maps.w.temp(maps.of.call(support.grouped, nodes.load(listed), nodes.load(keys)), "l")
    return nodes.load(made)


def _ordered(
    maps: "MapCompiler", node: syntax.Each, names: Loop, pairs: ast.expr, origin: Origin
) -> ast.expr:
    listed = maps.w.temp(maps.of.call(list, pairs), "l")
    keys = _collected(maps, node, names, listed, origin, grouping=False)
    descending = nodes.tuple_of([nodes.const(key.descending) for key in node.order_by])
    maps.of.risks += 1
    with maps.w.at(node):
        made = maps.of.call(support.ordered, nodes.load(listed), nodes.load(keys), descending)
        return nodes.load(maps.w.temp(made, "l"))


def _rows(maps: "MapCompiler", node: syntax.Each, names: Loop, origin: Origin, chosen: str) -> FramePlan:
    """The loop over the rows: a frame of its own each time round."""
    outer = (maps.frame, maps.of.frame, maps.of.scope, maps.prefixes, maps.conditions, maps.checks)
    frame = _frame(maps, node, names)
    maps.frame = maps.of.frame = frame
    maps.prefixes, maps.conditions, maps.checks = {}, (), []
    if node.group_by:
        keyed = {key.name: _key_origin(maps, node, key, names, origin) for key in node.group_by}
        origin = Origin(origin.sources, origin.decisions, origin.base, keyed)
    maps.of.scope = _inside(maps, node, names, origin)
    counting = uses_position(node.body, node.variable)
    with maps.w.nested() as body:
        maps.body(node.body)
        opening = [*_row_start(maps, names, counting), *maps.opening()]
        closing = _row_end(maps, names)
    maps.frame, maps.of.frame, maps.of.scope, maps.prefixes, maps.conditions, maps.checks = outer
    maps.w.emit(nodes.assign_all([names.rows], nodes.list_of([])))
    maps.w.emit(nodes.assign(names.marks, nodes.list_of([])))
    maps.w.emit(nodes.assign(names.position, nodes.const(0)))
    maps.w.emit(nodes.assign(names.number, nodes.const(-1)))
    _walk(maps, names, nodes.load(chosen), [*opening, *body, *closing])
    return frame.plan


def _key_origin(
    maps: "MapCompiler", node: syntax.Each, key: syntax.GroupKey, names: Loop, origin: Origin
) -> Origin:
    scope, maps.of.scope = maps.of.scope, _inside(maps, node, names, origin)
    found = maps.of.origin(key.value)
    maps.of.scope = scope
    return found


def _frame(maps: "MapCompiler", node: syntax.Each, names: Loop) -> Frame:
    outer = maps.frame
    record = outer.target
    for name in node.target:
        spec = record.fields.get(name) if record is not None else None
        kind = types.present(spec.type) if spec is not None else None
        inner = types.present(kind.item) if isinstance(kind, types.ListOf) else kind
        record = inner if isinstance(inner, types.Record) else None
    return Frame(
        FramePlan(outer.plan.depth + 1),
        maps.unit.fresh("o"),
        record,
        outer,
        (*outer.indexes, names.number),
        f"{outer.path}{escaped(node.target)}[{{}}].",
    )


def _row_start(maps: "MapCompiler", names: Loop, counting: bool) -> list[ast.stmt]:
    one = nodes.const(1)
    lines: list[ast.stmt] = [ast.AugAssign(ast.Name(names.number, ast.Store()), ast.Add(), one)]
    if counting:
        lines.append(nodes.assign(names.position, ast.BinOp(nodes.load(names.number), ast.Add(), one)))
    if maps.frame.dropped:
        mark = nodes.call(maps.of.bound(len), nodes.attribute(nodes.load("run"), "failures"))
        lines.append(nodes.assign(maps.frame.dropped, nodes.const(False)))
        lines.append(nodes.assign(f"{maps.frame.dropped}_mark", mark))
    return _at_start(lines)


def _row_end(maps: "MapCompiler", names: Loop) -> list[ast.stmt]:
    index = nodes.load(names.index)
    lines: list[ast.stmt] = []
    if maps.frame.dropped:
        mark = nodes.load(f"{maps.frame.dropped}_mark")
        dropping = ast.Expr(maps.of.call(support.drop_row, nodes.load("run"), mark))
        lines.append(nodes.branch(nodes.load(maps.frame.dropped), [dropping, ast.Continue()]))
    kept = nodes.method(nodes.load(names.rows), "append", nodes.load(maps.frame.output))
    marked = nodes.method(nodes.load(names.marks), "append", nodes.tuple_of([index, maps.marks()]))
    return _at_start([*lines, ast.Expr(kept), ast.Expr(marked)])


def _at_start(lines: list[ast.stmt]) -> list[ast.stmt]:
    for line in lines:
        line.lineno, line.col_offset = 1, 0
    return lines
