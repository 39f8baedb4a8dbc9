"""What happens to the samples: every failure of a map or flow, counted by the place that fails.

The referee runs the documents, also through a program that still has errors: an expression that can't be
made fails alone, and is no evidence. Pure and bounded: so many documents, so much fuel for each.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from dsl import syntax
from dsl.errors import FunctionFailure
from dsl.evidence import Seen, with_evidence
from dsl.program import CheckedFlow, CheckedMap, Program
from dsl.source import Span
from rules.engine import exact
from rules.errors import BudgetExceeded
from rules.oracle import Referee
from rules.outcome import Context
from rules.referee.environment import Environment
from rules.referee.evaluate import Blamed, Evaluator
from rules.shaping import read_document
from rules.values import shorten

DOCUMENTS = 100
FUEL = 20_000
NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
"""The moment of every run: what the samples show may not change by itself overnight."""
Documents = Mapping[str, Sequence[Any]]
"""Documents by the schema they were read for ("sap.qm_notification@v2")."""
Work = Callable[[Referee, Any], Any]


def evident(program: Program, documents: Documents, enough: Callable[[], bool] = lambda: False) -> Program:
    """The program with what its samples show; `enough` is asked before each document and may end it."""
    return with_evidence(program, gather(program, documents, enough)) if any(documents.values()) else program


def gather(program: Program, documents: Documents, enough: Callable[[], bool] = lambda: False) -> list[Seen]:
    """Every place at which a value of the documents fails."""
    counts = _Counts(program)
    works = {key: _works(program, key) for key in documents}
    for number in range(min(DOCUMENTS, max(map(len, documents.values()), default=0))):
        for key, given in documents.items():
            if number < len(given) and key in program.schemas:
                if enough():
                    return counts.seen()
                _run(program, counts, (key, number), works[key], given[number])
    return counts.seen()


def _works(program: Program, key: str) -> list[Work]:
    """What is done with documents of a schema: the flows that receive them, and maps that only read them."""
    schema = program.schemas.get(key)
    flows = [flow for flow in program.flows.values() if flow.schema is schema]
    reached = {step.map for flow in flows for step in flow.node.steps if isinstance(step, syntax.MapStep)}
    maps = [
        m for m in program.maps.values() if schema and _reads(m, schema.record) and m.node.name not in reached
    ]
    return [*map(_flow_work, flows), *map(_map_work, maps)]


def _flow_work(flow: CheckedFlow) -> Work:
    return lambda referee, document: referee.steps(document, flow)


def _map_work(checked: CheckedMap) -> Work:
    return lambda referee, document: referee.map(checked.node.name, [document])


def _reads(checked: CheckedMap, record: object) -> bool:
    return len(checked.parameters) == 1 and checked.parameters[0][1] is record


def _run(
    program: Program, counts: "_Counts", document: tuple[str, int], works: Sequence[Work], raw: Any
) -> None:
    counts.document = document
    typed, faults = read_document(raw, program.schemas[document[0]].record)
    for work in [] if faults else works:
        _try(program, counts, work, typed)


def _try(program: Program, counts: "_Counts", work: Work, typed: Any) -> None:
    referee = Referee(program, Context(NOW, {"id": "sample"}, fuel=FUEL))
    referee.e = Tolerant(program, referee.e.context, referee.e.business_time, "", counts)
    try:
        with exact():
            work(referee, typed)
    except (BudgetExceeded, Blamed, LookupError, TypeError, AttributeError, ValueError, AssertionError):
        return  # a program with errors may end anywhere; what was seen until then counts


@dataclass
class _Place:
    """One expression and what became of it."""

    documents: set[tuple[str, int]] = field(default_factory=set)
    values: dict[str, None] = field(default_factory=dict)
    keys: dict[tuple[Any, ...], None] = field(default_factory=dict)


class _Counts:
    """What has failed where; `reached` are the documents that came to a module."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.document = ("", 0)
        self.places: dict[tuple[str, Span, str, str], _Place] = {}
        self.reached: dict[str, set[tuple[str, int]]] = {}

    def add(self, file: str, blamed: Blamed, keys: tuple[Any, ...] = ()) -> None:
        """A failure of the document that is being run."""
        node = blamed.node
        lookup = (
            node.lookup
            if isinstance(node, syntax.LookupCall) and not node.reverse and blamed.kind == "no_match"
            else ""
        )
        place = self.places.setdefault((file, node.span, blamed.kind, lookup), _Place())
        place.documents.add(self.document)
        if blamed.value is not None:
            place.values[shorten(blamed.value)] = None
        if keys and all(isinstance(key, str | int | date) for key in keys):
            place.keys[keys] = None

    def seen(self) -> list[Seen]:
        """The places as evidence, in the order of the text."""
        rejecting = dict(self._rejecting())
        return [
            Seen(
                file,
                span,
                kind,  # type: ignore[arg-type]
                tuple(place.values),
                len(place.documents),
                len(self.reached.get(file, ())),
                rejecting.get((file, span, kind), False),
                lookup,
                tuple(place.keys),
            )
            for (file, span, kind, lookup), place in sorted(
                self.places.items(), key=lambda item: (item[0][0], item[0][1].start)
            )
        ]

    def _rejecting(self) -> Iterable[tuple[tuple[str, Span, str], bool]]:
        """Whether a failure rejects: neither its line nor the policy of its map says another thing."""
        lines = [(m.path, line, m.policy) for m in self.program.maps.values() for line in _lines(m.node.body)]
        lines += [(rules.path, let, {}) for rules in self.program.rules.values() for let in rules.node.lets]
        for path, line, policy in lines:
            own = {handler.failure: handler for handler in line.handlers}
            for file, span, kind, _ in self.places:
                if file == path and line.span.start <= span.start < line.span.end:
                    handler = own.get(kind) or policy.get(kind)  # type: ignore[call-overload]
                    yield (file, span, kind), handler is None or handler.action == "reject"


def _lines(body: Sequence[syntax.Statement]) -> Iterable[syntax.Field | syntax.Let]:
    for statement in body:
        match statement:
            case syntax.Field() | syntax.Let():
                yield statement
            case syntax.Each():
                yield from _lines(statement.body)
            case syntax.If():
                for part in (*(branch.body for branch in statement.branches), statement.otherwise or ()):
                    yield from _lines(part)


class Tolerant(Evaluator):
    """An evaluator that counts failures, and goes on where a program with errors makes no sense."""

    def __init__(
        self, program: Program, context: Context, business_time: date, path: str, counts: _Counts
    ) -> None:
        super().__init__(program, context, business_time, path)
        self.counts = counts

    def at(self, path: str) -> "Tolerant":
        """The same run in another module."""
        other = Tolerant(self.program, self.context, self.business_time, path, self.counts)
        other.fuel = self.fuel
        self.counts.reached.setdefault(path, set()).add(self.counts.document)
        return other

    def need(self, node: syntax.Expression, env: Environment) -> Any:
        """The value; one that is missing is counted."""
        try:
            return super().need(node, env)
        except Blamed as blamed:
            if blamed.kind == "missing" and blamed.node is node:
                self.counts.add(self.path, blamed)
            raise

    def may(self, node: syntax.Expression, env: Environment) -> Any:
        """The value; where it fails by itself, the failure is counted."""
        try:
            return super().may(node, env)
        except Blamed as blamed:
            if blamed.node is node and not isinstance(blamed, _Unmade):
                self.counts.add(self.path, blamed, self._keys(node, env, blamed))
            raise
        except (LookupError, TypeError, AttributeError, ValueError, AssertionError):
            raise _Unmade(FunctionFailure("error", "can't be made"), node, None) from None

    def _keys(self, node: syntax.Expression, env: Environment, blamed: Blamed) -> tuple[Any, ...]:
        if not isinstance(node, syntax.LookupCall) or blamed.kind != "no_match":
            return ()
        return tuple(super(Tolerant, self).may(key, env) for key in node.keys)


class _Unmade(Blamed):
    """An expression that the checker has found an error in; nobody's data is to blame."""
