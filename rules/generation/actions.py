"""Rules -> one Python function: lets, then rule after rule, each in its own try."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from dsl import syntax
from dsl.program import CheckedRules
from rules.generation import nodes, support
from rules.generation.acting import ENDS, ActionCompiler
from rules.generation.expressions import Expressions, children
from rules.generation.plans import FramePlan, Origin
from rules.generation.runtime import Runtime
from rules.generation.scopes import Frame, Local, Scope
from rules.generation.unit import Reaction, Station, Unit, Writer
from rules.outcome import Place


@dataclass(slots=True)
class RulePlan:
    """One rule for its trace: the paths its condition reads, as text, variable and fields."""

    name: str
    because: str
    place: Place
    reads: tuple[tuple[str, str, tuple[str, ...]], ...]


@dataclass(slots=True)
class RulesPlan:
    """All rules of a set; `roots` names the variables that the function gives back, in order."""

    name: str
    frame: FramePlan
    rules: list[RulePlan] = field(default_factory=list)
    roots: tuple[str, ...] = ()


class RulesCompiler:
    """Generates the function of one set of rules: gives (fired, roots, marks)."""

    def __init__(self, unit: Unit, runtime: Runtime, checked: CheckedRules, maps: dict[str, str]) -> None:
        self.unit = unit
        self.node = checked.node
        self.maps = maps
        self.w = Writer(unit, checked.path)
        self.frame = Frame(FramePlan(0))
        self.of = Expressions(self.w, Scope(), self.frame, runtime)
        self.plan = RulesPlan(self.node.name, self.frame.plan)
        self.subject = unit.fresh("v")
        self.fired: list[str] = []
        self.roots = ast.Tuple([], ast.Load())
        self.marks = ast.Tuple([], ast.Load())

    def compile(self) -> tuple[str, RulesPlan]:
        """Add the function to the unit; gives its name and plan."""
        name, parameter = self.unit.fresh("x"), self.node.parameter.name
        base = (parameter,)
        self.of.scope.put(parameter, Local(self.subject, origin=Origin((base,), (), base)))
        roots = {parameter: self.subject}
        for let in self.node.lets:
            roots[let.name] = self._let(let)
        self.plan.roots = tuple(roots)
        rules = [rule for rule in self.node.rules if isinstance(rule, syntax.Rule)]
        self.fired = [self.unit.fresh("f") for _ in rules]
        self.roots.elts.extend(nodes.load(local) for local in roots.values())
        self._rule(rules, 0)
        self._return()
        self.marks.elts.extend(nodes.load(slot) for slot, _ in self.frame.slots)
        opening: list[ast.stmt] = [nodes.assign_all(self.fired, nodes.const(None))] if self.fired else []
        opening += [
            nodes.assign(slot, nodes.list_of([]) if listing else nodes.const(None))
            for slot, listing in self.frame.slots
        ]
        definition = nodes.define(name, ["run", self.subject], [*opening, *self.w.block])
        for line in (*opening, definition):
            line.lineno, line.col_offset = 1, 0
        self.unit.definitions.append(definition)
        return name, self.plan

    def _return(self) -> None:
        fired = nodes.tuple_of([nodes.load(name) for name in self.fired])
        self.w.emit(ast.Return(nodes.tuple_of([fired, self.roots, self.marks])))

    def _station(self, node: syntax.Node, path: str) -> int:
        place = self.unit.place(self.w.path, node)
        escaped = path.replace("{", "{{").replace("}", "}}")
        return self.unit.station(Station(f"rules/{self.node.name}", escaped, place, {}))

    def _caught(self, block: list[ast.stmt], station: int) -> ast.stmt:
        error = self.unit.fresh("e")
        noted = ast.Expr(
            self.of.call(support.note, nodes.load("run"), nodes.const(station), nodes.load(error))
        )
        statement = nodes.attempt(block, self.of.bound(support.FAILURES), error, [noted])
        noted.lineno = statement.lineno = self.w.line
        return statement

    def _guarded(self, poisons: Sequence[str], block: list[ast.stmt]) -> None:
        if not poisons:
            self.w.block.extend(block)
            return
        poison = nodes.load(self.of.bound(support.POISON))
        tests: list[ast.expr] = [nodes.compare(nodes.load(p), ast.IsNot(), poison) for p in poisons]
        self.w.emit(nodes.branch(tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests), block))

    def _let(self, node: syntax.Let) -> str:
        name = self.unit.fresh("v")
        strict = any(handler.failure == "missing" for handler in node.handlers)
        with self.w.nested() as block:
            before = self.of.risks
            value = self.of.need(node.value) if strict else self.of.may(node.value)
            self.w.emit(nodes.assign(name, value))
            risky = self.of.risks > before
        poisons = self.of.poisons(node.value)
        poison = nodes.assign(name, nodes.load(self.of.bound(support.POISON)))
        self.w.emit(poison)
        if risky:
            block = [self._handled(node, name, block)]
        self._guarded(poisons, block)
        maybe = self.of.can_be_missing(node.value) or any(h.action == "skip" for h in node.handlers)
        self.of.scope.put(node.name, Local(name, maybe, risky or bool(poisons), self.of.origin(node.value)))
        return name

    def _handled(self, node: syntax.Let, name: str, block: list[ast.stmt]) -> ast.stmt:
        reactions: dict[str, Reaction] = {}
        for code, handler in enumerate(node.handlers, 1):
            action = handler.action if handler.action in ("use", "skip") else "reject"
            reactions[handler.failure] = Reaction(action, code if action != "reject" else 0, handler.warn)
        station = self.unit.station(
            Station(
                f"rules/{self.node.name}", f"let {node.name}", self.unit.place(self.w.path, node), reactions
            )
        )
        error = self.unit.fresh("e")
        noted = self.of.call(support.note, nodes.load("run"), nodes.const(station), nodes.load(error))
        after: list[ast.stmt] = [nodes.assign("code", noted)]
        for code, handler in enumerate(node.handlers, 1):
            if handler.action in ("use", "skip"):
                with self.w.nested() as inner:
                    value = nodes.const(None) if handler.value is None else self.of.may(handler.value)
                    self.w.emit(nodes.assign(name, value))
                after.append(
                    nodes.branch(nodes.compare(nodes.load("code"), ast.Eq(), nodes.const(code)), inner)
                )
        statement = nodes.attempt(block, self.of.bound(support.FAILURES), error, after)
        for part in (statement, *after):
            part.lineno = self.w.line
        return statement

    # ------------------------------------------------------------ rules

    def _rule(self, rules: Sequence[syntax.Rule], number: int) -> None:
        if number == len(rules):
            return
        rule, fired = rules[number], self.fired[number]
        self.plan.rules.append(
            RulePlan(rule.name, rule.because, self.unit.place(self.w.path, rule), self._reads(rule.when))
        )
        with self.w.nested() as block:
            test = nodes.const(True) if rule.when is None else self.of.need(rule.when)
            self.w.emit(nodes.assign(fired, test))
        station = self._station(rule, rule.name)
        self._guarded(self.of.poisons(rule.when), [self._caught(block, station)])
        with self.w.nested() as firing:
            self._actions(rule, station)
            if self.node.first_only:
                self._return()
        self.w.emit(nodes.branch(nodes.load(fired), firing))
        if any(isinstance(action, tuple(ENDS)) for action in rule.actions) and not self.node.first_only:
            with self.w.nested() as ending:
                self._return()
            ended = nodes.not_none(nodes.attribute(nodes.load("run"), "ended"))
            self.w.emit(nodes.branch(ended, ending))
        self._rule(rules, number + 1)

    def _reads(self, when: syntax.Expression | None) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
        found: dict[str, tuple[str, str, tuple[str, ...]]] = {}
        stack: list[syntax.Node] = [] if when is None else [when]
        while stack:
            part = stack.pop(0)
            path = _rooted(part)
            if path is None:
                stack[:0] = children(part)
            elif self.of.scope.find(path[0]) is not None:
                text = self.w.source(part)
                found[text] = (text, path[0], path[1])
        return tuple(found.values())

    def _actions(self, rule: syntax.Rule, station: int) -> None:
        ordinal = self.unit.fresh("n")
        self.w.emit(nodes.assign(ordinal, nodes.const(0)))
        actions = ActionCompiler(self.of, self.maps, self.node.name, self.subject)
        for number, action in enumerate(rule.actions):
            with self.w.nested() as block:
                actions.action(rule.name, action, number, ordinal)
            poisons = self.of.poisons(*(c for c in children(action)))  # type: ignore[arg-type]
            self._guarded(poisons, [self._caught(block, station)])


def _rooted(node: syntax.Node) -> tuple[str, tuple[str, ...]] | None:
    """The variable and fields of a plain path; None for any other expression."""
    fields: list[str] = []
    while isinstance(node, syntax.Path):
        fields.append(node.field)
        node = node.base
    return (node.name, tuple(reversed(fields))) if isinstance(node, syntax.Name) else None
