"""The actions of rules: values that are there, endpoints and maps that agree, nothing later than it can be."""

from collections.abc import Sequence

from dsl import program, syntax, types
from dsl.checking import comprehensions, findings, handlers, keeping
from dsl.checking.endpoints import declared, find_endpoint, place_of
from dsl.checking.expectations import check_expectation, no_duration
from dsl.checking.expressions import Expressions
from dsl.checking.names import names_in
from dsl.checking.references import check_arguments, unknown_declaration
from dsl.checking.scopes import Scope
from dsl.checking.session import is_broken
from dsl.checking.statements import claim_name
from dsl.program import CheckedMap, CheckedRules, Endpoint, Variable

COLLECTED = "items"
"""What the `then` of a collection calls the list of what was collected."""
KEY_TYPES = (types.TEXT, types.INTEGER, types.DECIMAL, types.BOOLEAN, types.DATE, types.TIME, types.DATETIME)


class Actions:
    """Checks the actions of one rule."""

    def __init__(self, check: Expressions, checked: CheckedRules, rule: str) -> None:
        self._session = check.session
        self._check = check
        self._checked = checked
        self._rule = rule
        self._given: types.Type = checked.schema.record

    def check(self, action: syntax.Action, scope: Scope, number: int) -> None:
        """One action of the rule, the `number`th from 0."""
        if isinstance(action, syntax.Send | syntax.Raise | syntax.Expect | syntax.Remember | syntax.Forget):
            scope = self._each(action.each, scope, action)
        match action:
            case syntax.Expect():
                self._expect(action, scope, number)
            case syntax.Collect():
                self._collect(action, scope, number)
            case syntax.Remember():
                keeping.check_remember(self._check, action, scope)
            case syntax.Forget():
                keeping.check_forget(self._check, action, scope)
            case _:
                self._at_once(action, scope)

    def _at_once(self, action: syntax.Action, scope: Scope) -> None:
        match action:
            case syntax.Send():
                self._send(action, scope, scope)
            case syntax.Raise() if action.map is not None:
                self._map(action, action.map, action.arguments, scope)
            case (
                syntax.Reject(reason=reason)
                | syntax.Ignore(reason=reason)
                | syntax.HoldForReview(reason=reason)
            ):
                self._text(reason, scope, "the reason")
            case syntax.Alert(text=text):
                self._text(text, scope, "the text of an alert")
            case syntax.SetFact(value=value):
                self._session.facts[action] = self._fact(value, scope)

    def _text(self, node: syntax.Expression, scope: Scope, what: str) -> None:
        failures = self._check.needed(node, scope, types.TEXT, what)
        handlers.no_failures(self._check, node, failures)

    def _fact(self, node: syntax.Expression, scope: Scope) -> types.Type:
        """A fact is one plain value; one that is missing sets nothing."""
        typed = self._check.infer(node, scope)
        handlers.no_failures(self._check, node, typed.failures)
        of = types.present(typed.type)
        if isinstance(of, types.Record | types.ListOf | types.Anything) and not is_broken(of):
            findings.wrong_type(self._check, node.span, "a fact", "one plain value", typed.type)
        return typed.type

    def _key(self, node: syntax.Expression, scope: Scope, what: str) -> None:
        """A key is one plain value that is there."""
        typed = self._check.need(node, scope)
        handlers.no_failures(self._check, node, typed.failures)
        of = typed.type
        if not (is_broken(of) or of in KEY_TYPES or isinstance(of, types.Enum)):
            findings.wrong_type(self._check, node.span, what, "text, a number, a date or an enumeration", of)

    def _each(self, each: tuple[str, syntax.Expression] | None, scope: Scope, node: syntax.Node) -> Scope:
        if each is None:
            return scope
        name, source = each
        item, failures = comprehensions.element_of(self._check, source, scope)
        handlers.no_failures(self._check, source, failures)
        claim_name(self._check, node, name, scope)
        return scope.with_variable(Variable(name, item), element=True)

    # ------------------------------------------------------------ send and raise

    def _send(self, node: syntax.Send, scope: Scope, addressing: Scope) -> None:
        if node.to is not None:
            self._text(node.to, addressing, "the addressee")
        if node.key is not None:
            self._key(node.key, addressing, "the key")
        place = place_of(self._check, node, node.endpoint)
        endpoint = find_endpoint(self._check, node.endpoint, place, "out")
        checked = self._map(node, node.map, node.arguments, scope)
        if endpoint is not None and endpoint.direction == "out" and checked is not None:
            self._same_schema(node, endpoint, checked)

    def _same_schema(self, node: syntax.Send, endpoint: Endpoint, checked: CheckedMap) -> None:
        made = f"{checked.target.name}@{checked.target.version}"
        if endpoint.schema != made:
            findings.other_schema(self._check, node.span, endpoint.name, endpoint.schema, node.map, made)

    def _map(
        self, node: syntax.Node, name: str, arguments: Sequence[syntax.Expression], scope: Scope
    ) -> CheckedMap | None:
        checked = self._session.maps.get(name)
        if checked is None:
            if not declared(self._session, syntax.Map, name):
                unknown_declaration(self._check, node, "map", name, self._session.maps)
            return None
        if arguments:
            failures = check_arguments(self._check, node, "map", name, arguments, checked.takes, scope)
            handlers.no_failures(self._check, node, failures)
        else:
            self._subject_fits(node, checked)
        return checked

    def _subject_fits(self, node: syntax.Node, checked: CheckedMap) -> None:
        wanted, given = checked.parameters, self._given
        if len(wanted) == 1 and types.fits(given, wanted[0][1]):
            return
        if len(wanted) != 1:
            problem = f"takes {len(wanted)} values, so say them: using {checked.node.name}(...)"
        elif isinstance(given, types.ListOf):
            problem = (
                f"takes {types.describe(wanted[0][1])}, but what was collected is {types.describe(given)}"
            )
        else:
            problem = f"takes {types.describe(wanted[0][1])}, but the subject of the rules is {types.describe(given)}"
        findings.wrong_call(self._check, node.span, "map", checked.node.name, problem)

    # ------------------------------------------------------------ expect and collect

    def _expect(self, node: syntax.Expect, scope: Scope, number: int) -> None:
        place = place_of(self._check, node, node.event)
        schema, values, calendar = check_expectation(self._check, node, scope, place)
        if schema is not None:
            self._session.expectations[node] = program.CheckedExpectation(
                node, self._checked.node.name, self._rule, number, schema, values, calendar
            )
        if node.otherwise is None:
            help_ = ['Add `else alert <channel> "..."`, `else send ...` or `else raise ...`.']
            self._check.report("M725", node.span, event=node.event, help=help_)
        elif self._possible_later(node.otherwise, "when the message is late"):
            self._at_once(node.otherwise, scope)

    def _collect(self, node: syntax.Collect, scope: Scope, number: int) -> None:
        for key in node.by:
            self._key(key, scope, "what follows `by`")
        self._window(node)
        if not self._possible_later(node.action, "when the collection closes"):
            return
        claim_name(self._check, node.action, COLLECTED, scope)
        given: types.Type = types.ListOf(self._checked.schema.record)
        inner = Scope({COLLECTED: Variable(COLLECTED, given)})
        if self._only_items(node.action, scope):
            self._given, outer = given, self._given
            if isinstance(node.action, syntax.Send):
                self._send(node.action, inner, scope)
            else:
                self._at_once(node.action, inner)
            self._given = outer

    def _only_items(self, action: syntax.Action, scope: Scope) -> bool:
        """Whether what is made at the end asks for nothing that only one of the collected messages has."""
        parts = (action.text,) if isinstance(action, syntax.Alert) else getattr(action, "arguments", ())
        for name in names_in(tuple(parts)):
            if name.name in scope.variables:
                help_ = [
                    f"Many messages are collected: use `{COLLECTED}`, the list of them, for example "
                    f"`count({COLLECTED})` or `first({COLLECTED})`."
                ]
                self._check.report("M729", name.span, name=name.name, help=help_)
                return False
        return True

    def _window(self, node: syntax.Collect) -> None:
        window = node.window
        if not isinstance(window, syntax.Literal) or window.kind != "duration":
            no_duration(
                self._check, window, "is not the same for all messages: say it here, for example `15 minutes`"
            )
        elif window.value["unit"] == "business_days":
            no_duration(self._check, window, "has no fixed length: say it in minutes, hours or days")
        elif window.value["amount"] <= 0:
            no_duration(self._check, window, "gathers nothing: say for example `15 minutes`")
        if node.at_most is not None and node.at_most < 2:
            no_duration(
                self._check,
                node.window,
                f"ends with the first message: `at most {node.at_most}` collects nothing",
            )

    def _possible_later(self, action: syntax.Action, when: str) -> bool:
        """Whether something can be done when its message has long been decided."""
        once = getattr(action, "each", None) is None
        if once and isinstance(action, syntax.Send | syntax.Raise | syntax.Alert):
            return True
        if not isinstance(action, syntax.Raw):
            self._check.report("M724", action.span, when=when)
        return False
