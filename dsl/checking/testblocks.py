"""Test blocks: values of the right shape, expectations that mean something."""

from collections.abc import Iterable

from dsl import program, syntax, types
from dsl.checking.endpoints import declared
from dsl.checking.expressions import Expressions
from dsl.checking.references import unknown_declaration
from dsl.checking.scopes import Scope
from dsl.checking.session import BROKEN, Session, Site, is_broken, listed, suggestions
from dsl.checking.supplies import check_supplies
from dsl.checking.tables import Columns
from dsl.checking.testcalls import wrong_values
from dsl.program import Variable

_KINDS: dict[str, type[syntax.Node]] = {
    "map": syntax.Map,
    "apply": syntax.Rules,
    "flow": syntax.Flow,
    "table": syntax.Table,
}


def check_test(session: Session, site: Site, node: syntax.Test) -> program.CheckedTest:
    """A test against what it tests."""
    _Test(session, site, node).check()
    return program.CheckedTest(node, site.file)


class _Test:
    """One test block being checked."""

    def __init__(self, session: Session, site: Site, node: syntax.Test) -> None:
        self._session = session
        self._node = node
        self._check = Expressions(session, site)

    def check(self) -> None:
        inputs = self._inputs()
        scope = self._givens(inputs)
        check_supplies(self._check, self._node, scope)
        self._arguments(inputs, scope)
        for expectation in self._node.expects:
            self._check.condition(expectation, self._expecting(scope), "an expectation")

    def _inputs(self) -> Columns | None:
        """Names and types of what the tested part takes; None where it is not known."""
        session, node = self._session, self._node
        name = node.subject_name
        match node.subject:
            case "map" if name in session.maps:
                return session.maps[name].takes
            case "apply" if name in session.rules:
                rules = session.rules[name]
                return ((rules.node.parameter.name, rules.schema.record),)
            case "flow" if name in session.flows:
                flow = session.flows[name]
                return ((flow.node.variable, flow.schema.record),)
            case "table" if name in session.tables:
                return session.tables[name].inputs
        if not declared(session, _KINDS[node.subject], name):
            kind = "rules" if node.subject == "apply" else node.subject
            known: dict[str, Iterable[str]] = {
                "map": session.maps,
                "apply": session.rules,
                "flow": session.flows,
                "table": session.tables,
            }
            unknown_declaration(self._check, node, kind, name, known[node.subject])
        return None

    def _givens(self, inputs: Columns | None) -> Scope:
        scope = Scope(testing=True)
        wanted = dict(inputs or ())
        for given in self._node.givens:
            of = wanted.get(given.name)
            if (
                inputs is not None
                and of is None
                and self._node.subject != "table"
                and not self._node.arguments
            ):
                self._problem(
                    given, f"`{self._node.subject_name}` takes no `{given.name}`; it takes {listed(wanted)}"
                )
            typed = self._check.infer(given.value, scope, of)
            self._sample(given)
            if of is not None:
                self._fits(given, typed.type, of)
            scope = scope.with_variable(Variable(given.name, of or _known(typed.type)))
        lacking = [name for name in wanted if name not in {g.name for g in self._node.givens}]
        if lacking and not self._node.arguments:
            self._problem(self._node, f"give a value to `{lacking[0]}`")
        return scope

    def _problem(self, node: syntax.Node, problem: str) -> None:
        wrong_values(self._check, node, problem)

    def _sample(self, given: syntax.Given) -> None:
        value = given.value
        if self._session.samples is None or not isinstance(value, syntax.Call) or value.function != "sample":
            return
        name = value.arguments[0] if value.arguments else None
        if isinstance(name, syntax.Literal) and str(name.value) not in self._session.samples:
            close = suggestions(str(name.value), self._session.samples)
            help_ = [f"Did you mean `{close[0]}`?"] if close else []
            self._check.report("M806", name.span, name=name.value, help=help_)

    def _fits(self, given: syntax.Given, of: types.Type, wanted: types.Type) -> None:
        """Test values may leave fields out, but not invent any."""
        if isinstance(of, types.ListOf) and isinstance(wanted, types.ListOf):
            of, wanted = types.present(of.item), types.present(wanted.item)
        if isinstance(of, types.Record) and isinstance(wanted, types.Record):
            unknown = [name for name in of.fields if name not in wanted.fields and not wanted.open]
            if unknown:
                close = suggestions(unknown[0], wanted.fields)
                hint = f"; did you mean `{close[0]}`?" if close else ""
                self._problem(given, f"{wanted.name} has no field `{unknown[0]}`{hint}")

    def _arguments(self, inputs: Columns | None, scope: Scope) -> None:
        for index, argument in enumerate(self._node.arguments):
            wanted = inputs[index][1] if inputs is not None and index < len(inputs) else None
            typed = self._check.infer(argument, scope, wanted)
            of = types.present(typed.type)
            if wanted is None or is_broken(of) or isinstance(of, types.Nothing | types.Record):
                continue
            if not types.fits(of, types.present(wanted)):
                shown = f"`{inputs[index][0]}` is {types.describe(wanted)}" if inputs else ""
                self._problem_at(argument, f"{shown}, but this is {types.describe(of)}")
        if inputs is not None and self._node.arguments and len(self._node.arguments) != len(inputs):
            count = len(self._node.arguments)
            self._problem(self._node, f"`{self._node.subject_name}` takes {len(inputs)} values, not {count}")

    def _problem_at(self, node: syntax.Expression, problem: str) -> None:
        self._problem(node, problem)

    def _expecting(self, scope: Scope) -> Scope:
        """The names an expectation may use: the given values and the fields of the result."""
        result = self._result()
        if isinstance(result, types.Record):
            scope = scope.with_fields(result)
        reply = self._reply()
        if reply is not None and scope.find("reply") is None:
            scope = scope.with_variable(Variable("reply", reply))
        return scope if scope.find("result") else scope.with_variable(Variable("result", result))

    def _reply(self) -> types.Type | None:
        """What a synchronous flow gives back."""
        flow = self._session.flows.get(self._node.subject_name) if self._node.subject == "flow" else None
        return flow.reply.record if flow is not None and flow.reply is not None else None

    def _result(self) -> types.Type:
        session, node = self._session, self._node
        match node.subject:
            case "map" if node.subject_name in session.maps:
                return session.maps[node.subject_name].target.record
            case "flow" if node.subject_name in session.flows:
                return session.flows[node.subject_name].event.record
            case "apply" if node.subject_name in session.rules:
                return session.rules[node.subject_name].schema.record
            case "table" if node.subject_name in session.tables:
                return session.tables[node.subject_name].result
        return BROKEN


def _known(of: types.Type) -> types.Type:
    return BROKEN if isinstance(of, types.Anything | types.Nothing) else of
