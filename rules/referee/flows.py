"""The named values of a flow, step by step: records, questions, answers, the reply. Slow and simple."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dsl import syntax
from dsl.program import CheckedFlow
from dsl.types import Record
from rules import remedies
from rules.keytexts import key_text
from rules.outcome import Failure, Place, Trace
from rules.referee.environment import Binding, Environment, names_in
from rules.referee.evaluate import Evaluator
from rules.shaping import read_document, write_document
from rules.waiting import Call, Recall, Remedy, Unanswered, Wait

REFUSALS = {
    "transport": "could not be reached",
    "application": "refused the question",
    "partner_data": "gave an answer that can't be used",
}
RunMap = Callable[[str, list[Any]], tuple[dict[str, Any], dict[str, Trace], list[str]]]


class FlowWalker:
    """What a flow has at hand while it is walked."""

    def __init__(
        self,
        evaluator: Evaluator,
        checked: CheckedFlow,
        document: Any,
        failures: list[Failure],
        run_map: RunMap,
        partial: bool = False,
    ) -> None:
        self.partial = partial
        self.e = evaluator
        self.program = evaluator.program
        self.checked = checked
        self.env = Environment()
        self.env.bindings[checked.node.variable] = Binding(document)
        self.failures = failures
        self.run_map = run_map
        self.words: dict[str, str] = {}
        self.pending: set[str] = set()
        self.waits: list[Wait] = []
        self.calls: list[Call] = []
        self.reply: Any = None
        self.reply_lineage: Mapping[str, Trace] = {}
        self.failed: Any = "mapping"

    def rejected(self) -> bool:
        """Whether something rejected the message."""
        return any(failure.action == "reject" for failure in self.failures)

    def remedy(self) -> Remedy | None:
        """What the playbook says."""
        return remedies.remedy(self.program, self.checked, self.failed)

    def inputs(self) -> dict[str, Any]:
        """What was recalled and answered."""
        return {name: self.env.bindings[name].value for name in self.words}

    def bind(self, name: str, value: Any) -> None:
        """A named value."""
        self.env.bindings[name] = Binding(value)

    def place(self, step: syntax.Node) -> Place:
        """Where a step stands."""
        source = self.program.sources[self.checked.path]
        return Place(self.checked.path, *source.position(step.span.start))

    # ------------------------------------------------------------ maps

    def documents(self, map: str, arguments: Sequence[syntax.Expression], current: Any) -> list[Any]:
        """What a map is given."""
        if not arguments:
            return [current]
        checked = self.program.maps[map]
        take = [self.e.may if name in checked.optional else self.e.need for name, _ in checked.parameters]
        return [made(argument, self.env) for made, argument in zip(take, arguments, strict=True)]

    def named(
        self, lineage: Mapping[str, Trace], map: str, arguments: Sequence[syntax.Expression], first: bool
    ) -> dict[str, Trace]:
        """A lineage in the words of the flow."""
        parameters = [name for name, _ in self.program.maps[map].parameters]
        texts = [self._path(argument) for argument in arguments]
        if first and not arguments:
            texts = [self.checked.node.variable]
        names = {name: text for name, text in zip(parameters, texts, strict=False) if text}
        return {path: self._told(trace, names) for path, trace in lineage.items()}

    def _path(self, node: syntax.Expression) -> str:
        if isinstance(node, syntax.Name):
            return node.name
        if isinstance(node, syntax.Path):
            base = self._path(node.base)
            field = node.field if node.field.isidentifier() else f'"{node.field}"'
            return f"{base}.{field}" if base else ""
        return ""

    def _told(self, trace: Trace, names: Mapping[str, str]) -> Trace:
        sources, decisions = [], list(trace.decisions)
        for source in trace.sources:
            head = source.replace("[", ".", 1).split(".")[0]
            sources.append(names.get(head, head) + source[len(head) :])
            variable = sources[-1].replace("[", ".", 1).split(".")[0]
            if variable in self.words and self.words[variable] not in decisions:
                decisions.append(self.words[variable])
        return Trace(tuple(sources), tuple(decisions), trace.place)

    def _made(
        self, map: str, arguments: Sequence[syntax.Expression], current: Any, first: bool
    ) -> tuple[Any, dict[str, Trace]]:
        output, lineage, _ = self.run_map(map, self.documents(map, arguments, current))
        if self.rejected():
            return None, {}
        written = write_document(output, self.program.maps[map].target.record)
        return written, self.named(lineage, map, arguments, first)

    # ------------------------------------------------------------ steps

    def enrich(self, step: syntax.Enrich) -> None:
        """`enrich x = recall items(key)`."""
        source = step.source
        assert isinstance(source, syntax.Recall)
        if names_in(*source.keys) & self.pending:
            self.bind(step.variable, None)
            self.pending.add(step.variable)
            return
        keys = [self.e.may(key, self.env) for key in source.keys]
        self.bind(step.variable, None)
        if None in keys:
            return self._without(step, "missing", "missing", f"the key of {source.dataset} is missing")
        key, context = key_text(keys), self.e.context
        known = (source.dataset, key) in context.recalled
        record = context.recalled[source.dataset, key] if known else None
        over = (source.dataset, key) in context.expired
        if not known or (record is None and step.wait is not None and not over):
            self.pending.add(step.variable)
            wait = remedies.seconds(step.wait)
            self.waits.append(Recall(source.dataset, key, step.variable, not known, wait, self.place(step)))
        elif record is None:
            message = f'dataset {source.dataset} has no record for "{key}"'
            self._without(step, "missing", "missing", message)
        else:
            self.words[step.variable] = f'recall {source.dataset} "{key}"'
            found = self._read(step, record, self.program.datasets[source.dataset].schema.record)
            if found:
                words = f'the record "{key}" of {source.dataset} does not fit: {found}'
                self._failure(step, "error", "value_error", words, "reject", False)

    def _read(self, step: syntax.Enrich | syntax.CallStep, raw: Any, record: Record) -> str:
        """Bind a document; gives what is wrong with it."""
        typed, found = read_document(raw, record)
        faults = [fault for fault in found if fault.kind != "missing" or not self.partial]
        if isinstance(step, syntax.Enrich) or not faults:
            self.bind(step.variable, typed)
        if not faults:
            return ""
        return f"{faults[0].path}: {faults[0].message}" if faults[0].path else faults[0].message

    def _without(
        self, step: syntax.Enrich | syntax.CallStep, on: str, kind: str, message: str, code: str = ""
    ) -> None:
        """There is no value: what the step says, else the message is rejected."""
        handler = next((h for h in step.handlers if h.failure == on), None)
        action = handler.action if handler is not None else "reject"
        if handler is not None and handler.action == "use" and handler.value is not None:
            self.bind(step.variable, self.e.need(handler.value, self.env))
        warn = handler is not None and handler.warn
        if action == "reject" or warn:
            self._failure(step, kind, code or f"value_{kind}", message, action, warn)

    def _failure(
        self,
        step: syntax.Enrich | syntax.CallStep,
        kind: Any,
        code: str,
        message: str,
        action: Any,
        warn: bool,
    ) -> None:
        flow = f"flow/{self.checked.node.name}"
        self.failures.append(
            Failure(kind, code, message, flow, step.variable, self.place(step), None, action, warn)
        )

    def call(self, step: syntax.CallStep, number: int, current: Any, first: bool) -> None:
        """`call e using m as r : schema`."""
        payload, lineage = self._made(step.map, step.arguments, current, first)
        if self.rejected():
            return
        schema = self.checked.answers[step.variable]
        again = remedies.remedy(self.program, self.checked, "transport")
        retry = again.retry_seconds if again is not None else None

        def question(endpoint: str) -> Call:
            answer, place = f"{schema.name}@{schema.version}", self.place(step)
            return Call(step.variable, endpoint, payload, answer, number, place, retry, lineage)

        self.calls.append(question(step.endpoint))
        self.bind(step.variable, None)
        if step.variable not in self.e.context.answers:
            self.waits.append(self.calls[-1])
            self.pending.add(step.variable)
            return
        answer = self.e.context.answers[step.variable]
        if not isinstance(answer, Unanswered):
            wrong = self._read(step, answer, schema.record)
            if not wrong:
                self.words[step.variable] = f"answer of {step.endpoint}"
                return
            fits = f"{schema.name}@{schema.version}"
            answer = Unanswered("partner_data", f"the answer does not fit {fits}: {wrong}")
        self._unanswered(step, answer, question)

    def _unanswered(self, step: syntax.CallStep, answer: Unanswered, question: Callable[[str], Call]) -> None:
        asked = answer.endpoint or step.endpoint
        handled = any(handler.failure == "error" for handler in step.handlers)
        if not handled and asked == step.endpoint:
            found = remedies.remedy(self.program, self.checked, answer.failure)
            spare = remedies.fallback(self.program, found, step.endpoint)
            if spare is not None:
                self.calls.append(question(spare))
                self.waits.append(self.calls[-1])
                self.pending.add(step.variable)
                return
        words = f"{asked} {REFUSALS[answer.failure]}: {answer.reason}"
        before = len(self.failures)
        self._without(step, "error", "error", words, f"call_{answer.failure}")
        if any(failure.action == "reject" for failure in self.failures[before:]):
            self.failed = answer.failure

    def answer(self, step: syntax.Reply, current: Any, first: bool) -> None:
        """`reply using m`."""
        self.reply, self.reply_lineage = self._made(step.map, step.arguments, current, first)

    def reason(self) -> str:
        """What the message waits for."""
        words = [
            f'{wait.dataset} "{wait.key}"' if isinstance(wait, Recall) else f"an answer of {wait.endpoint}"
            for wait in self.waits
        ]
        return "waits for " + " and ".join(words)
