"""Expressions -> Python expressions, with the statements they need written before them.

What `need` and `may` return can't fail and may be read where it stands or after later statements:
everything that can fail is a statement of its own, at its own site.
"""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dsl import syntax, types
from dsl.program import EnumValue
from rules.generation import calls, nodes, operators, support
from rules.generation.plans import DecisionRef, Origin
from rules.generation.runtime import Runtime
from rules.generation.scopes import Frame, Scope
from rules.generation.traced import TRACED, call_origin, element_origin
from rules.generation.unit import Unit, Writer

DEEPEST_SHORTCUT = 12


@dataclass(slots=True)
class Shortcut:
    """A way round a missing value without raising: what follows goes into the branch where it is there."""

    block: list[ast.stmt]
    otherwise: Any = None
    depth: int = 0


class Expressions:
    """Compiles the expressions of one generated function."""

    def __init__(self, writer: Writer, scope: Scope, frame: Frame, runtime: Runtime) -> None:
        self.w = writer
        self.scope = scope
        self.frame = frame
        self.runtime = runtime
        self.shortcut: Shortcut | None = None
        self.listing = 0
        self.risks = 0
        self.refs: dict[syntax.Expression, DecisionRef] = {}

    @property
    def unit(self) -> Unit:
        """The program being compiled."""
        return self.w.unit

    def type_of(self, node: syntax.Expression) -> types.Type:
        """What the checker found out about it."""
        return self.unit.program.types.get(node, types.ANYTHING)

    def bound(self, value: Any) -> str:
        """The generated name of a Python value."""
        return self.unit.bind(value)

    def call(self, function: Any, *arguments: ast.expr) -> ast.expr:
        """A call of a Python function of ours."""
        return nodes.call(self.bound(function), *arguments)

    # ------------------------------------------------------------ presence

    def need(self, node: syntax.Expression) -> ast.expr:
        """The value, where missing means failing."""
        value = self.may(node)
        if not self.can_be_missing(node):
            return value
        value = self.w.atom(value)
        shortcut = self.shortcut
        if shortcut and shortcut.block is self.w.block and shortcut.depth < DEEPEST_SHORTCUT:
            self._go_round(value, shortcut)
            return value
        self.risks += 1
        with self.w.at(node):
            raising = ast.Expr(self.call(support.missing, nodes.const(self.w.source(node)[:80])))
            raising.lineno = self.w.line
            self.w.emit(nodes.branch(nodes.is_none(value), [raising]))
        return value

    def _go_round(self, value: ast.expr, shortcut: Shortcut) -> None:
        body: list[ast.stmt] = []
        otherwise: list[ast.stmt] = []
        if shortcut.otherwise is not None:
            with self.w.nested() as otherwise:
                shortcut.otherwise()
        self.w.emit(ast.If(nodes.not_none(value), body, otherwise))
        self.w.block = shortcut.block = body
        shortcut.depth += 1

    def can_be_missing(self, node: syntax.Expression) -> bool:
        """Whether `may` can give None."""
        of = self.type_of(node)
        match node:
            case syntax.MissingLiteral():
                return True
            case syntax.LookupCall():
                return self.runtime.lookup(node).has_gaps(node.column)
            case syntax.Path():
                return not isinstance(of, types.ListOf)
            case syntax.Name():
                if isinstance(self.unit.program.names.get(node), EnumValue):
                    return False
                local = self.scope.find(node.name)
                return local is None or local.maybe
            case syntax.Call(function="coalesce"):
                return self.can_be_missing(node.arguments[-1])
            case syntax.Call(function="if_else"):
                return len(node.arguments) < 3 or any(
                    self.can_be_missing(part) for part in node.arguments[1:]
                )
            case syntax.Call() | syntax.Comprehension() | syntax.TableCall():
                return isinstance(of, types.Maybe | types.Nothing | types.Anything)
            case _:
                return False

    @contextmanager
    def without_shortcut(self) -> Iterator[None]:
        """Inside, a missing value raises."""
        outer, self.shortcut = self.shortcut, None
        try:
            yield
        finally:
            self.shortcut = outer

    # ------------------------------------------------------------ values

    def may(self, node: syntax.Expression) -> ast.expr:
        """The value, None where it is missing."""
        match node:
            case syntax.Literal():
                return self.constant(node.value)
            case syntax.MissingLiteral():
                return nodes.const(None)
            case syntax.FieldNames(paths=paths):
                return self.constant(paths)
            case syntax.Name():
                return self._name(node)
            case syntax.Path():
                return self._path(node)
            case syntax.ListLiteral(items=items):
                return nodes.list_of([self.need(part) for part in items])
            case syntax.RecordLiteral():
                return self._record(node)
            case syntax.Unary() | syntax.Binary() | syntax.Membership() | syntax.Presence():
                return operators.compile_operator(self, node)
            case syntax.Call():
                return calls.compile_call(self, node)
            case syntax.Comprehension():
                return calls.compile_comprehension(self, node)
            case syntax.LookupCall():
                return calls.compile_lookup(self, node)
            case syntax.TableCall():
                return calls.compile_table(self, node)
        raise TypeError(type(node).__name__)

    def constant(self, value: Any) -> ast.expr:
        """A constant of the language; exact numbers, dates and amounts are bound by name."""
        if value is None or isinstance(value, str | bool | int):
            return nodes.const(value)
        return nodes.load(self.bound(value))

    def _name(self, node: syntax.Name) -> ast.expr:
        meaning = self.unit.program.names.get(node)
        if isinstance(meaning, EnumValue):
            return nodes.const(meaning.value)
        local = self.scope.find(node.name)
        if local is not None:
            return nodes.load(local.name)
        output = self.output_of(node.name)
        if output is not None:
            return nodes.method(nodes.load(output), "get", nodes.const(node.name))
        if node.name == "message":
            return nodes.attribute(nodes.load("run"), "message")
        return nodes.const(None)

    def output_of(self, name: str) -> str | None:
        """The generated variable of the record whose field a check names."""
        frame: Frame | None = self.frame
        while frame is not None:
            if frame.target is not None and name in frame.target.fields:
                return frame.output
            frame = frame.outer
        return None

    def _path(self, node: syntax.Path) -> ast.expr:
        base_type = types.present(self.type_of(node.base))
        key = nodes.const(node.field)
        base = self.may(node.base)
        if isinstance(base_type, types.ListOf):
            return self.call(support.through, base, key)
        if isinstance(base_type, types.Anything):
            return self.call(support.field_of, base, key)
        if self.can_be_missing(node.base):
            base = self.w.atom(base)
            value: ast.expr = ast.IfExp(
                nodes.is_none(base), nodes.const(None), nodes.method(base, "get", key)
            )
        else:
            value = nodes.method(base, "get", key)
        if isinstance(types.present(self.type_of(node)), types.ListOf):
            return ast.BoolOp(ast.Or(), [value, nodes.list_of([])])
        return value

    def _record(self, node: syntax.RecordLiteral) -> ast.expr:
        names = [nodes.const(name) for name, _ in node.fields]
        made = ast.Dict(list(names), [self.may(value) for _, value in node.fields])
        if not any(self.can_be_missing(value) for _, value in node.fields):
            return made
        return self.call(support.without_gaps, made)

    # ------------------------------------------------------------ marks

    def mark(self, node: syntax.Expression, value: ast.expr, words: Any) -> None:
        """Keep which row of a lookup or table an expression used."""
        name = self.unit.fresh("s")
        slot = self.frame.slot(name, self.listing > 0)
        if self.listing:
            self.w.emit(ast.Expr(nodes.method(nodes.load(name), "append", value)))
        else:
            self.w.emit(nodes.assign(name, value))
        ref = DecisionRef(self.frame.plan.depth, slot, words)
        self.refs[node] = ref
        self.frame.plan.decisions.append(ref)

    def poisons(self, *parts: syntax.Expression | None) -> list[str]:
        """The generated variables of lets that may have failed and that these expressions read."""
        found: dict[str, None] = {}
        for part in parts:
            for name in self.names_in(part):
                local = self.scope.find(name.name)
                if local is not None and local.poison:
                    found[local.name] = None
        return list(found)

    def names_in(self, node: syntax.Expression | None) -> Iterator[syntax.Name]:
        """All names that an expression reads."""
        return _names(node)

    def origin(self, node: syntax.Expression) -> Origin:
        """Where the value of an expression comes from."""
        return _origin(self, node, {})


def _names(node: Any) -> Iterator[syntax.Name]:
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, syntax.Name):
            yield part
        elif isinstance(part, tuple):
            stack.extend(part)
        elif isinstance(part, syntax.Node):
            stack.extend(children(part))


def children(node: syntax.Node) -> list[syntax.Node]:
    """The nodes directly inside a node."""
    found: list[syntax.Node] = []
    stack = [getattr(node, name) for cls in type(node).__mro__ for name in getattr(cls, "__slots__", ())]
    while stack:
        part = stack.pop(0)
        if isinstance(part, syntax.Node):
            found.append(part)
        elif isinstance(part, tuple):
            stack[:0] = part
    return found


def _origin(compiler: Expressions, node: syntax.Expression, elements: dict[str, Origin]) -> Origin:
    match node:
        case syntax.Name():
            if node.name in elements:
                return elements[node.name]
            local = compiler.scope.find(node.name)
            return local.origin if local is not None else Origin()
        case syntax.Path():
            step = f".{node.field}" if node.field.isidentifier() else f'."{node.field}"'
            return _origin(compiler, node.base, elements).at(node.field, step)
        case syntax.Comprehension():
            return _comprehension_origin(compiler, node, elements)
        case syntax.Call(function=name) if name in TRACED and node not in compiler.refs:
            return call_origin(node, lambda part: _origin(compiler, part, elements))
    total = Origin()
    for child in children(node):
        total = total.joined(_origin(compiler, child, elements))  # type: ignore[arg-type]
    ref = compiler.refs.get(node)
    return total if ref is None else Origin(total.sources, (*total.decisions, ref))


def _comprehension_origin(
    compiler: Expressions, node: syntax.Comprehension, elements: dict[str, Origin]
) -> Origin:
    source = _origin(compiler, node.source, elements)
    inner = {**elements, node.variable: element_origin(source)}
    total = Origin((), source.decisions)
    for part in (
        node.element,
        node.where,
        *(key.value for key in node.order_by),
        *(v for _, v in node.named),
    ):
        if part is not None:
            total = total.joined(_origin(compiler, part, inner))
    return total if total.sources else total.joined(source)
