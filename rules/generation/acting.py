"""The actions of rules -> calls of what puts plain data on the list of the run."""

import ast
from collections.abc import Callable, Mapping

from dsl import syntax, types
from rules.deadlines import seconds
from rules.generation import nodes, sending
from rules.generation.calls import burn, check_text
from rules.generation.expressions import Expressions
from rules.generation.plans import NOWHERE
from rules.generation.scopes import Local, Scope

ENDS: Mapping[type[syntax.Node], str] = {
    syntax.Reject: "rejected",
    syntax.Ignore: "ignored",
    syntax.HoldForReview: "held",
}
Addressing = tuple[ast.expr, ast.expr]


class ActionCompiler:
    """Writes actions of one set of rules where its expressions are written.

    `subject` is the generated variable that a map without arguments is given; with `addressing`, the
    party and the key of a send are known already.
    """

    def __init__(
        self,
        of: Expressions,
        maps: Mapping[str, str],
        rules: str,
        subject: str,
        addressing: Addressing | None = None,
    ) -> None:
        self.of = of
        self.maps = maps
        self.rules = rules
        self.subject = subject
        self.addressing = addressing

    def action(self, rule: str, action: syntax.Action, number: int, ordinal: str) -> None:
        """One action; `number` is its place in the rule, `ordinal` the variable that counts what is sent."""
        match action:
            case syntax.Send() | syntax.Raise():
                self._repeated(action, action.each, lambda: self._send(rule, action, ordinal))
            case syntax.Expect():
                self._repeated(action, action.each, lambda: self._expect(rule, action, number, ordinal))
            case syntax.Remember():
                self._repeated(action, action.each, lambda: self._remember(rule, action, number))
            case syntax.Forget():
                self._repeated(action, action.each, lambda: self._forget(rule, action, number))
            case syntax.Collect():
                self._collect(rule, action, number)
            case _:
                self._decision(rule, action)

    def _decision(self, rule: str, action: syntax.Action) -> None:
        match action:
            case syntax.Reject(reason=text) | syntax.Ignore(reason=text) | syntax.HoldForReview(reason=text):
                self._do(sending.end, nodes.const(ENDS[type(action)]), self.of.need(text))
            case syntax.Alert():
                spec = self._spec(rule, action, action.channel)
                self._do(sending.alert, spec, self.of.need(action.text))
            case syntax.SetFact():
                self._do(sending.set_fact, nodes.const(action.name), self.of.may(action.value))

    def _do(self, function: object, *arguments: ast.expr) -> None:
        self.of.w.emit(ast.Expr(self.of.call(function, nodes.load("run"), *arguments)))

    def _bound(self, value: object) -> ast.expr:
        return nodes.load(self.of.bound(value))

    def _spec(self, rule: str, action: syntax.Node, target: str, map_name: str | None = None) -> ast.expr:
        """The constant part of an action, bound by name."""
        place = self.of.unit.place(self.of.w.path, action)
        return self._bound(sending.ActionSpec(self.rules, rule, target, map_name, place))

    def _repeated(
        self, action: syntax.Node, each: tuple[str, syntax.Expression] | None, write: Callable[[], None]
    ) -> None:
        """The action once, or once for each element of a list."""
        if each is None:
            return write()
        of, (variable, source_node) = self.of, each
        source = of.w.atom(of.need(source_node))
        burn(of, action, source)
        element = of.unit.fresh("v")
        outer, of.scope = of.scope, Scope(of.scope)
        origin = of.origin(source_node)
        of.scope.put(variable, Local(element, origin=origin if origin.base else NOWHERE))
        of.listing += 1
        with of.w.nested() as body:
            write()
        of.listing -= 1
        of.scope = outer
        of.w.emit(nodes.loop(ast.Name(element, ast.Store()), source, body))

    def _send(self, rule: str, action: syntax.Send | syntax.Raise, ordinal: str) -> None:
        arguments = [self.of.need(argument) for argument in action.arguments] or [nodes.load(self.subject)]
        made: ast.expr = nodes.tuple_of([arguments[0], nodes.const(None)])
        if action.map is not None:
            made = nodes.call(self.maps[action.map], nodes.load("run"), *arguments)
        pair = self.of.w.temp(made)
        target = action.endpoint if isinstance(action, syntax.Send) else action.event
        spec = self._spec(rule, action, target, action.map)
        number = nodes.load(ordinal)
        if isinstance(action, syntax.Send):
            to, key = self.addressing or (self._text_of(action.to), self._text_of(action.key))
            self._do(sending.send, spec, number, nodes.load(pair), to, key)
        else:
            self._do(sending.raise_event, spec, number, nodes.load(pair))
        self.of.w.emit(ast.AugAssign(ast.Name(ordinal, ast.Store()), ast.Add(), nodes.const(1)))

    def _text_of(self, node: syntax.Expression | None) -> ast.expr:
        return nodes.const(None) if node is None else self._value(node)

    def _value(self, node: syntax.Expression) -> ast.expr:
        """A value that has to be there; a text within the limits."""
        value = self.of.w.atom(self.of.need(node))
        if self.of.type_of(node) == types.TEXT and not isinstance(value, ast.Constant):
            check_text(self.of, node, value)
        return value

    def _values(self, parts: tuple[syntax.Expression, ...]) -> ast.expr:
        return nodes.tuple_of([self._value(part) for part in parts])

    # ------------------------------------------------------------ what lasts

    def _expect(self, rule: str, action: syntax.Expect, number: int, ordinal: str) -> None:
        program = self.of.unit.program
        checked = program.expectations[action]
        values = self._values(tuple(value.ours for value in checked.values))
        within = self.of.w.atom(self.of.need(action.within))
        if action.otherwise is not None:
            self.action(rule, action.otherwise, number, ordinal)
        spec = sending.ExpectSpec(
            self.rules,
            rule,
            number,
            action.event,
            tuple(value.name for value in checked.values),
            checked.calendar,
            program.manifest.calendars,
            action.otherwise is not None,
        )
        self._do(sending.expect, self._bound(spec), values, within)

    def _collect(self, rule: str, action: syntax.Collect, number: int) -> None:
        by = self._values(action.by)
        addressed = action.action if isinstance(action.action, syntax.Send) else None
        to = self._text_of(addressed.to if addressed else None)
        key = self._text_of(addressed.key if addressed else None)
        assert isinstance(action.window, syntax.Literal)
        spec = sending.RecordSpec(
            self.rules,
            rule,
            number,
            self.of.unit.program.rules[self.rules].schema.record,
            window=seconds(action.window.value),
            at_most=action.at_most,
        )
        self._do(sending.collect, self._bound(spec), by, to, key, nodes.load(self.subject))

    def _remember(self, rule: str, action: syntax.Remember, number: int) -> None:
        schema = self.of.unit.program.datasets[action.dataset].schema
        keys, record = self._values(action.keys), self.of.w.atom(self.of.need(action.record))
        name = f"{schema.name}@{schema.version}"
        spec = sending.RecordSpec(self.rules, rule, number, schema.record, action.dataset, name)
        with self.of.w.at(action.record):
            self._do(sending.remember, self._bound(spec), keys, record)

    def _forget(self, rule: str, action: syntax.Forget, number: int) -> None:
        spec = self._spec(rule, action, action.dataset)
        self._do(sending.forget, spec, nodes.const(number), self._values(action.keys))
