"""Rules: conditions that can't fail, actions that fit their endpoints and maps."""

from collections.abc import Sequence

from dsl import program, syntax, types
from dsl.checking import comprehensions, findings, handlers
from dsl.checking.expressions import Expressions
from dsl.checking.maps import schema_named
from dsl.checking.references import check_arguments, unknown_declaration
from dsl.checking.scopes import Scope, facts
from dsl.checking.session import Session, Site, did_you_mean
from dsl.checking.statements import check_let, claim_name
from dsl.program import CheckedMap, CheckedRules, Endpoint, Variable
from dsl.source import Span


def declare_rules(session: Session, site: Site, node: syntax.Rules) -> CheckedRules | None:
    """Rules and the schema of their subject; None where that is not known."""
    name = node.parameter.schema
    if name is None:
        others = list(site.uses.values())
        if len(others) == 1:
            return program.CheckedRules(node, site.file, others[0])
        findings.unclear_schema(session, site, node.parameter)
        return None
    schema = schema_named(session, site, name, node.parameter.span)
    return None if schema is None else program.CheckedRules(node, site.file, schema)


def check_rules(session: Session, site: Site, checked: CheckedRules) -> None:
    """Lets, conditions and actions; endpoints that two rules send to."""
    node = checked.node
    scope = Scope({node.parameter.name: Variable(node.parameter.name, checked.schema.record)})
    for let in node.lets:
        check = Expressions(session, site.at(f"rules/{node.name}/{let.name}"))
        scope = check_let(check, let, scope, {}, in_row=False)
    rules = [rule for rule in node.rules if isinstance(rule, syntax.Rule)]
    seen: set[str] = set()
    for rule in rules:
        at = site.at(f"rules/{node.name}/{rule.name}")
        if rule.name in seen:
            findings.declared_twice(session, at, rule.span, "rule", rule.name)
        seen.add(rule.name)
        _Rule(session, at, checked).check(rule, scope)
    if not node.first_only:
        _sent_twice(session, site, checked, rules)


class _Rule:
    """One rule being checked."""

    def __init__(self, session: Session, site: Site, checked: CheckedRules) -> None:
        self._session = session
        self._site = site
        self._checked = checked
        self._check = Expressions(session, site)

    def check(self, rule: syntax.Rule, scope: Scope) -> None:
        if rule.when is not None:
            failures = self._check.condition(rule.when, scope, "what follows `when`")
            handlers.no_failures(self._check, rule.when, failures)
            scope = scope.with_present(facts(rule.when, True))
        for action in rule.actions:
            self._action(action, scope)

    def _action(self, action: syntax.Action, scope: Scope) -> None:
        match action:
            case syntax.Send():
                self._send(action, scope)
            case syntax.Raise():
                self._raise(action, scope)
            case syntax.Reject(reason=reason) | syntax.Ignore(reason=reason) | syntax.HoldForReview(reason=reason):
                self._text(reason, scope, "the reason")
            case syntax.Alert(text=text):
                self._text(text, scope, "the text of an alert")
            case syntax.SetFact(value=value):
                self._text(value, scope, "a fact")

    def _text(self, node: syntax.Expression, scope: Scope, what: str) -> None:
        failures = self._check.needed(node, scope, types.TEXT, what)
        handlers.no_failures(self._check, node, failures)

    def _each(self, each: tuple[str, syntax.Expression] | None, scope: Scope, node: syntax.Node) -> Scope:
        if each is None:
            return scope
        name, source = each
        item, failures = comprehensions.element_of(self._check, source, scope)
        handlers.no_failures(self._check, source, failures)
        claim_name(self._check, node, name, scope)
        return scope.with_variable(Variable(name, item), element=True)

    def _send(self, node: syntax.Send, scope: Scope) -> None:
        scope = self._each(node.each, scope, node)
        for part, what in ((node.to, "the addressee"), (node.key, "the key")):
            if part is not None:
                self._text(part, scope, what)
        endpoint = find_endpoint(self._check, node.endpoint, _endpoint_span(self._session, self._site, node), "out")
        checked = self._map(node, node.map, node.arguments, scope)
        if endpoint is not None and endpoint.direction == "out" and checked is not None:
            self._same_schema(node, endpoint, checked)

    def _same_schema(self, node: syntax.Send, endpoint: Endpoint, checked: CheckedMap) -> None:
        made = f"{checked.target.name}@{checked.target.version}"
        if endpoint.schema != made:
            self._check.report(
                "M703", node.span, endpoint=endpoint.name, wanted=endpoint.schema, map=node.map, given=made
            )

    def _map(
        self, node: syntax.Node, name: str, arguments: Sequence[syntax.Expression], scope: Scope
    ) -> CheckedMap | None:
        checked = self._session.maps.get(name)
        if checked is None:
            if not declared(self._session, syntax.Map, name):
                unknown_declaration(self._check, node, "map", name, self._session.maps)
            return None
        if arguments:
            failures = check_arguments(self._check, node, "map", name, arguments, checked.parameters, scope)
            handlers.no_failures(self._check, node, failures)
        else:
            given = self._checked.schema.record
            _subject_fits(self._check, node, checked, given)
        return checked

    def _raise(self, node: syntax.Raise, scope: Scope) -> None:
        scope = self._each(node.each, scope, node)
        if node.map is not None:
            self._map(node, node.map, node.arguments, scope)


def _subject_fits(check: Expressions, node: syntax.Node, checked: CheckedMap, given: types.Record) -> None:
    wanted = checked.parameters
    if len(wanted) == 1 and types.fits(given, wanted[0][1]):
        return
    if len(wanted) != 1:
        problem = f"takes {len(wanted)} values, so say them: using {checked.node.name}(...)"
    else:
        problem = f"takes {wanted[0][1].name}, but the subject of the rules is {given.name}"
    findings.wrong_call(check, node.span, "map", checked.node.name, problem)


def declared(session: Session, kind: type[syntax.Node], name: str) -> bool:
    """Whether a module declares it at all; then its fault has been reported already."""
    return any(
        isinstance(part, kind) and getattr(part, "name", "") == name
        for module in session.modules.values()
        for part in module.declarations
    )


def find_endpoint(check: Expressions, name: str, span: Span, direction: str) -> Endpoint | None:
    """An endpoint of ruleset.toml with the right direction."""
    endpoint = check.session.manifest.endpoints.get(name)
    if endpoint is None:
        help_, fixes = did_you_mean(check.site, span, name, check.session.manifest.endpoints)
        check.report("M701", span, endpoint=name, help=help_, fixes=fixes)
    elif endpoint.direction != direction:
        check.report("M702", span, endpoint=name, direction=endpoint.direction)
    return endpoint


def _endpoint_span(session: Session, site: Site, node: syntax.Node) -> Span:
    """Where the endpoint stands in `send a.b using m`."""
    text = session.sources[site.file].slice(node.span)
    name = getattr(node, "endpoint", "")
    start = text.find(name)
    return node.span if start < 0 else Span(node.span.start + start, node.span.start + start + len(name))


def _sent_twice(session: Session, site: Site, checked: CheckedRules, rules: Sequence[syntax.Rule]) -> None:
    """Two sends of one endpoint in rules that can both fire, told apart by nothing."""
    first: dict[str, syntax.Rule] = {}
    for rule in rules:
        for action in rule.actions:
            if not isinstance(action, syntax.Send) or action.key is not None:
                continue
            other = first.setdefault(action.endpoint, rule)
            if other is rule and not _repeats(rule, action):
                continue
            if other is not rule and _exclusive(other, rule):
                continue
            at = site.at(f"rules/{checked.node.name}/{rule.name}")
            session.report("M704", at, action.span, endpoint=action.endpoint)


def _repeats(rule: syntax.Rule, action: syntax.Send) -> bool:
    sends = [a for a in rule.actions if isinstance(a, syntax.Send) and a.endpoint == action.endpoint]
    return sends[0] is not action


def _exclusive(one: syntax.Rule, other: syntax.Rule) -> bool:
    """Whether both conditions demand different values of one field (`x = a`, `x = b`)."""
    demands = _demands(one.when)
    return any(demands.get(place, value) != value for place, value in _demands(other.when).items())


def _demands(condition: syntax.Expression | None) -> dict[str, str]:
    match condition:
        case syntax.Binary(operator="and", left=left, right=right):
            return {**_demands(left), **_demands(right)}
        case syntax.Binary(operator="=", left=left, right=syntax.Name(name=value)):
            return {_path(left): value}
        case syntax.Binary(operator="=", left=left, right=syntax.Literal(value=value)):
            return {_path(left): str(value)}
        case _:
            return {}


def _path(node: syntax.Expression) -> str:
    match node:
        case syntax.Name(name=name):
            return name
        case syntax.Path(base=base, field=field):
            return f"{_path(base)}.{field}"
        case _:
            return f"#{node.span.start}"

