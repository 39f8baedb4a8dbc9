"""Rules one after the other."""

from typing import Any

from dsl import syntax
from dsl.program import CheckedRules
from rules.generation.support import failure_message
from rules.outcome import Action, Failure, Place, RuleTrace
from rules.referee.acting import ActionWalker
from rules.referee.environment import POISON, Binding, Environment, Origin, children, names_in
from rules.referee.evaluate import Blamed, Evaluator
from rules.referee.maps import Log
from rules.shaping import plain_value
from rules.values import shorten


class RulesWalker:
    """Runs one set of rules."""

    def __init__(self, evaluator: Evaluator, checked: CheckedRules, log: Log) -> None:
        self.e = evaluator
        self.checked = checked
        self.log = log
        self.actions: list[Action] = []
        self.facts: dict[str, Any] = {}
        self.ended: tuple[str, str] | None = None
        self.fired: dict[str, bool] = {}
        self.env = Environment()

    def run(self, subject: Any) -> None:
        """Fire what matches."""
        node = self.checked.node
        self.subject = subject
        self.env.bindings[node.parameter.name] = Binding(subject, Origin((), (), (node.parameter.name,)))
        for let in node.lets:
            self._let(let)
        for rule in node.rules:
            if isinstance(rule, syntax.Rule):
                self._rule(rule)
                if self.ended or (node.first_only and self.fired.get(rule.name)):
                    return

    def close(
        self,
        rule: str,
        node: syntax.Collect,
        number: int,
        items: list[Any],
        addressing: tuple[str | None, str | None],
    ) -> None:
        """The end of a collection."""
        actor = ActionWalker(self.e, self.checked, self.log, self.actions, self.facts, self.env, items)
        actor.ordinal, actor.addressing = number, addressing
        try:
            actor.act(rule, node.action, number)
        except Blamed as blamed:
            self._fail(blamed, rule)

    def _let(self, node: syntax.Let) -> None:
        value: Any = POISON
        if not self._poisoned(node.value):
            strict = any(handler.failure == "missing" for handler in node.handlers)
            try:
                value = self.e.need(node.value, self.env) if strict else self.e.may(node.value, self.env)
            except Blamed as blamed:
                value = self._rescued(node, blamed)
        self.env.bindings[node.name] = Binding(value)

    def _rescued(self, node: syntax.Let, blamed: Blamed) -> Any:
        handler = next((h for h in node.handlers if h.failure == blamed.kind), None)
        action = handler.action if handler is not None and handler.action in ("use", "skip") else "reject"
        if action == "reject" or (handler is not None and handler.warn):
            self._fail(blamed, f"let {node.name}", action, handler is not None and handler.warn)
        if action == "reject":
            return POISON
        return None if handler is None or handler.value is None else self.e.may(handler.value, self.env)

    def _poisoned(self, *parts: syntax.Node | None) -> bool:
        bindings = (self.env.find(name) for name in names_in(*parts))
        return any(binding is not None and binding.value is POISON for binding in bindings)

    def _fail(self, blamed: Blamed, path: str, action: str = "reject", warn: bool = False) -> None:
        kind = blamed.kind
        self.log.failures.append(
            Failure(
                kind,  # type: ignore[arg-type]
                f"value_{kind}" if kind in ("missing", "error") else kind,
                failure_message(blamed.error),
                f"rules/{self.checked.node.name}",
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

    def _rule(self, rule: syntax.Rule) -> None:
        fires = False
        if not self._poisoned(rule.when):
            try:
                fires = rule.when is None or self.e.need(rule.when, self.env)
            except Blamed as blamed:
                self._fail(blamed, rule.name)
        self.fired[rule.name] = fires
        if not fires:
            return
        actor = ActionWalker(self.e, self.checked, self.log, self.actions, self.facts, self.env, self.subject)
        for number, action in enumerate(rule.actions):
            if not self._poisoned(*children(action)):
                try:
                    actor.act(rule.name, action, number)
                except Blamed as blamed:
                    self._fail(blamed, rule.name)
        self.ended = self.ended or actor.ended

    def traces(self) -> list[RuleTrace]:
        """Every rule with what its condition saw."""
        found = []
        for rule in self.checked.node.rules:
            if isinstance(rule, syntax.Rule):
                values = {} if rule.when is None else self._seen(rule.when)
                place, name = self._place(rule), self.checked.node.name
                found.append(
                    RuleTrace(name, rule.name, bool(self.fired.get(rule.name)), rule.because, values, place)
                )
        return found

    def _seen(self, node: syntax.Node) -> dict[str, Any]:
        steps: list[str] = []
        root = node
        while isinstance(root, syntax.Path):
            steps.insert(0, root.field)
            root = root.base
        if not isinstance(root, syntax.Name):
            return {text: value for child in children(node) for text, value in self._seen(child).items()}
        binding = self.env.find(root.name)
        value = binding.value if binding is not None else None
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        return {} if value is None or value is POISON else {self.e.text(node): plain_value(value)}
