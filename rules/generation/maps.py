"""Maps -> one Python function each: straight-line code, every field in its own try.

A field that fails notes it at its station and leaves its neighbours alone. The function gives the
output record and the marks of its frame.
"""

import ast
from collections.abc import Iterable, Sequence

from dsl import syntax, types
from dsl.program import CheckedMap, EnumValue
from rules.generation import loops, nodes, support
from rules.generation.calls import check_text
from rules.generation.expressions import Expressions, Shortcut
from rules.generation.limits import Guards, refuse
from rules.generation.plans import NOWHERE, Condition, FieldPlan, FramePlan, Origin, spell
from rules.generation.runtime import Runtime
from rules.generation.scopes import Frame, Local, Scope
from rules.generation.unit import Reaction, Station, Unit, Writer

Conditions = tuple[tuple[int, Condition], ...]
_KINDS = ("missing", "error", "no_match", "many")


class MapCompiler:
    """Generates the function of one map."""

    def __init__(self, unit: Unit, runtime: Runtime, checked: CheckedMap) -> None:
        self.unit = unit
        self.checked = checked
        self.w = Writer(unit, checked.path)
        self.step = f"map/{checked.node.name}"
        self.frame = Frame(FramePlan(0), output=unit.fresh("o"), target=checked.target.record)
        self.of = Expressions(self.w, Scope(), self.frame, runtime)
        self.conditions: Conditions = ()
        self.checks: list[tuple[syntax.Check, Conditions, Scope]] = []
        self.prefixes: dict[tuple[str, ...], str] = {}
        self.uses: dict[int, syntax.Expression] = {}

    def compile(self) -> tuple[str, FramePlan]:
        """Add the function to the unit; gives its name and the plan of its lineage."""
        name = self.unit.fresh("m")
        parameters = []
        for parameter, _ in self.checked.parameters:
            local = self.unit.fresh("v")
            base = (parameter,)
            maybe = parameter in self.checked.optional
            self.of.scope.put(parameter, Local(local, maybe, origin=Origin((base,), (), base)))
            parameters.append(local)
        self.body(self.checked.node.body)
        self._guard()
        self.w.emit(ast.Return(nodes.tuple_of([nodes.load(self.frame.output), self.marks()])))
        block = [*self.opening(), *self.w.block]
        definition = nodes.define(name, ["run", *parameters], block)
        definition.lineno, definition.col_offset = 1, 0
        self.unit.definitions.append(definition)
        return name, self.frame.plan

    def _guard(self) -> None:
        """The output is held to what the schema limits, where it limits anything."""
        guard = Guards(self.unit).guard(self.checked.target.record)
        if guard is not None:
            asked = nodes.call(guard, nodes.load(self.frame.output))
            place = self.unit.place(self.w.path, self.checked.node)
            bound = [self.of.bound(value) for value in (self.checked, place, self.frame.plan)]
            given = [nodes.load("run"), *map(nodes.load, bound), nodes.load(self.frame.output), self.marks()]
            self.w.emit(nodes.branch(asked, [ast.Expr(self.of.call(refuse, *given))]))

    def opening(self) -> list[ast.stmt]:
        """The first statements of a frame: an empty output, no marks."""
        lines = [nodes.assign(self.frame.output, ast.Dict([], []))]
        lines += [nodes.assign(name, ast.Dict([], [])) for name in self.prefixes.values()]
        plain = [name for name, listing in self.frame.slots if not listing]
        if plain:
            lines.append(nodes.assign_all(plain, nodes.const(None)))
        lines += [nodes.assign(name, nodes.list_of([])) for name, listing in self.frame.slots if listing]
        for line in lines:
            line.lineno, line.col_offset = 1, 0
        return lines

    def marks(self) -> ast.expr:
        """The tuple of all slots of the frame."""
        return nodes.tuple_of([nodes.load(name) for name, _ in self.frame.slots])

    def body(self, statements: Sequence[syntax.Statement]) -> None:
        """All statements of a frame, then its nested records, then its checks."""
        rejects = self.w.temp(nodes.attribute(nodes.load("run"), "rejects")) if _has_check(statements) else ""
        for statement in statements:
            self.statement(statement)
        self._attach()
        if rejects:
            same = nodes.compare(nodes.attribute(nodes.load("run"), "rejects"), ast.Eq(), nodes.load(rejects))
            with self.w.nested() as block:
                for check, conditions, scope in self.checks:
                    self._conditional_check(check, conditions, scope)
            self.w.emit(nodes.branch(same, block))

    def _conditional_check(self, check: syntax.Check, conditions: Conditions, scope: Scope) -> None:
        outer, self.of.scope = self.of.scope, scope
        with self.w.nested() as block:
            self._check(check)
        self.of.scope = outer
        for _, condition in reversed([c for c in conditions if c[0] == self.frame.plan.depth]):
            slot = nodes.load(self.frame.slots[condition.slot][0])
            test = nodes.branch(nodes.compare(slot, ast.Eq(), nodes.const(condition.branch)), block)
            test.lineno = self.w.line
            block = [test]
        self.w.block.extend(block)

    def statement(self, statement: syntax.Statement) -> None:
        """One statement; checks wait until the fields are made."""
        match statement:
            case syntax.Field():
                self._field(statement)
            case syntax.Let():
                self._let(statement)
            case syntax.If():
                self._if(statement)
            case syntax.Each():
                loops.compile_each(self, statement)
            case syntax.Copy():
                for line in self.unit.program.copies[statement]:
                    self._field(line)
            case syntax.Check():
                self.checks.append((statement, self.conditions, self.of.scope))

    # ------------------------------------------------------------ stations

    def reactions(
        self, handlers: Iterable[syntax.Handler], allowed: Sequence[str] = ("use", "skip")
    ) -> dict[str, Reaction]:
        """What happens for each kind: the own handlers, then the policy of the map."""
        own = {handler.failure: handler for handler in handlers}
        found = {}
        self.uses = {}
        for kind in _KINDS:
            handler = own.get(kind) or self.checked.policy.get(kind)  # type: ignore[call-overload]
            if handler is not None:
                found[kind] = self._reaction(handler, allowed)
        return found

    def _reaction(self, handler: syntax.Handler, allowed: Sequence[str]) -> Reaction:
        match handler.action:
            case "use" if "use" in allowed and handler.value is not None:
                code = len(self.uses) + 1
                self.uses[code] = handler.value
                return Reaction("use", code, handler.warn)
            case "use" | "skip":
                return Reaction("skip", 0, handler.warn)
            case "skip row" | "reject row" if self.frame.in_loop:
                self.frame.dropped = self.frame.dropped or self.unit.fresh("d")
                return Reaction(handler.action, -1, handler.warn)
            case _:
                return Reaction("reject", 0, handler.warn)

    def station(self, node: syntax.Node, path: str, reactions: dict[str, Reaction]) -> int:
        """The number of a station of this map."""
        full = f"{self.frame.path}{path.replace('{', '{{').replace('}', '}}')}"
        place = self.unit.place(self.w.path, node)
        return self.unit.station(Station(self.step, full, place, reactions, self.frame.indexes))

    def guarded(
        self, poisons: Sequence[str], block: list[ast.stmt], otherwise: list[ast.stmt] | None = None
    ) -> None:
        """Write the block; with poisoned variables about, only where none of them is."""
        if not poisons:
            self.w.block.extend(block)
            return
        poison = nodes.load(self.of.bound(support.POISON))
        tests: list[ast.expr] = [nodes.compare(nodes.load(p), ast.IsNot(), poison) for p in poisons]
        condition = tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests)
        self.w.emit(nodes.branch(condition, block, otherwise))

    def caught(self, block: list[ast.stmt], station: int, after: list[ast.stmt] | None = None) -> ast.stmt:
        """`try: block`; a failure is noted, its code lies in a variable while `after` runs."""
        error = self.unit.fresh("e")
        noted = self.of.call(support.note, nodes.load("run"), nodes.const(station), nodes.load(error))
        handler: list[ast.stmt] = [nodes.assign("code", noted), *(after or [])]
        if self.frame.dropped:
            dropping = nodes.assign(self.frame.dropped, nodes.const(True))
            handler.append(
                nodes.branch(nodes.compare(nodes.load("code"), ast.Lt(), nodes.const(0)), [dropping])
            )
        statement = nodes.attempt(block, self.of.bound(support.FAILURES), error, handler)
        for part in (statement, *handler):
            part.lineno, part.col_offset = self.w.line, 0
        return statement

    # ------------------------------------------------------------ fields

    def _field(self, node: syntax.Field) -> None:
        reactions = self.reactions(node.handlers)
        uses = self.uses
        slot_name, slot = self._use_slot(uses)
        with self.w.nested() as block:
            self.of.shortcut = self._shortcut(node, block, reactions, uses, slot_name)
            before = self.of.risks
            value = self._limited(node, self.of.need(node.value))
            self._set(node.target, value)
            risky = self.of.risks > before
            self.of.shortcut = None
        if risky:
            station = self.station(node, spell(node.target), reactions)
            after = self._use_blocks(node, uses, slot_name, station)
            block = [self.caught(block, station, after)]
        poisons = self.of.poisons(node.value, *uses.values())
        self.guarded(poisons, block)
        plan = FieldPlan(
            node.target,
            self.unit.place(self.w.path, node.value),
            self.of.origin(node.value),
            self.conditions,
            slot,
        )
        kinds = {reaction.code: kind for kind, reaction in reactions.items()}
        plan.uses = {code: (f"on {kinds[code]} use", self.of.origin(value)) for code, value in uses.items()}
        self.frame.plan.fields.append(plan)

    def _use_slot(self, uses: dict[int, syntax.Expression]) -> tuple[str, int | None]:
        if not uses:
            return "", None
        name = self.unit.fresh("s")
        return name, self.frame.slot(name, False)

    def _shortcut(
        self,
        node: syntax.Field,
        block: list[ast.stmt],
        reactions: dict[str, Reaction],
        uses: dict[int, syntax.Expression],
        slot_name: str,
    ) -> Shortcut | None:
        reaction = reactions.get("missing")
        if reaction is None or reaction.warn or reaction.action not in ("use", "skip"):
            return None
        if reaction.action == "skip":
            return Shortcut(block)
        value = uses[reaction.code]
        if not self._is_constant(value):
            return None

        def instead() -> None:
            self._set(node.target, self.of.may(value))
            self.w.emit(nodes.assign(slot_name, nodes.const(reaction.code)))

        return Shortcut(block, instead)

    def _is_constant(self, node: syntax.Expression) -> bool:
        if isinstance(node, syntax.Name):
            return isinstance(self.unit.program.names.get(node), EnumValue)
        return isinstance(node, syntax.Literal)

    def _use_blocks(
        self, node: syntax.Field, uses: dict[int, syntax.Expression], slot_name: str, station: int
    ) -> list[ast.stmt]:
        blocks: list[ast.stmt] = []
        for code, value in uses.items():
            with self.w.nested() as block:
                before = self.of.risks
                self._set(node.target, self.of.need(value))
                self.w.emit(nodes.assign(slot_name, nodes.const(code)))
                if self.of.risks > before:
                    final = self.station(node, spell(node.target), {})
                    block[:] = [self.caught(list(block), final)]
            test = nodes.compare(nodes.load("code"), ast.Eq(), nodes.const(code))
            blocks.append(nodes.branch(test, block))
        return blocks

    def _limited(self, node: syntax.Field, value: ast.expr) -> ast.expr:
        """In loops, long texts and whole records count against the budget of the run."""
        if not self.frame.in_loop or isinstance(value, ast.Constant):
            return value
        kind = types.present(self.of.type_of(node.value))
        if kind == types.TEXT:
            value = self.w.atom(value)
            check_text(self.of, node.value, value)
        elif isinstance(kind, types.Record | types.ListOf | types.Anything):
            value = self.w.atom(value)
            self.w.emit(ast.Expr(self.of.call(support.grow_value, nodes.load("run"), value)))
        return value

    def _set(self, target: tuple[str, ...], value: ast.expr) -> None:
        self.w.emit(nodes.assign_item(self.record_of(target[:-1]), target[-1], value))

    def record_of(self, prefix: tuple[str, ...]) -> str:
        """The generated variable of the record that holds a target's last name."""
        if not prefix:
            return self.frame.output
        for length in range(1, len(prefix) + 1):
            if prefix[:length] not in self.prefixes:
                self.prefixes[prefix[:length]] = self.unit.fresh("o")
        return self.prefixes[prefix]

    def _attach(self) -> None:
        for prefix in sorted(self.prefixes, key=len, reverse=True):
            inner = self.prefixes[prefix]
            attached = nodes.assign_item(self.record_of(prefix[:-1]), prefix[-1], nodes.load(inner))
            attached.lineno = self.w.line
            self.w.emit(nodes.branch(nodes.load(inner), [attached]))

    # ------------------------------------------------------------ let, if, check

    def _let(self, node: syntax.Let) -> None:
        name = self.unit.fresh("v")
        reactions = self.reactions(node.handlers)
        uses = self.uses
        strict = any(handler.failure == "missing" for handler in node.handlers)
        with self.w.nested() as block:
            before = self.of.risks
            value = self.of.need(node.value) if strict else self.of.may(node.value)
            self.w.emit(nodes.assign(name, value))
            kind = types.present(self.of.type_of(node.value))
            if kind == types.TEXT and not isinstance(node.value, syntax.Path | syntax.Name | syntax.Literal):
                self._check_let(node, name)
            risky = self.of.risks > before
        poison = nodes.assign(name, nodes.load(self.of.bound(support.POISON)))
        if risky:
            block = [self.caught(block, *self._let_rescue(node, name, reactions, uses))]
        poisons = self.of.poisons(node.value, *uses.values())
        poison.lineno = self.w.line
        self.guarded(poisons, block, [poison] if poisons else None)
        maybe = self.of.can_be_missing(node.value) or any(r.action == "skip" for r in reactions.values())
        self.of.scope.put(node.name, Local(name, maybe, risky or bool(poisons), self._let_origin(node, uses)))

    def _check_let(self, node: syntax.Let, name: str) -> None:
        with self.w.nested() as counting:
            check_text(self.of, node.value, nodes.load(name))
        self.w.emit(nodes.branch(nodes.not_none(nodes.load(name)), counting))

    def _let_rescue(
        self, node: syntax.Let, name: str, reactions: dict[str, Reaction], uses: dict[int, syntax.Expression]
    ) -> tuple[int, list[ast.stmt]]:
        """Station and what follows: POISON where the message or row is refused, else missing or the use."""
        station = self.station(node, f"let {node.name}", reactions)
        skipped = {kind for kind, reaction in reactions.items() if reaction.action == "skip"}
        for kind in skipped:
            reactions[kind] = Reaction("skip", 99, reactions[kind].warn)
        blocks: list[ast.stmt] = [nodes.assign(name, nodes.load(self.of.bound(support.POISON)))]
        if skipped:
            test = nodes.compare(nodes.load("code"), ast.Eq(), nodes.const(99))
            blocks.append(nodes.branch(test, [nodes.assign(name, nodes.const(None))]))
        for code, value in uses.items():
            with self.w.nested() as block:
                before = self.of.risks
                self.w.emit(nodes.assign(name, self.of.need(value)))
                if self.of.risks > before:
                    block[:] = [self.caught(list(block), self.station(node, f"let {node.name}", {}))]
            blocks.append(nodes.branch(nodes.compare(nodes.load("code"), ast.Eq(), nodes.const(code)), block))
        return station, blocks

    def _let_origin(self, node: syntax.Let, uses: dict[int, syntax.Expression]) -> Origin:
        origin = self.of.origin(node.value)
        for value in uses.values():
            origin = origin.joined(self.of.origin(value)) if self.of.origin(value) != NOWHERE else origin
        return origin

    def _if(self, node: syntax.If) -> None:
        name = self.unit.fresh("s")
        slot = self.frame.slot(name, False)
        with self.w.nested() as block:
            before = self.of.risks
            self._choose(node, 0, name)
            risky = self.of.risks > before
        if risky:
            station = self.station(node, "if", self.reactions((), ("skip",)))
            block = [self.caught(block, station)]
        self.guarded(self.of.poisons(*(b.condition for b in node.branches)), block)
        bodies = [(f"if {self.w.source(b.condition)}", b.body) for b in node.branches]
        if node.otherwise is not None:
            bodies.append(("else", node.otherwise))
        outer, scope = self.conditions, self.of.scope
        for number, (words, body) in enumerate(bodies):
            condition = Condition(slot, number, words)
            self.conditions = (*outer, (self.frame.plan.depth, condition))
            self.of.scope = Scope(scope)
            with self.w.nested() as block:
                for statement in body:
                    self.statement(statement)
            test = nodes.compare(nodes.load(name), ast.Eq(), nodes.const(number))
            self.w.emit(nodes.branch(test, block))
        self.conditions, self.of.scope = outer, scope

    def _choose(self, node: syntax.If, number: int, name: str) -> None:
        if number == len(node.branches):
            if node.otherwise is not None:
                self.w.emit(nodes.assign(name, nodes.const(number)))
            return
        test = self.of.need(node.branches[number].condition)
        taken = nodes.assign(name, nodes.const(number))
        taken.lineno = self.w.line
        with self.w.nested() as otherwise:
            self._choose(node, number + 1, name)
        self.w.emit(nodes.branch(test, [taken], otherwise))

    def _check(self, node: syntax.Check) -> None:
        action = "reject" if node.action == "reject row" and not self.frame.in_loop else node.action
        station = self.station(node, "check", self.reactions((), ("skip",)))
        with self.w.nested() as block:
            test = self.of.need(node.condition)
            with self.w.nested() as failing:
                message = self.of.need(node.message)
                indexes = nodes.tuple_of([nodes.load(name) for name in self.frame.indexes])
                self.w.emit(
                    ast.Expr(
                        self.of.call(
                            support.check_failed,
                            nodes.load("run"),
                            nodes.const(station),
                            message,
                            nodes.const(action),
                            indexes,
                        )
                    )
                )
                if action == "reject row":
                    self.frame.dropped = self.frame.dropped or self.unit.fresh("d")
                    self.w.emit(nodes.assign(self.frame.dropped, nodes.const(True)))
            self.w.emit(nodes.branch(nodes.negate(test), failing))
        self.guarded(self.of.poisons(node.condition, node.message), [self.caught(block, station)])


def _has_check(statements: Sequence[syntax.Statement]) -> bool:
    for statement in statements:
        if isinstance(statement, syntax.Check):
            return True
        if isinstance(statement, syntax.If):
            bodies = [branch.body for branch in statement.branches] + [statement.otherwise or ()]
            if any(_has_check(body) for body in bodies):
                return True
    return False
