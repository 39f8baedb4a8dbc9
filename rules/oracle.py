"""The plain evaluator: the entry points of the engine, by tree walking. Slow and simple: the referee."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from dsl import syntax
from dsl.checking.actions import COLLECTED
from dsl.checking.expectations import EVENT
from dsl.program import CheckedFlow, CheckedRules, Program
from dsl.types import ListOf, Type
from rules import remedies
from rules.engine import exact, read_partly, within
from rules.errors import BudgetExceeded, UnknownName
from rules.keytexts import named_key_text
from rules.ordering import in_order
from rules.outcome import Context, ExpectationKey, Failure, Keys, Outcome, Place, RuleTrace, Trace
from rules.referee.actions import RulesWalker
from rules.referee.environment import Binding, Environment, Origin
from rules.referee.evaluate import Blamed, Evaluator
from rules.referee.flows import FlowWalker
from rules.referee.maps import Log, MapWalker
from rules.shaping import ShapeFailure, read_document, read_input, write_document
from rules.values import shorten
from rules.waiting import Remedy
from rules.writing import write_plain


class Referee:
    """One run of a program."""

    def __init__(self, program: Program, context: Context, log: Log | None = None) -> None:
        self.program = program
        zone = ZoneInfo(program.manifest.time_zone or "UTC")
        self.e = Evaluator(program, context, context.now.astimezone(zone), "")
        self.log = log or Log()
        self.event: Any = None
        self.typed_event: Any = None
        self.lineage: Mapping[str, Trace] = {}
        self.walkers: list[RulesWalker] = []
        self.traces: list[RuleTrace] = []
        self.decisions: list[str] = []
        self.flow: FlowWalker | None = None
        self.begun = 0

    def rejected(self) -> bool:
        """Whether something rejected the message."""
        return any(failure.action == "reject" for failure in self.log.failures)

    def ended(self) -> tuple[str, str] | None:
        """What a rule has made of the message that ends it: state and reason."""
        return next((walker.ended for walker in self.walkers if walker.ended), None)

    def made(self, name: str, documents: list[Any]) -> tuple[dict[str, Any], dict[str, Trace], list[str]]:
        """What a map makes, its lineage and decisions."""
        checked = self.program.maps[name]
        inner = self.e.at(checked.path)
        output, lineage = MapWalker(inner, checked, self.log).run(documents)
        decided = [words for _, words in inner.decided]
        self.decisions += decided
        return output, lineage, decided

    def map(self, name: str, documents: list[Any]) -> Any:
        """Run a map; its output is the event so far."""
        output, self.lineage, _ = self.made(name, documents)
        self.typed_event = output
        if not self.rejected():
            self.event = write_document(output, self.program.maps[name].target.record)
        return output

    def apply(self, name: str, subject: Any) -> None:
        """Apply rules."""
        checked = self.program.rules[name]
        inner = self.e.at(checked.path)
        walker = RulesWalker(inner, checked, self.log)
        self.walkers.append(walker)
        walker.run(subject)
        self.traces += walker.traces()
        self.decisions += [words for _, words in inner.decided]

    def close(
        self,
        checked: CheckedRules,
        rule: str,
        node: syntax.Collect,
        number: int,
        items: list[Any],
        addressing: tuple[str | None, str | None],
    ) -> None:
        """Make what a collection makes of its items."""
        inner = self.e.at(checked.path)
        walker = RulesWalker(inner, checked, self.log)
        walker.env.bindings[COLLECTED] = Binding(items, Origin((), (), (COLLECTED,)))
        walker.close(rule, node, number, items, addressing)
        self.walkers.append(walker)
        self.decisions += [words for _, words in inner.decided]

    def steps(self, document: Any, checked: CheckedFlow, partial: bool = False) -> None:
        """The steps of a flow, at its business time."""
        self._business_time(checked, document)
        current, mapped = document, False
        self.flow = flow = FlowWalker(
            self.e.at(checked.path), checked, document, self.log.failures, self.made, partial
        )
        for number, step in enumerate(checked.node.steps):
            if flow.waits and not isinstance(step, syntax.Enrich):
                return
            match step:
                case syntax.MapStep():
                    current = self.map(step.map, flow.documents(step.map, step.arguments, current))
                    self.lineage = flow.named(self.lineage, step.map, step.arguments, not mapped)
                    mapped = True
                    if step.variable:
                        flow.bind(step.variable, current)
                case syntax.ApplyStep():
                    self.apply(step.rules, current)
                case syntax.Enrich():
                    flow.enrich(step)
                case syntax.CallStep():
                    flow.call(step, number, current, not mapped)
                case syntax.Reply():
                    flow.answer(step, current, not mapped)
            self.begun = number + 1
            if self.rejected() or self.ended():
                return

    def _business_time(self, checked: CheckedFlow, document: Any) -> None:
        if checked.node.business_time is None:
            return
        env = Environment()
        env.bindings[checked.node.variable] = Binding(document)
        try:
            self.e.business_time = self.e.local(self.e.at(checked.path).need(checked.node.business_time, env))
        except Blamed:
            pass  # a sample of a test that lacks it: the time of the message

    def outcome(self, document: Any, work: Callable[[], Any]) -> Outcome:
        """What came of the work."""
        try:
            work()
        except BudgetExceeded as exceeded:
            self.log.failures.append(
                Failure("error", exceeded.code, exceeded.message, "engine", "", Place("", 1, 1))
            )
        failures = tuple(self.log.failures)
        facts = {name: value for walker in self.walkers for name, value in walker.facts.items()}
        state, reason = self.ended() or ("done", "")
        actions = (
            tuple(action for walker in self.walkers for action in walker.actions) if state == "done" else ()
        )
        first = next((f for f in failures if f.action == "reject"), None)
        if first is not None:
            state, actions = "rejected", ()
            reason = f"{first.path}: {first.message}" if first.path else first.message
        return self._asked(
            Outcome(
                state,  # type: ignore[arg-type]
                document,
                self.event,
                reason,
                actions,
                failures,
                self.lineage,
                tuple(self.traces),
                facts,
                in_order(self.decisions),
            )
        )

    def _asked(self, outcome: Outcome) -> Outcome:
        """With what the flow recalled, asked and replied."""
        flow = self.flow
        if flow is None:
            return outcome
        found = replace(outcome, calls=tuple(flow.calls), values=flow.inputs(), steps=self.begun)
        if any(failure.action == "reject" for failure in outcome.failures):
            return _remedied(found, flow.remedy())
        if flow.waits and outcome.state == "done":
            return replace(found, state="waiting", reason=flow.reason(), actions=(), waits=tuple(flow.waits))
        if outcome.state == "rejected":
            return found
        return replace(found, reply=flow.reply, reply_lineage=flow.reply_lineage)


def _remedied(outcome: Outcome, remedy: Remedy | None) -> Outcome:
    held = remedy is not None and remedy.reaction == "hold"
    return replace(outcome, state="held" if held else outcome.state, remedy=remedy)


def run(
    program: Program,
    flow: str,
    document: Any,
    context: Context,
    *,
    partial: bool = False,
    log: Log | None = None,
) -> Outcome:
    """One message through one flow; a partial document may lack what its schema requires."""
    checked = _known(program.flows, flow)
    with exact():
        typed, faults = read_partly(document, checked.schema.record, partial)
        if faults:
            title = f"{checked.schema.name} {checked.schema.version}".strip()
            source = program.sources.get(checked.path)
            line, column = source.position(checked.node.span.start) if source else (1, 1)
            place = Place(checked.path, line, column)
            outcome = _misshapen(typed, faults, f"schema/{checked.schema.name}", title, place)
            return _remedied(outcome, remedies.remedy(program, checked, "partner_data"))
        referee = Referee(program, context, log)
        return referee.outcome(typed, lambda: referee.steps(typed, checked, partial))


def run_map(
    program: Program,
    map: str,
    inputs: Mapping[str, Any],
    context: Context,
    *,
    partial: bool = False,
    log: Log | None = None,
) -> Outcome:
    """One map on its own."""
    checked = _known(program.maps, map)
    referee = Referee(program, context, log)
    with exact():
        read = [
            (name, *read_partly(_given(inputs, name, of), of, partial)) for name, of in checked.parameters
        ]
        several = len(read) > 1
        faults = [within(name, fault) if several else fault for name, _, own in read for fault in own]
        document = {name: typed for name, typed, _ in read} if several else read[0][1]
        if faults:
            return _misshapen(document, faults, f"map/{map}", "the input", Place(checked.path, 1, 1))
        return referee.outcome(document, lambda: referee.map(map, [typed for _, typed, _ in read]))


def _given(inputs: Mapping[str, Any], name: str, of: Type) -> Any:
    """What a map is given; nothing is an empty record or list."""
    return inputs.get(name, [] if isinstance(of, ListOf) else {})


def apply_rules(
    program: Program, rules: str, subject: Any, context: Context, *, log: Log | None = None
) -> Outcome:
    """Rules on their own; fields that the subject lacks are missing."""
    checked = _known(program.rules, rules)
    with exact():
        typed, faults = read_partly(subject, checked.schema.record, True)
        if faults:
            return _misshapen(typed, faults, f"rules/{rules}", "the subject", Place("", 1, 1))
        referee = Referee(program, context, log)
        return referee.outcome(typed, lambda: referee.apply(rules, typed))


def keys(program: Program, flow: str, document: Any, context: Context) -> Keys:
    """What the flow says of a document before it runs."""
    checked = _known(program.flows, flow)
    with exact():
        typed, _ = read_document(document, checked.schema.record)
        evaluator = Referee(program, context).e.at(checked.path)
        env = Environment()
        env.bindings[checked.node.variable] = Binding(typed)
        named = {name: _key(evaluator, node, env) for name, node in checked.node.keys}
        return Keys(
            _key(evaluator, checked.node.identify_by, env),
            _key(evaluator, checked.node.order_by, env),
            {name: text for name, text in named.items() if text is not None},
        )


def expectation_keys(program: Program, event: str, document: Any, context: Context) -> list[ExpectationKey]:
    """Which expectations a document answers that arrives as this endpoint or event: each with its key."""
    found = []
    with exact():
        for checked in program.expectations.values():
            if checked.node.event == event:
                typed, _ = read_document(document, checked.schema.record)
                evaluator = Referee(program, context).e.at(program.rules[checked.rules].path)
                env = Environment()
                env.bindings[EVENT] = Binding(typed)
                values = {value.name: _awaited(evaluator, value.theirs, env) for value in checked.values}
                if None not in values.values():
                    key = named_key_text(values)
                    found.append(ExpectationKey(checked.rules, checked.rule, checked.ordinal, key))
    return found


def _awaited(evaluator: Evaluator, node: syntax.Expression, env: Environment) -> Any:
    try:
        return evaluator.may(node, env)
    except (Blamed, BudgetExceeded):
        return None


def close_collection(
    program: Program,
    rules: str,
    rule: str,
    ordinal: int,
    items: Sequence[Any],
    context: Context,
    *,
    to: str | None = None,
    key: str | None = None,
    log: Log | None = None,
) -> Outcome:
    """The end of a collection: what its `then` makes of the items of one group."""
    checked = _known(program.rules, rules)
    found = next((r for r in checked.node.rules if isinstance(r, syntax.Rule) and r.name == rule), None)
    action = found.actions[ordinal] if found is not None and ordinal < len(found.actions) else None
    if not isinstance(action, syntax.Collect):
        raise UnknownName(
            f"there is no collection {ordinal} in rule {rule} of {rules}", {"rules": rules, "rule": rule}
        )
    with exact():
        typed, faults = read_input(list(items), ListOf(checked.schema.record))
        if faults:
            return _misshapen(typed, faults, f"rules/{rules}", "the collection", Place("", 1, 1))
        referee = Referee(program, context, log)
        return referee.outcome(typed, lambda: referee.close(checked, rule, action, ordinal, typed, (to, key)))


def _key(evaluator: Evaluator, node: syntax.Expression | None, env: Environment) -> str | None:
    try:
        value = None if node is None else evaluator.may(node, env)
    except (Blamed, BudgetExceeded):
        return None
    if value is None:
        return None
    return shorten(value) if isinstance(value, dict | list) else str(write_plain(value, "string"))


def _known(things: Mapping[str, Any], name: str) -> Any:
    if name not in things:
        raise UnknownName(f"there is no {name}", {"name": name, "known": sorted(things)})
    return things[name]


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
