"""Guards of documents, generated for one schema each: does anything break a limit of it?

A guard only says yes or no, for speed; what is broken and where is found by rules.shaping afterwards. A
schema without limits has no guard and costs nothing.
"""

import ast
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from dsl import types
from dsl.limits import NONE, Limits, list_faults, searcher, value_faults
from dsl.program import CheckedMap
from rules.generation import nodes
from rules.generation.plans import FramePlan, Lineage
from rules.generation.unit import Unit
from rules.outcome import Failure, Place, Trace
from rules.shaping import ShapeFailure, breaches
from rules.values import shorten

_EXACT = (types.INTEGER, types.DECIMAL, types.PERCENT)


class Guards:
    """Generates the guards of a unit; each record once, so that it may hold itself."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self._made: dict[int, str | None] = {}

    def guard(self, record: types.Record) -> str | None:
        """The name of the function that says whether a record breaks a limit; None where it has none."""
        key = id(record)
        if key not in self._made:
            self._made[key] = name = self.unit.fresh("g") if limited(record) else None
            if name is not None:
                self._define(name, record)
        return self._made[key]

    def _define(self, name: str, record: types.Record) -> None:
        body: list[ast.stmt] = [nodes.assign("get", nodes.attribute(nodes.load("out"), "get"))]
        for field, spec in record.fields.items():
            inside = self._field(types.present(spec.type), spec)
            if inside:
                body.append(nodes.assign("v", nodes.call("get", nodes.const(field))))
                body.append(nodes.branch(nodes.not_none(nodes.load("v")), inside))
        body.append(ast.Return(nodes.const(False)))
        definition = nodes.define(name, ["out"], body)
        definition.lineno = 1
        self.unit.definitions.append(definition)

    def _field(self, kind: types.Type, spec: types.FieldSpec) -> list[ast.stmt]:
        value, limits = nodes.load("v"), spec.limits or NONE
        if isinstance(kind, types.ListOf):
            found = self._list(kind, limits)
            return [nodes.branch(value, found)] if limits.fewest and not spec.required else found
        if isinstance(kind, types.Record):
            inner = self.guard(kind)
            return [_broken(nodes.call(inner, value))] if inner else []
        return [_broken(test) for test in self._tests(kind, limits, value)]

    def _list(self, kind: types.ListOf, limits: Limits) -> list[ast.stmt]:
        item, each = types.present(kind.item), limits.each or NONE
        own = Limits(fewest=limits.fewest, most_items=limits.most_items, unique=limits.unique)
        found = (
            [_broken(self._asked(partial(_any_fault, list_faults, own), nodes.load("v")))]
            if own != NONE
            else []
        )
        inside: list[ast.stmt] = []
        if isinstance(item, types.Record):
            inner = self.guard(item)
            inside = [_broken(nodes.call(inner, nodes.load("e")))] if inner else []
        elif isinstance(item, types.ListOf):
            asked = self._asked(partial(_any_breach, item, each), nodes.load("e"))
            inside = [_broken(asked)] if each != NONE or limited(item) else []
        elif each != NONE:
            inside = [_broken(test) for test in self._tests(item, each, nodes.load("e"))]
        loop = nodes.loop(ast.Name("e", ast.Store()), nodes.load("v"), inside)
        return [*found, loop] if inside else found

    def _tests(self, kind: types.Type, limits: Limits, value: ast.expr) -> list[ast.expr]:
        """Conditions that hold where a limit is broken: the usual ones inline, the others asked of dsl.limits."""
        if limits == NONE:
            return []
        if kind == types.TEXT and limits.values is None:
            return self._text(limits, value)
        if (
            kind in _EXACT
            and Limits(least=limits.least, most=limits.most, above=limits.above, below=limits.below) == limits
        ):
            pairs = (
                (ast.Lt(), limits.least),
                (ast.Gt(), limits.most),
                (ast.LtE(), limits.above),
                (ast.GtE(), limits.below),
            )
            return [
                nodes.compare(value, operator, self._number(bound))
                for operator, bound in pairs
                if bound is not None
            ]
        return [self._asked(partial(_any_fault, value_faults, limits), value)]

    def _text(self, limits: Limits, value: ast.expr) -> list[ast.expr]:
        length = nodes.call(self.unit.bind(len), value)
        tests: list[ast.expr] = []
        if limits.longest is not None:
            tests.append(nodes.compare(length, ast.Gt(), nodes.const(limits.longest)))
        if limits.shortest:
            tests.append(nodes.compare(length, ast.Lt(), nodes.const(limits.shortest)))
        return [*tests, *(nodes.negate(self._asked(searcher(pattern), value)) for pattern in limits.patterns)]

    def _number(self, bound: Decimal) -> ast.expr:
        whole = bound == bound.to_integral_value() and abs(bound) < 10**15
        return nodes.load(self.unit.bind(int(bound) if whole else bound))

    def _asked(self, question: Callable[[Any], Any], value: ast.expr) -> ast.expr:
        return nodes.call(self.unit.bind(question), value)


def _broken(test: ast.expr) -> ast.stmt:
    return nodes.branch(test, [ast.Return(nodes.const(True))])


def _any_fault(faults: Callable[[Limits, Any], Any], limits: Limits, value: Any) -> bool:
    return any(True for _ in faults(limits, value))


def _any_breach(of: types.Type, limits: Limits, value: Any) -> bool:
    inside = types.Record("", {"v": types.FieldSpec(of, True, limits=limits)})
    return bool(breaches({"v": value}, inside))


def limited(of: types.Type, seen: set[int] | None = None) -> bool:
    """Whether anything in a type has limits."""
    seen = set() if seen is None else seen
    match types.present(of):
        case types.ListOf(item=item):
            return limited(item, seen)
        case types.Record() as record if id(record) not in seen:
            seen.add(id(record))
            specs = record.fields.values()
            return any(spec.limits is not None for spec in specs) or any(
                limited(spec.type, seen) for spec in specs
            )
        case _:
            return False


def refuse(
    run: Any, checked: CheckedMap, place: Place, plan: FramePlan, output: Any, marks: tuple[Any, ...]
) -> None:
    """Record what a map's output breaks of its schema's limits; called where its guard says so."""
    lineage = Lineage(plan, marks, output)
    found = [
        limit_failure(checked, fault, lineage, place) for fault in breaches(output, checked.target.record)
    ]
    run.failures += found
    run.rejects += len(found)


def limit_failure(checked: CheckedMap, fault: ShapeFailure, lineage: Any, place: Place) -> Failure:
    """A broken limit as a failure of the map, placed at the line that made the value."""
    trace = _trace(lineage, fault.path)
    return Failure(
        "check",
        "schema_limit",
        fault.message,
        f"map/{checked.node.name}",
        fault.path,
        trace.place if trace is not None else place,
        shorten(fault.value),
    )


def _trace(lineage: Any, path: str) -> Trace | None:
    """The trace of a path or of what holds it."""
    while path:
        found: Trace | None = lineage.get(path)
        if found is not None:
            return found
        path = path.rpartition("[")[0] if path.endswith("]") else path.rpartition(".")[0]
    return None
