"""What a flow has at hand while it is walked: its named values, what it recalls and asks, what it lacks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dsl.program import CheckedFlow, Program
from rules import remedies
from rules.generation.plans import Lineage
from rules.generation.support import Run
from rules.keytexts import key_text
from rules.outcome import Failure, Trace
from rules.shaping import ShapeFailure
from rules.steps import AskStep, MapUse, Otherwise, RecallStep
from rules.waiting import Call, FailureClass, Recall, Remedy, Unanswered, Wait

CALL_WORDS = {
    "transport": "could not be reached",
    "application": "refused the question",
    "partner_data": "gave an answer that can't be used",
}


class FlowState:
    """The named values of one run, in the order of the steps that made them.

    With `partial`, records and answers may lack what their schemas require, as in tests.
    """

    def __init__(
        self, program: Program, flow: CheckedFlow, run: Run, document: Any, partial: bool = False
    ) -> None:
        self.program = program
        self.partial = partial
        self.flow = flow
        self.run = run
        self.values: dict[str, Any] = {flow.node.variable: document}
        self.words: dict[str, str] = {}
        self.waits: list[Wait] = []
        self.calls: list[Call] = []
        self.pending: set[str] = set()
        self.reply: Any = None
        self.reply_lineage: Mapping[str, Trace] = {}
        self.failed: FailureClass = "mapping"
        self.count = 0

    # ------------------------------------------------------------ maps

    def documents(self, use: MapUse, current: Any) -> Sequence[Any]:
        """What a map is given."""
        return [current] if use.arguments is None else use.arguments(self.run, *self.values.values())

    def lineage(self, use: MapUse, marks: tuple[Any, ...], output: Any) -> Mapping[str, Trace]:
        """The lineage of a map, told in the named values of the flow."""
        made = Lineage(use.map.plan, marks, output)
        names = {parameter: path for parameter, path in use.paths if path != parameter}
        return NamedLineage(made, names, self.words) if names or self.words else made

    def made(self, use: MapUse, current: Any) -> tuple[Any, Mapping[str, Trace]]:
        """What a map makes to be asked or replied, as it leaves, and its lineage."""
        output, marks = use.map.function(self.run, *self.documents(use, current))
        self.run.frames.append((use.map.plan, marks))
        if self.run.rejects:
            return None, {}
        return use.map.write(output), self.lineage(use, marks, output)

    def plain(self) -> bool:
        """Whether the flow recalled, asked and replied nothing."""
        return not (self.calls or self.waits or self.words) and self.reply is None

    def inputs(self) -> Mapping[str, Any]:
        """What was recalled and answered, by variable."""
        return {name: self.values[name] for name in self.words if self.values.get(name) is not None}

    # ------------------------------------------------------------ recall

    def recall(self, step: RecallStep) -> None:
        """The record of a dataset: as it is known, what stands in for it, or something to wait for."""
        self.values[step.variable] = None
        if step.needs & self.pending:
            self.pending.add(step.variable)
            return
        keys = step.keys(self.run, *list(self.values.values())[:-1])
        if any(key is None for key in keys):
            self._without(step.otherwise, step, f"the key of {step.dataset} is missing")
            return
        key, context = key_text(keys), self.run.context
        place = (step.dataset, key)
        record = context.recalled[place] if place in context.recalled else None
        if record is None and (
            place not in context.recalled or (step.seconds is not None and place not in context.expired)
        ):
            unknown = place not in context.recalled
            self.waits.append(Recall(step.dataset, key, step.variable, unknown, step.seconds, step.place))
            self.pending.add(step.variable)
        elif record is None:
            self._without(step.otherwise, step, f'dataset {step.dataset} has no record for "{key}"')
        else:
            self.words[step.variable] = f'recall {step.dataset} "{key}"'
            typed, faults = self._read(step, record)
            self.values[step.variable] = typed
            if faults:
                self._fail(
                    step,
                    f'the record "{key}" of {step.dataset} does not fit: {told(faults)}',
                    "reject",
                    False,
                )

    def _read(self, step: RecallStep | AskStep, raw: Any) -> tuple[Any, Sequence[ShapeFailure]]:
        typed, faults = step.read(raw)
        return typed, [f for f in faults if f.kind != "missing"] if self.partial and faults else faults

    def _without(self, otherwise: Otherwise, step: RecallStep, message: str) -> None:
        self._stand_in(otherwise, step)
        if otherwise.action == "reject" or otherwise.warn:
            self._fail(step, message, otherwise.action, otherwise.warn, "missing")

    def _stand_in(self, otherwise: Otherwise, step: RecallStep | AskStep) -> None:
        if otherwise.value is not None:
            before = [value for name, value in self.values.items() if name != step.variable]
            self.values[step.variable] = otherwise.value(self.run, *before)[0]

    def _fail(
        self,
        step: RecallStep | AskStep,
        message: str,
        action: str,
        warn: bool,
        kind: str = "error",
        code: str = "",
    ) -> None:
        self.run.failures.append(
            Failure(
                kind,  # type: ignore[arg-type]
                code or f"value_{kind}",
                message,
                f"flow/{self.flow.node.name}",
                step.variable,
                step.place,
                None,
                action,  # type: ignore[arg-type]
                warn,
            )
        )
        if action == "reject":
            self.run.rejects += 1

    # ------------------------------------------------------------ call

    def ask(self, step: AskStep, current: Any) -> None:
        """The answer to a question: as it came, what stands in for it, or a question to be asked."""
        payload, lineage = self.made(step.use, current)
        if self.run.rejects:
            return
        retry = remedies.remedy(self.program, self.flow, "transport")
        call = Call(
            step.variable,
            step.endpoint,
            payload,
            step.answer,
            step.number,
            step.place,
            retry.retry_seconds if retry is not None else None,
            lineage,
        )
        self.calls.append(call)
        self.values[step.variable] = None
        answers = self.run.context.answers
        if step.variable not in answers:
            self._wait_for(call)
            return
        self._answered(step, call, answers[step.variable])

    def _wait_for(self, call: Call) -> None:
        self.waits.append(call)
        self.pending.add(call.variable)

    def _answered(self, step: AskStep, call: Call, answer: Any) -> None:
        if not isinstance(answer, Unanswered):
            typed, faults = self._read(step, answer)
            if not faults:
                self.values[step.variable] = typed
                self.words[step.variable] = f"answer of {step.endpoint}"
                return
            answer = Unanswered("partner_data", f"the answer does not fit {step.answer}: {told(faults)}")
        self._unanswered(step, call, answer)

    def _unanswered(self, step: AskStep, call: Call, answer: Unanswered) -> None:
        asked = answer.endpoint or step.endpoint
        words = f"{asked} {CALL_WORDS[answer.failure]}: {answer.reason}"
        otherwise, code = step.otherwise, f"call_{answer.failure}"
        if otherwise is None:
            found = remedies.remedy(self.program, self.flow, answer.failure)
            spare = remedies.fallback(self.program, found, step.endpoint)
            if spare is not None and asked == step.endpoint:
                self.calls.append(replace(call, endpoint=spare))
                self._wait_for(self.calls[-1])
                return
        elif otherwise.action != "reject":
            self._stand_in(otherwise, step)
            if otherwise.warn:
                self._fail(step, words, otherwise.action, True, code=code)
            return
        self.failed = answer.failure
        self._fail(step, words, "reject", otherwise is not None and otherwise.warn, code=code)

    def remedy(self) -> Remedy | None:
        """What the playbook says of the failure that rejects the message."""
        return remedies.remedy(self.program, self.flow, self.failed)

    def reasons(self) -> str:
        """What the message waits for, in words."""
        words = []
        for wait in self.waits:
            if isinstance(wait, Recall):
                words.append(f'{wait.dataset} "{wait.key}"')
            else:
                words.append(f"an answer of {wait.endpoint}")
        return f"waits for {' and '.join(words)}"


class NamedLineage(Mapping[str, Trace]):
    """A lineage told in the named values of a flow instead of the parameters of its map.

    `words` are what a value was recalled or answered by; a trace that comes from it names that too.
    """

    def __init__(self, made: Mapping[str, Trace], names: Mapping[str, str], words: Mapping[str, str]) -> None:
        self._made, self._names, self._words = made, names, dict(words)

    def __getitem__(self, path: str) -> Trace:
        trace = self._made[path]
        sources = tuple(self._named(source) for source in trace.sources)
        heads = dict.fromkeys(source.partition(".")[0].partition("[")[0] for source in sources)
        found = [self._words[head] for head in heads if head in self._words]
        return Trace(sources, tuple(dict.fromkeys((*trace.decisions, *found))), trace.place)

    def _named(self, source: str) -> str:
        end = min((i for i in (source.find("."), source.find("[")) if i >= 0), default=len(source))
        return self._names.get(source[:end], source[:end]) + source[end:]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def told(faults: Sequence[ShapeFailure]) -> str:
    """The first field that does not fit, in words."""
    return f"{faults[0].path}: {faults[0].message}" if faults[0].path else faults[0].message


def held_by(remedy: Remedy | None) -> bool:
    """Whether a person decides about the message."""
    return remedy is not None and remedy.reaction == "hold"
