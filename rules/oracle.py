"""The plain evaluator: the entry points of the engine, by tree walking. Slow and simple: the referee."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from dsl import syntax
from dsl.program import CheckedFlow, Program
from rules.engine import exact, read_partly
from rules.errors import BudgetExceeded, UnknownName
from rules.outcome import Context, Failure, Keys, Outcome, Place, RuleTrace, Trace
from rules.referee.actions import RulesWalker
from rules.referee.environment import Binding, Environment
from rules.referee.evaluate import Blamed, Evaluator
from rules.referee.maps import Log, MapWalker
from rules.shaping import ShapeFailure, read_document, write_document
from rules.values import shorten
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
        self.walker: RulesWalker | None = None
        self.traces: list[RuleTrace] = []
        self.decisions: list[str] = []

    def rejected(self) -> bool:
        """Whether something rejected the message."""
        return any(failure.action == "reject" for failure in self.log.failures)

    def map(self, name: str, documents: list[Any]) -> Any:
        """Run a map."""
        checked = self.program.maps[name]
        inner = self.e.at(checked.path)
        output, self.lineage = MapWalker(inner, checked, self.log).run(documents)
        self.decisions += [words for _, words in inner.decided]
        self.typed_event = output
        if not self.rejected():
            self.event = write_document(output, checked.target.record)
        return output

    def apply(self, name: str, subject: Any) -> None:
        """Apply rules."""
        checked = self.program.rules[name]
        inner = self.e.at(checked.path)
        self.walker = RulesWalker(inner, checked, self.log)
        self.walker.run(subject)
        self.traces += self.walker.traces()
        self.decisions += [words for _, words in inner.decided]

    def flow(self, checked: CheckedFlow, document: Any) -> None:
        """A flow, at its business time."""
        if checked.node.business_time is not None:
            env = Environment()
            env.bindings[checked.node.variable] = Binding(document)
            try:
                self.e.business_time = self.e.local(self.e.at(checked.path).need(checked.node.business_time, env))
            except Blamed:
                pass  # a sample of a test that lacks it: the time of the message
        self.steps(document, checked.node.steps)

    def steps(self, document: Any, steps: Sequence[syntax.Step]) -> None:
        """The steps of a flow."""
        current = document
        for step in steps:
            if isinstance(step, syntax.MapStep):
                current = self.map(step.map, [current])
            elif isinstance(step, syntax.ApplyStep):
                self.apply(step.rules, current)
            if self.rejected() or (self.walker and self.walker.ended):
                return

    def outcome(self, document: Any, work: Callable[[], Any]) -> Outcome:
        """What came of the work."""
        try:
            work()
        except BudgetExceeded as exceeded:
            self.log.failures.append(
                Failure("error", exceeded.code, exceeded.message, "engine", "", Place("", 1, 1))
            )
        walker, failures = self.walker, tuple(self.log.failures)
        facts = dict(walker.facts) if walker else {}
        state, reason = (walker.ended if walker else None) or ("done", "")
        actions = tuple(walker.actions) if walker and state == "done" else ()
        first = next((f for f in failures if f.action == "reject"), None)
        if first is not None:
            state, actions = "rejected", ()
            reason = f"{first.path}: {first.message}" if first.path else first.message
        return Outcome(
            state, document, self.event, reason, actions, failures, self.lineage,  # type: ignore[arg-type]
            tuple(self.traces), facts, tuple(dict.fromkeys(self.decisions)),
        )  # fmt: skip


def run(
    program: Program, flow: str, document: Any, context: Context, *, partial: bool = False, log: Log | None = None
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
            return _misshapen(typed, faults, f"schema/{checked.schema.name}", title, place)
        referee = Referee(program, context, log)
        return referee.outcome(typed, lambda: referee.flow(checked, typed))


def run_map(
    program: Program, map: str, inputs: Mapping[str, Any], context: Context, *, partial: bool = False,
    log: Log | None = None,
) -> Outcome:
    """One map on its own."""
    checked = _known(program.maps, map)
    referee = Referee(program, context, log)
    with exact():
        read = [(name, *read_partly(inputs.get(name, {}), record, partial)) for name, record in checked.parameters]
        several = len(read) > 1
        faults = [_within(name, fault) if several else fault for name, _, own in read for fault in own]
        document = {name: typed for name, typed, _ in read} if several else read[0][1]
        if faults:
            return _misshapen(document, faults, f"map/{map}", "the input", Place(checked.path, 1, 1))
        return referee.outcome(document, lambda: referee.map(map, [typed for _, typed, _ in read]))


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
            _key(evaluator, checked.node.identify_by, env), _key(evaluator, checked.node.order_by, env),
            {name: text for name, text in named.items() if text is not None},
        )  # fmt: skip


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


def _within(name: str, fault: ShapeFailure) -> ShapeFailure:
    return ShapeFailure(f"{name}.{fault.path}" if fault.path else name, fault.kind, fault.message, fault.value)


def _misshapen(document: Any, faults: Sequence[ShapeFailure], step: str, title: str, place: Place) -> Outcome:
    failures = tuple(
        Failure(
            fault.kind, f"value_{fault.kind}", fault.message, step, fault.path, place,
            None if fault.value is None else shorten(fault.value),
        )
        for fault in faults
    )  # fmt: skip
    first = f"{faults[0].path}: {faults[0].message}" if faults[0].path else faults[0].message
    return Outcome("rejected", document, reason=f"the document does not fit {title}: {first}", failures=failures)
