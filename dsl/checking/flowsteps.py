"""The steps of a flow: each takes what the ones before made, by the document so far or by name."""

from collections.abc import Sequence

from dsl import syntax, types
from dsl.checking import findings, handlers
from dsl.checking.endpoints import declared, find_endpoint, place_of
from dsl.checking.expressions import Expressions, Kinds, Typed
from dsl.checking.maps import schema_named
from dsl.checking.references import check_arguments, unknown_declaration
from dsl.checking.scopes import Scope
from dsl.checking.session import BROKEN, is_broken
from dsl.checking.statements import claim_name
from dsl.program import CheckedMap, Endpoint, Schema, Variable
from dsl.source import Span

FIXED = ("seconds", "minutes", "hours", "days", "weeks")


class Steps:
    """The steps of one flow being checked; what they name is in `scope`, what the last map made is `current`."""

    def __init__(self, check: Expressions, node: syntax.Flow, schema: Schema) -> None:
        self.check = check
        self.node = node
        self.current = schema
        self.scope = Scope({node.variable: Variable(node.variable, schema.record)})
        self.answers: dict[str, Schema] = {}
        self.reply: Schema | None = None
        self.effect = False

    def run(self) -> None:
        """All steps in order."""
        for number, step in enumerate(self.node.steps):
            match step:
                case syntax.MapStep():
                    self._map(step)
                case syntax.ApplyStep():
                    self._apply(step)
                case syntax.Enrich():
                    self._enrich(step)
                case syntax.CallStep():
                    self._call(step)
                case syntax.Reply():
                    self._reply(step, last=number == len(self.node.steps) - 1)
                case _:
                    self.effect = True

    def _name(self, step: syntax.Node, name: str, of: types.Type) -> None:
        claim_name(self.check, step, name, self.scope)
        self.scope = self.scope.with_variable(Variable(name, of))

    # ------------------------------------------------------------ maps and rules

    def _map(self, step: syntax.MapStep) -> None:
        checked = self._use(step, step.map, step.arguments)
        if checked is not None:
            self.current = checked.target
        if step.variable:
            self._name(step, step.variable, self.current.record)

    def _use(self, step: syntax.Node, name: str, arguments: Sequence[syntax.Expression]) -> CheckedMap | None:
        """The map a step uses, given the document so far or what is named."""
        check = self.check
        checked = check.session.maps.get(name)
        if checked is None:
            if not declared(check.session, syntax.Map, name):
                unknown_declaration(check, step, "map", name, check.session.maps)
            return None
        if arguments:
            failures = check_arguments(check, step, "map", name, arguments, checked.takes, self.scope)
            handlers.no_failures(check, step, failures)
        elif len(checked.parameters) != 1 or not types.fits(self.current.record, checked.parameters[0][1]):
            several = len(checked.parameters) != 1
            wanted = (
                f"{len(checked.parameters)} values" if several else types.describe(checked.parameters[0][1])
            )
            self._does_not_continue(step, name, wanted)
        return checked

    def _does_not_continue(self, step: syntax.Node, name: str, wanted: str) -> None:
        given = f"{self.current.name}@{self.current.version}"
        self.check.report("M707", step.span, step=name, wanted=wanted, given=given)

    def _apply(self, step: syntax.ApplyStep) -> None:
        self.effect = True
        session = self.check.session
        checked = session.rules.get(step.rules)
        if checked is None:
            if not declared(session, syntax.Rules, step.rules):
                unknown_declaration(self.check, step, "set of rules", step.rules, session.rules)
        elif checked.schema is not self.current:
            self._does_not_continue(step, step.rules, f"{checked.schema.name}@{checked.schema.version}")

    # ------------------------------------------------------------ enrich

    def _enrich(self, step: syntax.Enrich) -> None:
        source = step.source
        if not isinstance(source, syntax.Recall):
            self.check.infer(source, self.scope)
            self.check.report("M751", source.span, name=step.variable)
            return
        record, failures = self._recalled(source)
        own = handlers.handlers_by_kind(self.check.session, self.check.site, step.handlers, in_row=False)
        if step.wait is not None:
            fixed_time(self.check, step.wait, "a wait")
            own.setdefault("missing", syntax.Handler(step.wait.span, "missing", "reject"))
        place = handlers.Place(step.variable, step, source)
        handlers.check_handled(self.check, place, Typed(record, failures), own, {})
        self._used(own.get("missing"), record)
        skipped = "missing" in own and own["missing"].action == "skip"
        self._name(step, step.variable, types.maybe(record) if skipped else record)

    def _recalled(self, source: syntax.Recall) -> tuple[types.Record, Kinds]:
        """The record of a dataset; a key that is missing has none."""
        session = self.check.session
        dataset = session.datasets.get(source.dataset)
        if dataset is None:
            for key in source.keys:
                self.check.infer(key, self.scope)
            if not declared(session, syntax.Dataset, source.dataset):
                unknown_declaration(self.check, source, "dataset", source.dataset, session.datasets)
            return BROKEN, frozenset()
        name = source.dataset
        failures = check_arguments(self.check, source, "dataset", name, source.keys, dataset.keys, self.scope)
        handlers.no_failures(self.check, source, failures - {"missing"})
        record = dataset.schema.record
        session.types[source], session.failures[source] = record, frozenset({"missing"})
        return record, frozenset({"missing"})

    def _used(self, handler: syntax.Handler | None, record: types.Record) -> None:
        if handler is None or handler.value is None:
            return
        given = handlers.check_use(self.check, handler, handler.value, self.scope, record)
        if given is None or is_broken(given) or is_broken(record) or types.fits(given, record):
            return
        findings.wrong_type(
            self.check,
            handler.value.span,
            "what stands in for it",
            record.name,
            given,
            help=_unlike(given, record),
        )

    # ------------------------------------------------------------ call and reply

    def _call(self, step: syntax.CallStep) -> None:
        check, self.effect = self.check, True
        span = place_of(check, step, step.endpoint)
        endpoint = find_endpoint(check, step.endpoint, span, "out")
        checked = self._use(step, step.map, step.arguments)
        if endpoint is not None and endpoint.direction == "out" and checked is not None:
            made = f"{checked.target.name}@{checked.target.version}"
            if endpoint.schema != made:
                findings.other_schema(check, step.span, endpoint.name, endpoint.schema, step.map, made)
        schema = schema_named(check.session, check.site, step.schema, step.span)
        if schema is not None:
            self.answers[step.variable] = schema
            if step.version and step.version != schema.version:
                findings.two_versions(
                    check.session, check.site, step.span, step.schema, schema.version, step.version
                )
            elif endpoint is not None and endpoint.direction == "out":
                answers(check, span, endpoint, schema)
        self._answered(step, schema)

    def _answered(self, step: syntax.CallStep, schema: Schema | None) -> None:
        """The answer by its name, and what happens where there is none."""
        record = BROKEN if schema is None else schema.record
        own = handlers.handlers_by_kind(self.check.session, self.check.site, step.handlers, in_row=False)
        for kind, handler in own.items():
            if kind != "error":
                handlers.needless(self.check, handler)
        if "error" not in own and not self.node.playbook:
            self.check.report("M755", step.span, endpoint=step.endpoint)
        self._used(own.get("error"), record)
        skipped = "error" in own and own["error"].action == "skip"
        self._name(step, step.variable, types.maybe(record) if skipped else record)

    def _reply(self, step: syntax.Reply, last: bool) -> None:
        check, self.effect = self.check, True
        checked = self._use(step, step.map, step.arguments)
        if not last or self.reply is not None:
            check.report("M756", step.span)
        if checked is None:
            return
        self.reply = checked.target
        endpoint = check.session.manifest.endpoints.get(self.node.endpoint)
        if endpoint is None:
            check.report("M757", step.span, event=self.node.endpoint)
        elif endpoint.direction == "in":
            answers(check, step.span, endpoint, checked.target)


def answers(check: Expressions, span: Span, endpoint: Endpoint, given: Schema) -> None:
    """Whether what comes back through an endpoint is what ruleset.toml says of it."""
    made = f"{given.name}@{given.version}"
    if not endpoint.answer:
        help_ = [f'Add `answer = "{made}"` to [endpoints."{endpoint.name}"] in ruleset.toml.']
        check.report("M753", span, endpoint=endpoint.name, help=help_)
    elif endpoint.answer != made:
        check.report("M754", span, endpoint=endpoint.name, wanted=endpoint.answer, given=made)


def fixed_time(check: Expressions, node: syntax.Literal, what: str) -> None:
    """A time that does not depend on a calendar."""
    if node.kind == "duration" and node.value["unit"] in FIXED:
        return
    text = check.session.sources[check.site.file].slice(node.span)
    check.report("M752", node.span, what=what, given=" ".join(text.split()))


def _unlike(given: types.Type, record: types.Record) -> list[str]:
    """What a record literal lacks, or has too much."""
    fields = given.fields if isinstance(given, types.Record) else {}
    for name, spec in record.fields.items():
        if name not in fields:
            if spec.required:
                return [f"{record.name} needs `{name}`."]
        elif not types.fits(types.field_type(fields[name]), types.field_type(spec)):
            return [f"`{name}` is {types.describe(types.field_type(spec))}."]
    more = [name for name in fields if name not in record.fields]
    return [f"{record.name} has no `{more[0]}`."] if more else []
