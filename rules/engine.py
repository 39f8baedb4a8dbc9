"""Runs a compiled rule set on one document: pure, bounded, an Outcome and nothing else.

Documents are read by the schema, payloads are written by theirs. Every failure of a message is
collected; one that rejects leaves no actions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dsl.program import CheckedFlow
from dsl.syntax import Send
from dsl.types import Type
from rules import remedies
from rules.asking import FlowState, held_by
from rules.compiler import FILE, Compiled, CompiledFlow, CompiledRules, CompiledStep
from rules.errors import AddressMissing, BudgetExceeded, UnknownName
from rules.generation.later import CompiledClosing
from rules.generation.plans import Lineage
from rules.generation.support import POISON, Run
from rules.keytexts import named_key_text
from rules.outcome import Context, ExpectationKey, Failure, Keys, Outcome, Place
from rules.shaping import ShapeFailure, read_input, read_list
from rules.steps import AskStep, CompiledMap, MapUse, RecallStep, ReplyStep, UseStep
from rules.traces import Decisions, RuleTraces
from rules.unread import Unread
from rules.unread import exact as exact
from rules.values import shorten
from rules.waiting import Remedy
from rules.writing import write_plain


def run(compiled: Compiled, flow: str, document: Any, context: Context, *, partial: bool = False) -> Outcome:
    """One message through one flow; a partial document may lack what its schema requires."""
    found = compiled.flow(flow)
    with exact():
        if found.straight is not None:
            outcome = _Walk(compiled, context, found, document, partial).straight(document, found)
            if outcome is not None:
                return outcome
        typed, faults = found.read(document)
        faults = _tolerated(faults, partial)
        if faults:
            schema = found.checked.schema
            title = f"{schema.name} {schema.version}".strip()
            place = _flow_place(compiled, found.checked)
            outcome = _misshapen(typed, faults, f"schema/{schema.name}", title, place)
            return _remedied(outcome, remedies.remedy(compiled.program, found.checked, "partner_data"))
        return _Walk(compiled, context, found, typed, partial).steps(typed, found.steps)


def run_map(
    compiled: Compiled, map: str, inputs: Mapping[str, Any], context: Context, *, partial: bool = False
) -> Outcome:
    """One map on its own, for previews and tests; the event is its result."""
    found = compiled.map(map)
    with exact():
        documents: list[Any] = []
        faults: list[ShapeFailure] = []
        for name, read in found.parameters:
            typed, own = read(inputs.get(name, [] if name in found.lists else {}))
            own = _tolerated(own, partial)
            documents.append(typed)
            faults += [within(name, fault) for fault in own] if len(found.parameters) > 1 else own
        document = (
            documents[0] if len(documents) == 1 else dict(zip(dict(found.parameters), documents, strict=True))
        )
        if faults:
            return _misshapen(
                document, faults, f"map/{map}", "the input", Place(_map_path(compiled, map), 1, 1)
            )
        walk = _Walk(compiled, context)
        return walk.guarded(document, lambda: walk.map(found, documents))


def apply_rules(compiled: Compiled, rules: str, subject: Any, context: Context) -> Outcome:
    """Rules on their own; fields that the subject lacks are missing."""
    found = compiled.rule_set(rules)
    with exact():
        typed, faults = found.read(subject)
        faults = _tolerated(faults, True)
        if faults:
            return _misshapen(typed, faults, f"rules/{rules}", "the subject", Place("", 1, 1))
        return _Walk(compiled, context).steps(typed, (found,))


def keys(compiled: Compiled, flow: str, document: Any, context: Context) -> Keys:
    """What the flow says of a document before it runs; what can't be made is left out."""
    found = compiled.flow(flow)
    with exact():
        state = _Walk(compiled, context).state
        try:
            made = None if found.straight_keys is None else found.straight_keys(state, document)
            identify, order, business, _ = made or found.keys(state, found.read(document)[0])
        except BudgetExceeded:
            return Keys(None, None, {})
    return Keys(
        _key(identify), _key(order), {n: t for n, v in business.items() if (t := _key(v)) is not None}
    )


def expectation_keys(compiled: Compiled, event: str, document: Any, context: Context) -> list[ExpectationKey]:
    """Which expectations a document answers that arrives as this endpoint or event: each with its key.

    A document that lacks a value by which it would be found answers nothing.
    """
    found: list[ExpectationKey] = []
    with exact():
        for awaited in compiled.expectations.get(event, ()):
            typed, _ = awaited.read(document)
            try:
                values = awaited.values(_Walk(compiled, context).state, typed)
            except BudgetExceeded:
                continue
            if None not in values:
                of, key = awaited.checked, named_key_text(dict(zip(awaited.names, values, strict=True)))
                found.append(ExpectationKey(of.rules, of.rule, of.ordinal, key))
    return found


def close_collection(
    compiled: Compiled,
    rules: str,
    rule: str,
    ordinal: int,
    items: Sequence[Any],
    context: Context,
    *,
    to: str | None = None,
    key: str | None = None,
) -> Outcome:
    """The end of a collection: what its `then` makes of the items of one group.

    `items` are those of the CollectActions, `to` and `key` what all actions of the group say. Raises
    UnknownName where there is no such collection, AddressMissing where its send needs a `to` that is not given.
    """
    found = compiled.closings.get((rules, rule, ordinal))
    if found is None:
        raise UnknownName(
            f"there is no collection {ordinal} in rule {rule} of {rules}", {"rules": rules, "rule": rule}
        )
    if isinstance(found.action, Send) and found.action.to is not None and to is None:
        raise AddressMissing(details={"rules": rules, "rule": rule, "ordinal": ordinal})
    with exact():
        typed, faults = read_list(list(items), found.read)
        if faults:
            return _misshapen(typed, faults, f"rules/{rules}", "the collection", Place("", 1, 1))
        return _Walk(compiled, context).closing(found, typed, to, key)


def _tolerated(faults: Sequence[ShapeFailure], partial: bool) -> Sequence[ShapeFailure]:
    return [fault for fault in faults if fault.kind != "missing"] if partial and faults else faults


def read_partly(raw: Any, of: Type, partial: bool) -> tuple[Any, Sequence[ShapeFailure]]:
    """A document (or a list of them) as read by its schema; a partial one may lack required fields."""
    typed, faults = read_input(raw, of)
    return typed, _tolerated(faults, partial)


def _key(value: Any) -> str | None:
    if value is None:
        return None
    return shorten(value) if isinstance(value, dict | list) else str(write_plain(value, "string"))


def within(name: str, fault: ShapeFailure) -> ShapeFailure:
    """A fault of one of several inputs, with its name before the path."""
    joint = "" if fault.path.startswith("[") else "."
    return ShapeFailure(
        f"{name}{joint}{fault.path}" if fault.path else name, fault.kind, fault.message, fault.value
    )


def _map_path(compiled: Compiled, map: str) -> str:
    return compiled.program.maps[map].path


def _flow_place(compiled: Compiled, flow: CheckedFlow) -> Place:
    source = compiled.program.sources.get(flow.path)
    line, column = source.position(flow.node.span.start) if source else (1, 1)
    return Place(flow.path, line, column)


def _misshapen(document: Any, faults: Sequence[ShapeFailure], step: str, title: str, place: Place) -> Outcome:
    failures = tuple(
        Failure(
            fault.kind,
            f"value_{fault.kind}",
            fault.message,
            step,
            fault.path,
            place,
            None if fault.value is None else shorten(fault.value),
        )
        for fault in faults
    )
    first = f"{faults[0].path}: {faults[0].message}" if faults[0].path else faults[0].message
    return Outcome(
        "rejected", document, reason=f"the document does not fit {title}: {first}", failures=failures
    )


def _remedied(outcome: Outcome, remedy: Remedy | None) -> Outcome:
    """A rejected message with what the playbook says of it; held, where a person is to decide."""
    if remedy is None:
        return outcome
    return replace(outcome, state="held" if held_by(remedy) else outcome.state, remedy=remedy)


class _Walk:
    """One run: its state, and what the steps have given so far; of a flow also its named values."""

    def __init__(
        self,
        compiled: Compiled,
        context: Context,
        flow: CompiledFlow | None = None,
        document: Any = None,
        partial: bool = False,
    ) -> None:
        self.compiled = compiled
        self.state = Run(context, compiled.zone, compiled.sites, compiled.stations)
        self.event: Any = None
        self.lineage: Mapping[str, Any] = {}
        self.traces = RuleTraces()
        self.compiled_flow = flow
        checked = None if flow is None else flow.checked
        self.flow = (
            None if checked is None else FlowState(compiled.program, checked, self.state, document, partial)
        )

    def steps(self, typed: Any, steps: Sequence[CompiledStep]) -> Outcome:
        """All steps of a flow, at its business time; the first that rejects or ends is the last."""
        return self.guarded(typed, lambda: self._steps(typed, steps))

    def _steps(self, typed: Any, steps: Sequence[CompiledStep]) -> None:
        if self.compiled_flow is not None and self.compiled_flow.checked.node.business_time is not None:
            self.state.business = self.compiled_flow.keys(self.state, typed)[3]
        self._onward(typed, steps, 1)

    def _onward(self, current: Any, steps: Sequence[CompiledStep], first: int) -> None:
        flow = self.flow
        for number, step in enumerate(steps, first):
            if flow is not None and flow.waits and not isinstance(step, RecallStep):
                return
            if isinstance(step, CompiledRules):
                self._apply(step, current)
            elif flow is not None:
                current = self._named_step(flow, step, current)
            if flow is not None:
                flow.count = number
            if self.state.rejects or self.state.ended:
                return

    def _named_step(self, flow: FlowState, step: CompiledStep, current: Any) -> Any:
        """A step that takes or makes named values; gives the document so far."""
        match step:
            case UseStep():
                current = self.map(step.use.map, flow.documents(step.use, current), step.use)
                if step.variable:
                    flow.values[step.variable] = current
            case RecallStep():
                flow.recall(step)
            case AskStep():
                flow.ask(step, current)
            case ReplyStep():
                flow.reply, flow.reply_lineage = flow.made(step.use, current)
        return current

    def map(self, step: CompiledMap, documents: Sequence[Any], use: MapUse | None = None) -> Any:
        """Run a map; its output is the event so far."""
        return self._mapped(step, use, *step.function(self.state, *documents))

    def straight(self, raw: Any, flow: CompiledFlow) -> Outcome | None:
        """A flow whose first map reads the document itself; None where that is out of the ordinary."""
        first = flow.steps[0]
        assert isinstance(first, UseStep) and flow.straight is not None and self.flow is not None
        try:
            found = flow.straight(self.state, raw)
            if found is None:
                return None
            output = self._mapped(first.use.map, first.use, *found)
            self.flow.count = 1
            if not self.state.rejects:
                self._onward(output, flow.steps[1:], 2)
        except BudgetExceeded as exceeded:
            self._exceeded(exceeded)
        return self._outcome(Unread(raw, flow.read))

    def _mapped(self, step: CompiledMap, use: MapUse | None, output: Any, marks: Any) -> Any:
        self.state.frames.append((step.plan, marks))
        if not self.state.rejects:
            self.event = step.write(output)
        if self.flow is None or use is None:
            self.lineage = Lineage(step.plan, marks, output)
        else:
            self.lineage = self.flow.lineage(use, marks, output)
        return output

    def _apply(self, step: CompiledRules, subject: Any) -> None:
        fired, roots, marks = step.function(self.state, subject)
        self.state.frames.append((step.plan.frame, marks))
        self.traces.add(step.plan, fired, roots, POISON)

    def closing(self, found: CompiledClosing, items: list[Any], to: str | None, key: str | None) -> Outcome:
        """What is made of a collection."""

        def work() -> None:
            self.state.frames.append((found.plan, found.function(self.state, items, to, key)))

        return self.guarded(items, work)

    def guarded(self, document: Any, work: Any) -> Outcome:
        """The outcome of the work, also where it runs out of its budget."""
        try:
            work()
        except BudgetExceeded as exceeded:
            self._exceeded(exceeded)
        return self._outcome(document)

    def _exceeded(self, exceeded: BudgetExceeded) -> None:
        place, trace = Place("", 1, 1), exceeded.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == FILE:
                place = self.state.sites[trace.tb_lineno].place
            trace = trace.tb_next
        self.state.rejects += 1
        self.state.failures.append(
            Failure("error", exceeded.code, exceeded.message, "engine", "", place, None)
        )

    def _outcome(self, document: Any) -> Outcome:
        state = self.state
        decisions = Decisions(state.frames)
        failures = tuple(state.failures)
        flow = self.flow
        if state.rejects:
            reason = next(
                f"{f.path}: {f.message}" if f.path else f.message for f in failures if f.action == "reject"
            )
            rejected = Outcome(
                "rejected",
                document,
                self.event,
                reason,
                (),
                failures,
                self.lineage,
                self.traces,
                dict(state.facts),
                decisions,
            )
            return self._asked(rejected)
        ended, reason = state.ended or ("done", "")
        actions = () if state.ended else tuple(state.actions)
        outcome = Outcome(
            ended,  # type: ignore[arg-type]
            document,
            self.event,
            reason,
            actions,
            failures,
            self.lineage,
            self.traces,
            state.facts,
            decisions,
            steps=0 if flow is None else flow.count,
        )
        return outcome if flow is None or flow.plain() else self._asked(outcome)

    def _asked(self, outcome: Outcome) -> Outcome:
        """The outcome of a flow with what it recalled, asked and replied, and what it waits for."""
        flow = self.flow
        if flow is None:
            return outcome
        found = replace(outcome, calls=tuple(flow.calls), values=flow.inputs(), steps=flow.count)
        if outcome.state == "rejected":
            return _remedied(found, flow.remedy() if self.state.rejects else None)
        if flow.waits:
            waits = tuple(flow.waits)
            return replace(found, state="waiting", reason=flow.reasons(), actions=(), waits=waits)
        return replace(found, reply=flow.reply, reply_lineage=flow.reply_lineage)
