"""Expressions by walking their tree."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from dsl import syntax, types
from dsl.errors import FunctionFailure
from dsl.functions import PASSING, Default, arrange, bound, registry
from dsl.functions.measures import converts
from dsl.program import CheckedFunction, EnumValue, Program
from rules import arithmetic
from rules.cells import comparable
from rules.errors import BudgetExceeded
from rules.lookups import result_of
from rules.outcome import Context
from rules.referee.environment import Binding, Environment, Origin, children, union
from rules.referee.tables import decide, find_row

FAILURES = (FunctionFailure, ArithmeticError)
_LARGEST = 10**34


class Blamed(Exception):
    """A failure, with the expression that failed and the value it failed on."""

    def __init__(self, error: Exception, node: syntax.Node, value: Any) -> None:
        super().__init__(str(error))
        self.error = error
        self.kind: str = getattr(error, "kind", "error")
        self.node = node
        own = getattr(error, "value", None)
        self.value = own if own is not None else None if self.kind == "missing" else value


class Evaluator:
    """Evaluates the expressions of one module for one run."""

    def __init__(self, program: Program, context: Context, business_time: date, path: str) -> None:
        self.program = program
        self.context = context
        self.business_time = business_time
        self.path = path
        self.fuel = [context.fuel]
        self.decided: list[tuple[syntax.Expression, str]] = []
        self.extra: Mapping[str, Any] = {}

    def at(self, path: str) -> "Evaluator":
        """The same run in another module."""
        other = Evaluator(self.program, self.context, self.business_time, path)
        other.fuel = self.fuel
        return other

    def local(self, moment: date) -> date:
        """A moment in the rule set's zone; a day stays what it is."""
        zone = ZoneInfo(self.program.manifest.time_zone or "UTC")
        return moment.astimezone(zone) if isinstance(moment, datetime) else moment

    def text(self, node: syntax.Node) -> str:
        """The text of a node, on one line."""
        source = self.program.sources.get(self.path)
        return " ".join(source.slice(node.span).split()) if source else ""

    def need(self, node: syntax.Expression, env: Environment) -> Any:
        """The value, where missing means failing."""
        value = self.may(node, env)
        if value is None:
            what = self.text(node)[:80]
            raise Blamed(
                FunctionFailure("missing", f"{what} is missing" if what else "there is no value"), node, None
            )
        return value

    def may(self, node: syntax.Expression, env: Environment) -> Any:
        """The value, None where it is missing."""
        match node:
            case syntax.Literal(value=value):
                return value
            case syntax.MissingLiteral():
                return None
            case syntax.FieldNames(paths=paths):
                return paths
            case syntax.Name():
                return self._name(node, env)
            case syntax.Path():
                return self._path(node, env)
            case syntax.ListLiteral(items=items):
                return [self.need(item, env) for item in items]
            case syntax.RecordLiteral(fields=fields):
                made = ((name, self.may(value, env)) for name, value in fields)
                return {name: value for name, value in made if value is not None}
            case syntax.Unary():
                return self._unary(node, env)
            case syntax.Binary():
                return self._binary(node, env)
            case syntax.Membership():
                return self._membership(node, env)
            case syntax.Presence():
                return self._presence(node, env)
            case syntax.Call():
                return self._call(node, env)
            case syntax.Comprehension():
                return self._comprehension(node, env)
            case syntax.LookupCall():
                return self._lookup(node, env)
            case syntax.TableCall():
                return self._table(node, env)
        raise TypeError(type(node).__name__)

    def type_of(self, node: syntax.Expression) -> types.Type:
        """The type that the checker found."""
        return types.present(self.program.types.get(node, types.ANYTHING))

    def is_constant(self, node: syntax.Expression) -> bool:
        """Whether it stands for one value whatever the input."""
        if isinstance(node, syntax.Name):
            return isinstance(self.program.names.get(node), EnumValue)
        return isinstance(node, syntax.Literal | syntax.MissingLiteral)

    # ------------------------------------------------------------ names and paths

    def _name(self, node: syntax.Name, env: Environment) -> Any:
        meaning = self.program.names.get(node)
        if isinstance(meaning, EnumValue):
            return meaning.value
        binding = env.find(node.name)
        if binding is not None:
            return binding.value
        around: Environment | None = env
        while around is not None:
            if isinstance(around.output, tuple) and node.name in around.output[1].fields:
                return around.output[0].get(node.name)
            around = around.outer
        if node.name == "message":
            return {"now": self.context.now, **self.context.message}
        return self.extra.get(node.name)

    def _path(self, node: syntax.Path, env: Environment) -> Any:
        value = _field(self.may(node.base, env), node.field)
        return [] if value is None and isinstance(self.type_of(node), types.ListOf) else value

    # ------------------------------------------------------------ operators

    def _unary(self, node: syntax.Unary, env: Environment) -> Any:
        value = self.need(node.operand, env)
        return not value if node.operator == "not" else arithmetic.minus(value)

    def _binary(self, node: syntax.Binary, env: Environment) -> Any:
        # a missing value equals only another missing one; everything else needs its values
        value = self.may if node.operator in ("=", "<>") else self.need
        left = value(node.left, env)
        if node.operator == "and":
            return left and self.need(node.right, env)
        if node.operator == "or":
            return left or self.need(node.right, env)
        right = value(node.right, env)
        subjects = [v for n, v in ((node.left, left), (node.right, right)) if not self.is_constant(n)]
        try:
            return _operate(node.operator, left, right)
        except FAILURES as error:
            raise Blamed(error, node, subjects[0] if subjects else None) from None

    def _membership(self, node: syntax.Membership, env: Environment) -> Any:
        value = self.may(node.value, env)
        found = any(comparable(option) == comparable(value) for option in self.need(node.options, env))
        return found is not node.negated

    def _presence(self, node: syntax.Presence, env: Environment) -> bool:
        value = self.may(node.value, env)
        absent = value is None
        if node.test == "blank":
            absent = absent or value == [] or (isinstance(value, str) and value.strip() == "")
        return absent is not node.negated

    # ------------------------------------------------------------ calls

    def _call(self, node: syntax.Call, env: Environment) -> Any:
        match node.function:
            case "position":
                argument = node.arguments[0]
                binding = env.find(argument.name) if isinstance(argument, syntax.Name) else None
                return binding.position if binding else 0
            case "coalesce":
                return self._coalesce(node, env)
        own = self.program.functions.get(node.function)
        if own is not None:
            return self._own_function(node, own, env)
        spec = registry()[node.function]
        arranged = arrange(spec, node)
        if node.function == "if_else":
            chosen = arranged[1] if self.need(arranged[0], env) else arranged[2]  # type: ignore[arg-type]
            return chosen.value if isinstance(chosen, Default) else self.may(chosen, env)
        values: list[Any] = []
        for index, part in enumerate(arranged):
            if node.function == "convert" and index == 2 and converts(*values):
                part = Default(None)  # the factor is made only where the list of units knows no way
            parameter = spec.parameters[min(index, len(spec.parameters) - 1)]
            if isinstance(part, Default):
                values.append(part.value)
            else:
                values.append(self.may(part, env) if parameter.missing_ok else self.need(part, env))
        parts = [a for a in arranged if not isinstance(a, Default)]
        given = [v for a, v in zip(arranged, values, strict=True) if not isinstance(a, Default)]
        return self._invoke(node, spec.name, values, list(zip(parts, given, strict=True)))

    def _own_function(self, node: syntax.Call, own: CheckedFunction, env: Environment) -> Any:
        inner, values = Environment(), []
        for part, (name, of) in zip(own.arranged(node), own.parameters, strict=True):
            values.append(self.may(part, env) if isinstance(of, types.Maybe) else self.need(part, env))
            inner.bindings[name] = Binding(values[-1])
        within = self.at(own.path)
        try:
            value = (within.may if isinstance(own.result, types.Maybe) else within.need)(
                own.node.value, inner
            )
        except Blamed as blamed:
            given = zip(own.arranged(node), values, strict=True)
            subject = next((v for part, v in given if v is not None and not self.is_constant(part)), None)
            raise Blamed(blamed.error, node, subject) from None
        self.decided.extend((node, words) for _, words in within.decided)
        return value

    def _invoke(
        self, node: syntax.Expression, name: str, values: Sequence[Any], given: Sequence[tuple[Any, Any]]
    ) -> Any:
        try:
            return bound(registry()[name], self.program.manifest)(*values)
        except FAILURES as error:
            subjects = [v for part, v in given if v is not None and not (part and self.is_constant(part))]
            raise Blamed(error, node, subjects[0] if subjects else None) from None

    def _coalesce(self, node: syntax.Call, env: Environment) -> Any:
        for argument in node.arguments[:-1]:
            try:
                value = self.may(argument, env)
            except Blamed as blamed:
                if blamed.kind != "missing":
                    raise
                value = None
            if value is not None:
                return value
        return self.may(node.arguments[-1], env)

    def burn(self, source: Sequence[Any]) -> None:
        """Take the steps of a loop from the fuel."""
        self.fuel[0] -= len(source)
        if self.fuel[0] < 0:
            raise BudgetExceeded(f"more than {self.context.fuel} steps")

    def _comprehension(self, node: syntax.Comprehension, env: Environment) -> Any:
        source = self.need(node.source, env)
        self.burn(source)
        kept: list[tuple[tuple[Any, ...], Any]] = []
        for element in source:
            inner = env.with_(node.variable, Binding(element, position=len(kept) + 1))
            if node.where is None or self.need(node.where, inner):
                keys = tuple(self.need(key.value, inner) for key in node.order_by)
                kept.append((keys, self.need(node.element, inner)))
        values = [value for _, value in self.sorted(node, kept, node.order_by)]
        named = dict(node.named)
        arguments: list[Any] = [values]
        given: list[tuple[Any, Any]] = [(None, values)]
        for parameter in registry()[node.function].parameters[1:]:
            if parameter.name in named:
                arguments.append(self.need(named[parameter.name], env))
                given.append((named[parameter.name], arguments[-1]))
            elif not parameter.repeated:
                arguments.append(parameter.default)
        return self._invoke(node, node.function, arguments, given)

    def sorted(self, node: syntax.Node, kept: list[tuple[Any, Any]], order: Sequence[syntax.OrderKey]) -> Any:
        """Pairs of keys and elements in the order asked for; equal keys keep their order."""
        try:
            for column in range(len(order) - 1, -1, -1):
                kept.sort(key=lambda pair: comparable(pair[0][column]), reverse=order[column].descending)
        except FAILURES as error:
            raise Blamed(error, node, None) from None
        return kept

    def _lookup(self, node: syntax.LookupCall, env: Environment) -> Any:
        lookup = self.program.lookups[node.lookup]
        lookup = lookup.reversed() if node.reverse else lookup
        keys = [self.need(key, env) for key in node.keys]
        moment = self.business_time if node.at is None else self.local(self.need(node.at, env))
        try:
            row = find_row(lookup, keys, moment)
        except FAILURES as error:
            raise Blamed(error, node, None) from None
        self.decided.append((node, f"lookup {lookup.name} row {row + 1}"))
        if node.column is None:
            return result_of(lookup, lookup.rows[row])
        names = [name for name, _ in (*lookup.keys, *lookup.results)]
        if node.column not in names:
            return _field(lookup.rows[row][lookup.answers[0][0]], node.column)
        return lookup.rows[row][names.index(node.column)]

    def _table(self, node: syntax.TableCall, env: Environment) -> Any:
        table = self.program.tables[node.table]
        inputs = [
            self.may(argument, env) if isinstance(of, types.Maybe) else self.need(argument, env)
            for argument, (_, of) in zip(node.arguments, table.inputs, strict=True)
        ]
        inner = Environment()
        for (name, _), value in zip(table.inputs, inputs, strict=True):
            inner.bindings[name] = Binding(value)
        within = self.at(table.path)
        try:
            rows, value = decide(table, inputs, lambda expression: within.may(expression, inner))
        except Blamed as blamed:
            raise Blamed(blamed.error, node, _first_of(self, node, inputs)) from None
        except FAILURES as error:
            raise Blamed(error, node, _first_of(self, node, inputs)) from None
        self.decided.append((node, f"table {table.node.name} {rows}"))
        return value

    # ------------------------------------------------------------ origins

    def origin(self, node: syntax.Node, env: Environment) -> Origin:
        """Where an expression reads; its own decisions are in `decided`."""
        match node:
            case syntax.Name(name=name):
                binding = env.find(name)
                return binding.origin if binding is not None else Origin()
            case syntax.Path(base=base, field=field):
                return self.origin(base, env).step(field)
            case syntax.Comprehension():
                source = self.origin(node.source, env)
                inner = env.with_(node.variable, Binding(None, source.element()))
                parts = [
                    node.element,
                    node.where,
                    *(k.value for k in node.order_by),
                    *(v for _, v in node.named),
                ]
                total = union(
                    Origin((), source.decisions), *(self.origin(p, inner) for p in parts if p is not None)
                )
                return total if total.sources else union(total, source)
            case syntax.Call(function=name) if name in PASSING or name == "compare":
                return self._passed(node, [self.origin(part, env).elements() for part in node.arguments])
        return union(*(self.origin(child, env) for child in children(node)))

    def _passed(self, node: syntax.Call, lists: Sequence[Origin]) -> Origin:
        """Where elements come from that a function passes on."""
        if node.function == "compare" and len(lists) == 2:
            both = union(*lists)
            old, new = (replace(side, decisions=both.decisions) for side in lists)  # each tells of both
            keys = dict(_named(new, node, "key"))
            key = next(iter(keys.values())) if len(keys) == 1 else replace(new, parts=keys)
            parts = {"old": old, "new": new, "key": key, "fields": both}
            change = Origin(both.sources, both.decisions, new.bases, None, True, parts)
            return replace(both, parts={"added": new, "removed": old, "changed": change})
        if node.function != "tree" or not lists:
            return lists[0] if lists else Origin()
        inner: dict[str, Origin] = {}
        found = replace(lists[0], parts=inner)
        inner["children"] = found
        for _, level in _named(lists[0], node, "kind"):
            inner["level"] = level
        return found


def _named(origin: Origin, node: syntax.Call, argument: str) -> list[tuple[str, Origin]]:
    """The fields that an argument names, each with its origin."""
    fields = dict(node.named).get(argument)
    found = []
    for path in fields.paths if isinstance(fields, syntax.FieldNames) else ():
        at = origin
        for name in path:
            at = at.step(name)
        found.append((path[-1], at))
    return found


def _first_of(evaluator: Evaluator, node: syntax.TableCall, inputs: Sequence[Any]) -> Any:
    given = zip(node.arguments, inputs, strict=True)
    return next((v for part, v in given if v is not None and not evaluator.is_constant(part)), None)


def _field(value: Any, name: str) -> Any:
    if isinstance(value, list):
        found: list[Any] = []
        for element in value:
            inner = element.get(name) if isinstance(element, dict) else None
            if isinstance(inner, list):
                found += [part for part in inner if part is not None]
            elif inner is not None:
                found.append(inner)
        return found
    return value.get(name) if isinstance(value, dict) else None


def _operate(operator: str, left: Any, right: Any) -> Any:
    if operator == "&":
        return left + right
    if operator in arithmetic.COMPARE:
        return arithmetic.COMPARE[operator](left, right)
    if isinstance(left, int) and isinstance(right, int) and operator == "*" and abs(left * right) >= _LARGEST:
        raise FunctionFailure("error", "the result is too large")
    if operator == "/" and not isinstance(left, dict) and not isinstance(right, dict):
        return Decimal(left) / Decimal(right)
    return arithmetic.CALCULATE[operator](left, right)
