"""Variables of one declaration: what introduces each, how far it reaches, where it is named."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dsl import syntax
from dsl.navigation.nodes import parts, walk
from dsl.navigation.symbols import Occurrence, Symbol
from dsl.program import EnumValue, Program
from dsl.source import Span
from dsl.tree import Token

_WORDS = frozenset({"let", "each", "for", "given", "enrich", "as"})


@dataclass(frozen=True, slots=True)
class Binder:
    """A name given to a value, and the span in which it means that value."""

    symbol: Symbol
    span: Span
    reach: Span


class Variables:
    """The variables of a declaration, by the tokens of its module."""

    def __init__(
        self, program: Program, path: str, declaration: syntax.Declaration, tokens: Sequence[Token]
    ) -> None:
        self._program = program
        self._path = path
        self._declaration = declaration
        first = bisect_left(tokens, declaration.span.start, key=lambda t: t.start)
        last = bisect_left(tokens, declaration.span.end, key=lambda t: t.start)
        self._tokens = tokens[first:last]
        self._binders = list(self._bind(declaration, declaration.span))

    def occurrences(self) -> Iterator[Occurrence]:
        """Where each variable is introduced and named."""
        for binder in self._binders:
            own = binder.symbol.owner == f"{self._path}:{binder.span.start}"
            given = isinstance(self._declaration, syntax.Test) and not own
            yield Occurrence(binder.symbol, self._path, binder.span, not given)
        for node in walk(self._declaration):
            if isinstance(node, syntax.Name) and not isinstance(self._program.names.get(node), EnumValue):
                symbol = self.meaning(node.name, node.span.start)
                if symbol is not None:
                    yield Occurrence(symbol, self._path, node.span)
            elif isinstance(node, syntax.Call) and node.named:
                yield from self._named(node)

    def meaning(self, name: str, offset: int) -> Symbol | None:
        """The variable that a name stands for at an offset: the one with the nearest reach."""
        near = [b for b in self._binders if b.symbol.name == name and b.reach.start <= offset < b.reach.end]
        return min(near, key=lambda b: b.reach.end - b.reach.start).symbol if near else None

    def _named(self, call: syntax.Call) -> Iterator[Occurrence]:
        """The names of arguments in calls of functions of the rule set."""
        function = self._program.functions.get(call.function)
        if function is None:
            return
        for name, value in call.named:
            before = [
                t for t in self._tokens if call.span.start <= t.start < value.span.start and t.text != "("
            ]
            if len(before) > 1 and before[-2].text == name:
                yield Occurrence(_parameter(function.path, function.node, name), self._path, before[-2].span)

    def _bind(self, node: syntax.Node, reach: Span) -> Iterator[Binder]:
        yield from self._own(node, reach)
        for inner in parts(node):
            around = inner.span if isinstance(inner, syntax.Each | syntax.Comprehension) else reach
            yield from self._bind(inner, _rest(node, inner) or around)

    def _own(self, node: syntax.Node, reach: Span) -> Iterator[Binder]:
        name = getattr(node, "variable", None)
        whole = self._declaration.span
        match node:
            case syntax.Column() if not self._is_variable(node):
                return
            case syntax.Parameter() | syntax.Column():
                yield from self._binder(
                    node.span, node.name, whole, _parameter(self._path, self._declaration, node.name)
                )
            case syntax.Flow():
                yield from self._binder(
                    node.span, node.variable, whole, _parameter(self._path, node, node.variable)
                )
            case syntax.Let(name=name):
                yield from self._binder(node.span, name, reach)
            case syntax.Given(name=name):
                yield from self._binder(node.span, name, whole, self._tested(name))
            case syntax.Each() | syntax.Comprehension():
                yield from self._binder(node.span, node.variable, node.span)
            case _ if isinstance(name, str):
                yield from self._binder(node.span, name, whole)
            case _ if isinstance(each := getattr(node, "each", None), tuple):
                yield from self._binder(node.span, each[0], node.span)

    def _is_variable(self, column: syntax.Column) -> bool:
        """Inputs of tables and parameters of functions are variables; other columns are fields of a record."""
        match self._declaration:
            case syntax.Table(inputs=inputs):
                return column in inputs
            case syntax.Function(parameters=parameters):
                return column in parameters
            case _:
                return False

    def _binder(self, inside: Span, name: str, reach: Span, symbol: Symbol | None = None) -> Iterator[Binder]:
        span = self._introduced(inside, name)
        if span is not None:
            yield Binder(symbol or Symbol("variable", name, f"{self._path}:{span.start}"), span, reach)

    def _introduced(self, inside: Span, name: str) -> Span | None:
        """The token that introduces a name: after `let`, `each`, `for`, `as`, or before a colon or `in`."""
        tokens = [t for t in self._tokens if inside.start <= t.start < inside.end]
        for index, token in enumerate(tokens):
            if token.text == name and (index == 0 or tokens[index - 1].text in _WORDS):
                return token.span
        return None

    def _tested(self, name: str) -> Symbol | None:
        """What a test gives is the parameter of what it tests."""
        test = self._declaration
        if not isinstance(test, syntax.Test):
            return None
        subject: tuple[str, syntax.Declaration] | None = None
        match test.subject:
            case "map" if test.subject_name in self._program.maps:
                subject = (checked := self._program.maps[test.subject_name]).path, checked.node
            case "apply" if test.subject_name in self._program.rules:
                subject = (rules := self._program.rules[test.subject_name]).path, rules.node
            case "flow" if test.subject_name in self._program.flows:
                subject = (flow := self._program.flows[test.subject_name]).path, flow.node
        return _parameter(*subject, name) if subject else None


def _parameter(path: str, declaration: syntax.Declaration, name: str) -> Symbol:
    return Symbol("variable", name, f"{path}:{getattr(declaration, 'name', '')}")


def _rest(block: syntax.Node, inner: syntax.Node) -> Span | None:
    """A `let` reaches from its own end to the end of the statements it stands among."""
    if not isinstance(inner, syntax.Let):
        return None
    if isinstance(block, syntax.Rules | syntax.Map):
        return Span(inner.span.end, block.span.end)
    lists = [value for name in ("body", "otherwise") if inner in (value := getattr(block, name, None) or ())]
    return (
        Span(inner.span.end, max((s.span.end for s in lists[0]), default=inner.span.end)) if lists else None
    )
