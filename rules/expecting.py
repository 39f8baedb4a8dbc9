"""What a test expects, evaluated by the referee over the outcome of the compiled code."""

from collections.abc import Mapping
from typing import Any

from dsl import syntax
from dsl.program import CheckedTest, Program, Schema
from rules.acted import answer
from rules.outcome import Context, Outcome
from rules.referee.environment import Environment
from rules.referee.evaluate import Blamed, Evaluator
from rules.shaping import plain_value, read_document
from rules.values import shorten
from rules.waiting import Recall

ANSWERED = frozenset({
    "fired", "matched", "sent", "raised", "alerted", "fact", "expected", "collected", "remembered", "forgotten",
    "state", "failed", "asked", "waiting_for",
})  # fmt: skip


class Expectations(Evaluator):
    """Expressions of a test: `fired`, `sent`, `expected`, `state`, `sample` and the like have their answer here."""

    def __init__(
        self, program: Program, context: Context, test: CheckedTest, samples: Mapping[str, Any]
    ) -> None:
        super().__init__(program, context, context.now, test.path)
        self.samples = samples
        self.outcome: Outcome | None = None
        self.silent: frozenset[str] = frozenset()

    def _call(self, node: syntax.Call, env: Environment) -> Any:
        if node.function == "sample":
            return self._sample(node, env)
        if self.outcome is None or node.function not in ANSWERED:
            return super()._call(node, env)
        name = self.need(node.arguments[0], env) if node.arguments else ""
        match node.function:
            case "fired":
                return any(trace.fired for trace in self.outcome.rules if trace.rule == name)
            case "matched":
                return self._matched(self.outcome, name)
            case "fact":
                return self.outcome.facts.get(name)
            case "asked":
                schema = self._schema(name)
                asked = [call.payload for call in self.outcome.calls if call.endpoint == name]
                return (
                    asked
                    if schema is None
                    else [read_document(payload, schema.record)[0] for payload in asked]
                )
            case "waiting_for":
                return name in [
                    w.dataset if isinstance(w, Recall) else w.endpoint for w in self.outcome.waits
                ]
            case "state":
                return self.outcome.state
            case "failed":
                return name in self.silent or any(failure.path == name for failure in self.outcome.failures)
            case _:
                found = (answer(self.program, node.function, name, action) for action in self.outcome.actions)
                return [value for value in found if value is not None]

    def _schema(self, name: str) -> Schema | None:
        """The schema of what travels through an endpoint."""
        endpoint = self.program.manifest.endpoints.get(name)
        return None if endpoint is None else self.program.schemas.get(endpoint.schema)

    def _matched(self, outcome: Outcome, table: str) -> str | None:
        start = f"table {table} "
        found = [words.removeprefix(start) for words in outcome.decisions if words.startswith(start)]
        return found[-1] if found else None

    def _sample(self, node: syntax.Call, env: Environment) -> Any:
        name = str(self.need(node.arguments[0], env))
        document = self.samples.get(name, self.samples.get(f"samples/{name}"))
        if document is None:
            raise Blamed(KeyError(f"there is no sample {name}"), node, name)
        named = dict(node.named)
        changes = self.may(named["with"], env) if "with" in named else {}
        return merged(document, plain_value(changes))

    def explain(self, node: syntax.Expression, env: Environment) -> str:
        """Why an expectation does not hold, with the values it saw."""
        if isinstance(node, syntax.Binary) and node.operator == "and":
            return self.explain(node.right if self._holds(node.left, env) else node.left, env)
        seen = ", ".join(f"{self.text(part)} is {self._shown(part, env)}" for part in self._parts(node))
        return f"expected {self.text(node)}" + (f", but {seen}" if seen else "")

    def _holds(self, node: syntax.Expression, env: Environment) -> bool:
        try:
            return bool(self.need(node, env))
        except Blamed:
            return False

    def _parts(self, node: syntax.Expression) -> list[syntax.Expression]:
        match node:
            case syntax.Binary(operator="or"):
                return [*self._parts(node.left), *self._parts(node.right)]
            case syntax.Binary():
                return [part for part in (node.left, node.right) if not self.is_constant(part)]
            case syntax.Unary(operand=inner) | syntax.Presence(value=inner) | syntax.Membership(value=inner):
                return [inner]
            case _:
                return []

    def _shown(self, node: syntax.Expression, env: Environment) -> str:
        try:
            value = self.may(node, env)
        except Blamed as blamed:
            return f"failing ({blamed})"
        if value is None:
            return "missing"
        return f'"{shorten(value)}"' if isinstance(value, str) else shorten(value)


def merged(document: Any, changes: Any) -> Any:
    """A document with fields of another put in place of its own, records field by field."""
    if not isinstance(document, Mapping) or not isinstance(changes, Mapping):
        return changes
    result = dict(document)
    for name, value in changes.items():
        result[name] = merged(result[name], value) if name in result else value
    return result
