"""Flows: endpoint, schema and steps that fit each other."""

from dsl import program, syntax, types
from dsl.checking import findings
from dsl.checking.endpoints import declared, find_endpoint
from dsl.checking.expressions import Expressions
from dsl.checking.handlers import no_failures
from dsl.checking.maps import schema_named
from dsl.checking.references import unknown_declaration
from dsl.checking.scopes import Scope
from dsl.checking.session import Session, Site, is_broken
from dsl.program import Schema, Variable
from dsl.source import Span


def check_flow(session: Session, site: Site, node: syntax.Flow) -> program.CheckedFlow | None:
    """A flow with the schema of what it receives and of the event its last map makes."""
    check = Expressions(session, site)
    schema = schema_named(session, site, node.schema, node.name_span)
    if schema is None:
        return None
    _check_endpoint(check, node, schema)
    _check_keys(check, node, schema)
    _check_business_time(check, node, schema)
    event = _check_steps(check, node, schema)
    return program.CheckedFlow(node, site.file, schema, event)


def _check_endpoint(check: Expressions, node: syntax.Flow, schema: Schema) -> None:
    text = check.session.sources[check.site.file].text
    start = text.find(node.endpoint, node.span.start, node.span.end)
    span = Span(start, start + len(node.endpoint)) if start >= 0 else node.name_span
    expected = f"{node.schema}@{node.version or schema.version}"
    raised = any(
        isinstance(action, syntax.Raise) and action.event == node.endpoint
        for rules in check.session.rules.values()
        for rule in rules.node.rules
        if isinstance(rule, syntax.Rule)
        for action in rule.actions
    )
    if raised:
        return
    endpoint = find_endpoint(check, node.endpoint, span, "in")
    if endpoint is not None and endpoint.direction == "in" and endpoint.schema != expected:
        check.report("M706", span, endpoint=node.endpoint, wanted=endpoint.schema, given=expected)


def _check_keys(check: Expressions, node: syntax.Flow, schema: Schema) -> None:
    """Keys are texts; one that is missing or fails is left out."""
    scope = Scope({node.variable: Variable(node.variable, schema.record)})
    parts = [("identify by", node.identify_by), ("order by", node.order_by)]
    parts += [(f"the key `{name}`", value) for name, value in node.keys]
    for what, value in parts:
        if value is None:
            continue
        typed = check.infer(value, scope)
        of = types.present(typed.type)
        if not is_broken(of) and not types.fits(of, types.TEXT) and of != types.INTEGER:
            findings.wrong_type(check, value.span, what, "text", typed.type)


def _check_business_time(check: Expressions, node: syntax.Flow, schema: Schema) -> None:
    """A day or moment that every message has, since it decides which dated rows hold for it."""
    if node.business_time is None:
        return
    typed = check.need(node.business_time, Scope({node.variable: Variable(node.variable, schema.record)}))
    no_failures(check, node.business_time, typed.failures)
    if not is_broken(typed.type) and typed.type not in (types.DATE, types.DATETIME):
        findings.wrong_type(check, node.business_time.span, "the business time", "a date or datetime", typed.type)


def _check_steps(check: Expressions, node: syntax.Flow, schema: Schema) -> Schema:
    """Each step takes what the one before made."""
    current = schema
    applied = False
    for step in node.steps:
        match step:
            case syntax.MapStep(map=name):
                current = _map_step(check, step, name, current)
            case syntax.ApplyStep(rules=name):
                applied = True
                _apply_step(check, step, name, current)
            case _:
                applied = True
    if not applied:
        check.report("M708", node.name_span)
    return current


def _map_step(check: Expressions, step: syntax.MapStep, name: str, current: Schema) -> Schema:
    checked = check.session.maps.get(name)
    if checked is None:
        if not declared(check.session, syntax.Map, name):
            unknown_declaration(check, step, "map", name, check.session.maps)
        return current
    wanted = checked.parameters[0][1]
    if len(checked.parameters) != 1 or not types.fits(current.record, wanted):
        shown = types.describe(wanted) if len(checked.parameters) == 1 else f"{len(checked.parameters)} values"
        _does_not_continue(check, step, name, shown, current)
    return checked.target


def _does_not_continue(check: Expressions, step: syntax.Node, name: str, wanted: str, current: Schema) -> None:
    given = f"{current.name}@{current.version}"
    check.report("M707", step.span, step=name, wanted=wanted, given=given)


def _apply_step(check: Expressions, step: syntax.ApplyStep, name: str, current: Schema) -> None:
    checked = check.session.rules.get(name)
    if checked is None:
        if not declared(check.session, syntax.Rules, name):
            unknown_declaration(check, step, "set of rules", name, check.session.rules)
        return
    if checked.schema is not current:
        wanted = f"{checked.schema.name}@{checked.schema.version}"
        _does_not_continue(check, step, name, wanted, current)
