"""Maps statement by statement, with failures and lineage."""

from dataclasses import dataclass, field, replace
from typing import Any

from dsl import syntax, types
from dsl.program import CheckedMap
from rules.cells import comparable
from rules.generation.limits import limit_failure
from rules.generation.support import failure_message
from rules.ordering import in_order
from rules.outcome import Failure, Place, Trace
from rules.referee.environment import POISON, Binding, Environment, Origin, names_in, union
from rules.referee.evaluate import FAILURES, Blamed, Evaluator
from rules.shaping import breaches
from rules.values import shorten


@dataclass
class Log:
    """What a run has recorded so far."""

    failures: list[Failure] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    decisions: list[str] = field(default_factory=list)


@dataclass
class Row:
    """The record that is being made: a map's output or one row of an `each`."""

    output: dict[str, Any]
    target: types.Record | None
    path: str
    conditions: tuple[str, ...]
    in_loop: bool
    dropped: bool = False
    checks: list[tuple[syntax.Check, Environment]] = field(default_factory=list)
    lineage: dict[str, Trace] = field(default_factory=dict)


class MapWalker:
    """Runs one map."""

    def __init__(self, evaluator: Evaluator, checked: CheckedMap, log: Log) -> None:
        self.e = evaluator
        self.checked = checked
        self.log = log
        self.step = f"map/{checked.node.name}"

    def run(self, inputs: list[Any]) -> tuple[dict[str, Any], dict[str, Trace]]:
        """The output and its lineage."""
        env = Environment()
        for (name, _), value in zip(self.checked.parameters, inputs, strict=True):
            env.bindings[name] = Binding(value, Origin((name,), (), (name,)))
        row = Row({}, self.checked.target.record, "", (), False)
        self._body(self.checked.node.body, env, row)
        place = self._place(self.checked.node)
        for fault in breaches(row.output, self.checked.target.record):
            self.log.failures.append(limit_failure(self.checked, fault, row.lineage, place))
        return row.output, row.lineage

    def _body(self, statements: Any, env: Environment, row: Row) -> None:
        before = self._rejects()
        env = Environment(env, (row.output, row.target) if row.target else None)
        self._statements(statements, env, row)
        if self._rejects() == before:
            for check, inner in row.checks:
                self._check(check, inner, row)

    def _rejects(self) -> int:
        return sum(failure.action == "reject" for failure in self.log.failures)

    def _statements(self, statements: Any, env: Environment, row: Row) -> None:
        for statement in statements:
            match statement:
                case syntax.Field():
                    self._field(statement, env, row)
                case syntax.Let():
                    self._let(statement, env, row)
                case syntax.If():
                    self._if(statement, env, row)
                case syntax.Each():
                    self._each(statement, env, row)
                case syntax.Copy():
                    for line in self.e.program.copies[statement]:
                        self._field(line, env, row)
                case syntax.Check():
                    row.checks.append((statement, env))

    # ------------------------------------------------------------ failures

    def _handler(self, kind: str, own: Any) -> syntax.Handler | None:
        return next((h for h in own if h.failure == kind), None) or self.checked.policy.get(kind)  # type: ignore[call-overload,no-any-return]

    def _fail(self, blamed: Blamed, handler: syntax.Handler | None, path: str, row: Row, allowed: Any) -> str:
        """Record a failure and say what is to be done: use, skip, row or reject."""
        action = handler.action if handler is not None else "reject"
        if action == "use" and "use" not in allowed:
            action = "skip"
        if action in ("skip row", "reject row") and not row.in_loop:
            action = "reject"
        warn = handler.warn if handler is not None else False
        if action in ("reject", "reject row") or warn:
            self._record(blamed, path, action, warn)
        else:
            self.log.silent.append(path)
        if action in ("skip row", "reject row"):
            row.dropped = True
            return "row"
        return action

    def _record(self, blamed: Blamed, path: str, action: str, warn: bool) -> None:
        kind = blamed.kind
        self.log.failures.append(
            Failure(
                kind,  # type: ignore[arg-type]
                f"value_{kind}" if kind in ("missing", "error") else kind,
                failure_message(blamed.error),
                self.step,
                path,
                self._place(blamed.node),
                None if blamed.value is None else shorten(blamed.value),
                action,  # type: ignore[arg-type]
                warn,
            )
        )

    def _place(self, node: syntax.Node) -> Place:
        source = self.e.program.sources.get(self.e.path)
        line, column = source.position(min(node.span.start, len(source.text))) if source else (1, 1)
        return Place(self.e.path, line, column)

    def _poisoned(self, env: Environment, *parts: syntax.Expression | None) -> bool:
        bindings = (env.find(name) for name in names_in(*parts))
        return any(binding is not None and binding.value is POISON for binding in bindings)

    def _decided(self, start: int) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(words for _, words in self.e.decided[start:]))
        return found

    def _uses(self, handlers: Any) -> list[syntax.Expression]:
        kinds = ("missing", "error", "no_match", "many")
        found = [self._handler(kind, handlers) for kind in kinds]
        return [h.value for h in found if h is not None and h.action == "use" and h.value is not None]

    # ------------------------------------------------------------ statements

    def _field(self, node: syntax.Field, env: Environment, row: Row) -> None:
        if self._poisoned(env, node.value, *self._uses(node.handlers)):
            return
        path = row.path + _spell(node.target)
        start = len(self.e.decided)
        extra: tuple[str, ...] = ()
        source: syntax.Expression = node.value
        try:
            value = self.e.need(node.value, env)
        except Blamed as blamed:
            handler = self._handler(blamed.kind, node.handlers)
            if self._fail(blamed, handler, path, row, ("use", "skip")) != "use":
                return
            assert handler is not None and handler.value is not None
            start, source, extra = len(self.e.decided), handler.value, (f"on {blamed.kind} use",)
            try:
                value = self.e.need(handler.value, env)
            except Blamed as second:
                self._fail(second, None, path, row, ())
                return
        _put(row.output, node.target, value)
        origin = self.e.origin(source, env)
        decisions = in_order((*origin.decisions, *self._decided(start), *row.conditions, *extra))
        row.lineage[_spell(node.target)] = Trace(origin.sources, decisions, self._place(node.value))

    def _let(self, node: syntax.Let, env: Environment, row: Row) -> None:
        uses = self._uses(node.handlers)
        start = len(self.e.decided)
        value: Any = POISON
        if not self._poisoned(env, node.value, *uses):
            strict = any(handler.failure == "missing" for handler in node.handlers)
            try:
                value = self.e.need(node.value, env) if strict else self.e.may(node.value, env)
            except Blamed as blamed:
                handler = self._handler(blamed.kind, node.handlers)
                path = f"{row.path}let {node.name}"
                match self._fail(blamed, handler, path, row, ("use", "skip")):
                    case "skip":
                        value = None
                    case "use":
                        assert handler is not None and handler.value is not None
                        try:
                            value = self.e.need(handler.value, env)
                        except Blamed as second:
                            self._fail(second, None, path, row, ())
        origin = self.e.origin(node.value, env)
        others = [o for o in (self.e.origin(use, env) for use in uses) if o.sources or o.decisions]
        if others:
            origin = union(origin, *others)
        decisions = tuple(dict.fromkeys((*origin.decisions, *self._decided(start))))
        env.bindings[node.name] = Binding(value, replace(origin, decisions=decisions))

    def _if(self, node: syntax.If, env: Environment, row: Row) -> None:
        if self._poisoned(env, *(branch.condition for branch in node.branches)):
            return
        body: Any = node.otherwise
        words = "else"
        try:
            for branch in node.branches:
                if self.e.need(branch.condition, env):
                    body, words = branch.body, f"if {self.e.text(branch.condition)}"
                    break
        except Blamed as blamed:
            self._fail(blamed, self._handler(blamed.kind, ()), f"{row.path}if", row, ("skip",))
            return
        if body:
            outer = row.conditions
            row.conditions = (*outer, words)
            self._statements(body, Environment(env), row)
            row.conditions = outer

    def _check(self, node: syntax.Check, env: Environment, row: Row) -> None:
        if self._poisoned(env, node.condition, node.message):
            return
        path = f"{row.path}check"
        try:
            if self.e.need(node.condition, env):
                return
            message = self.e.need(node.message, env)
        except Blamed as blamed:
            self._fail(blamed, self._handler(blamed.kind, ()), path, row, ("skip",))
            return
        action = "reject" if node.action == "reject row" and not row.in_loop else node.action
        row.dropped = row.dropped or action == "reject row"
        self.log.failures.append(
            Failure(
                "check",
                "check_failed",
                message,
                self.step,
                path,
                self._place(node),
                None,
                action,
                action == "warn",
            )
        )

    # ------------------------------------------------------------ each

    def _each(self, node: syntax.Each, env: Environment, row: Row) -> None:
        keys = [*(key.value for key in node.order_by), *(key.value for key in node.group_by)]
        if self._poisoned(env, node.source, node.where, *keys):
            return
        path = row.path + _spell(node.target)
        try:
            elements = self._elements(node, env, row, path)
        except Blamed as blamed:
            self._fail(blamed, self._handler(blamed.kind, ()), path, row, ("skip",))
            return
        made: list[dict[str, Any]] = []
        for number, (origin, element) in enumerate(elements):
            inner = self._row(node, env, row, f"{path}[{number}].", Binding(element, origin, number + 1))
            if inner is not None:
                prefix = f"{_spell(node.target)}[{len(made)}]."
                row.lineage.update((prefix + name, trace) for name, trace in inner.lineage.items())
                made.append(inner.output)
        _put(row.output, node.target, made)

    def _row(self, node: syntax.Each, env: Environment, row: Row, path: str, binding: Binding) -> Row | None:
        mark, decided = len(self.log.failures), len(self.e.decided)
        inner = Row({}, _target(row.target, node.target), path, (), True)
        self._body(node.body, env.with_(node.variable, binding), inner)
        if not inner.dropped:
            return inner
        kept = [f for f in self.log.failures[mark:] if f.action in ("reject row", "skip row")]
        self.log.failures[mark:] = kept
        del self.e.decided[decided:]
        return None

    def _elements(self, node: syntax.Each, env: Environment, row: Row, path: str) -> list[tuple[Origin, Any]]:
        source = self.e.need(node.source, env)
        self.e.burn(source)
        origin = self.e.origin(node.source, env)
        bases = origin.bases or (self.e.text(node.source),)
        kept: list[tuple[int, Any]] = []
        for index, element in enumerate(source):
            inner = env.with_(node.variable, Binding(element))
            try:
                if node.where is None or self.e.need(node.where, inner):
                    kept.append((index, element))
            except Blamed as blamed:
                self._where_failed(blamed, f"{path}[{index}]", row)

        def at(*indexes: int) -> Origin:
            if origin.sources and not origin.bases:
                return Origin(origin.sources, origin.decisions, parts=origin.parts)
            if origin.spread:
                return Origin(bases, origin.decisions, bases, parts=origin.parts)
            rows = tuple(f"{base}[{index}]" for base in bases for index in indexes)
            return Origin(rows, origin.decisions, rows, parts=origin.parts)

        if node.group_by:
            rows = self._groups(node, env, kept, at)
        else:
            rows = [(at(index), element) for index, element in kept]
        if not node.order_by:
            return rows
        keyed = [
            (
                tuple(
                    self.e.need(key.value, env.with_(node.variable, Binding(pair[1])))
                    for key in node.order_by
                ),
                pair,
            )
            for pair in rows
        ]
        return [pair for _, pair in self.e.sorted(node, keyed, node.order_by)]

    def _where_failed(self, blamed: Blamed, path: str, row: Row) -> None:
        handler = self._handler(blamed.kind, ())
        within = Row({}, None, "", (), True)
        self._fail(blamed, handler, path, within, ("skip",))

    def _groups(self, node: syntax.Each, env: Environment, kept: Any, at: Any) -> list[tuple[Origin, Any]]:
        groups: dict[Any, tuple[list[int], dict[str, Any]]] = {}
        for index, element in kept:
            inner = env.with_(node.variable, Binding(element))
            values = {key.name: self.e.may(key.value, inner) for key in node.group_by}
            key = {name: value for name, value in values.items() if value is not None}
            group = groups.setdefault(
                tuple(map(comparable, values.values())), ([], {"key": key, "items": []})
            )
            group[0].append(index)
            group[1]["items"].append(element)
        rows = []
        for indexes, record in groups.values():
            items = at(*indexes)
            inner = env.with_(node.variable, Binding(None, items))
            keys = {key.name: self.e.origin(key.value, inner) for key in node.group_by}
            rows.append((Origin(items.sources, items.decisions, items.bases, keys), record))
        return rows


def _target(record: types.Record | None, path: tuple[str, ...]) -> types.Record | None:
    for name in path:
        spec = record.fields.get(name) if record is not None else None
        kind = types.present(spec.type) if spec is not None else None
        kind = types.present(kind.item) if isinstance(kind, types.ListOf) else kind
        record = kind if isinstance(kind, types.Record) else None
    return record


def _put(output: dict[str, Any], target: tuple[str, ...], value: Any) -> None:
    for name in target[:-1]:
        output = output.setdefault(name, {})
    output[target[-1]] = value


def _spell(path: tuple[str, ...]) -> str:
    return ".".join(name if name.isidentifier() else f'"{name}"' for name in path)


__all__ = ["FAILURES", "Log", "MapWalker"]
