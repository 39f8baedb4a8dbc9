"""Flows: endpoint, schema and steps that fit each other."""

import re

from dsl import program, syntax, types
from dsl.checking import findings
from dsl.checking.endpoints import declared, find_endpoint
from dsl.checking.events import raised_events
from dsl.checking.expressions import Expressions
from dsl.checking.flowsteps import Steps, fixed_time
from dsl.checking.handlers import no_failures
from dsl.checking.maps import schema_named
from dsl.checking.playbooks import check_fallbacks
from dsl.checking.references import unknown_declaration
from dsl.checking.scopes import Scope
from dsl.checking.session import Session, Site, did_you_mean, is_broken, listed
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
    steps = Steps(check, node, schema)
    steps.run()
    if not steps.effect:
        check.report("M708", node.name_span)
    _check_properties(check, node)
    _check_promise(check, node)
    variables = {name: variable.type for name, variable in steps.scope.variables.items()}
    return program.CheckedFlow(node, site.file, schema, steps.current, variables, steps.answers, steps.reply)


def _check_endpoint(check: Expressions, node: syntax.Flow, schema: Schema) -> None:
    text = check.session.sources[check.site.file].text
    start = text.find(node.endpoint, node.span.start, node.span.end)
    span = Span(start, start + len(node.endpoint)) if start >= 0 else node.name_span
    expected = f"{node.schema}@{node.version or schema.version}"
    raised = raised_events(check.session).get(node.endpoint)
    if raised is None:
        endpoint = find_endpoint(check, node.endpoint, span, "in")
        carried = [endpoint.schema] if endpoint is not None and endpoint.direction == "in" else []
    else:
        carried = [f"{schema.name}@{schema.version}" for schema in raised]
    wrong = [given for given in carried if given != expected]
    if wrong:
        check.report("M706", span, endpoint=node.endpoint, wanted=wrong[0], given=expected)


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


CRITICALITIES = ("low", "normal", "high", "critical")


def _check_business_time(check: Expressions, node: syntax.Flow, schema: Schema) -> None:
    """A day or moment that every message has, since it decides which dated rows hold for it."""
    if node.business_time is None:
        return
    typed = check.need(node.business_time, Scope({node.variable: Variable(node.variable, schema.record)}))
    no_failures(check, node.business_time, typed.failures)
    if not is_broken(typed.type) and typed.type not in (types.DATE, types.DATETIME):
        findings.wrong_type(
            check, node.business_time.span, "the business time", "a date or datetime", typed.type
        )


def _check_properties(check: Expressions, node: syntax.Flow) -> None:
    """How much hangs on a flow, how fast it has to be, and what to do when it fails."""
    if node.criticality not in CRITICALITIES:
        span = property_span(check, node, "criticality", node.criticality)
        help_, fixes = did_you_mean(check.site, span, node.criticality, CRITICALITIES)
        help_ = help_ or [f"It is one of {listed(CRITICALITIES)}."]
        check.report("M759", span, criticality=node.criticality, help=help_, fixes=fixes)
    if node.sla is not None:
        fixed_time(check, node.sla, "an sla")
    if node.playbook and node.playbook not in check.session.playbooks:
        if not declared(check.session, syntax.Playbook, node.playbook):
            place = syntax.Node(node.playbook_span or node.span)
            unknown_declaration(check, place, "playbook", node.playbook, check.session.playbooks)
    elif node.playbook:
        check_fallbacks(check, node)


def property_span(check: Expressions, node: syntax.Flow, word: str, value: str) -> Span:
    """Where the value of a property stands."""
    text = check.session.sources[check.site.file].slice(node.span)
    found = re.search(rf"\b{word}\s+({re.escape(value)})\b", text)
    if found is None:
        return node.name_span
    return Span(node.span.start + found.start(1), node.span.start + found.end(1))


def _check_promise(check: Expressions, node: syntax.Flow) -> None:
    """An endpoint that promises an answer gets one."""
    endpoint = check.session.manifest.endpoints.get(node.endpoint)
    replies = any(isinstance(step, syntax.Reply | syntax.Raw) for step in node.steps)
    if endpoint is not None and endpoint.direction == "in" and endpoint.answer and not replies:
        check.report("M758", node.name_span, endpoint=node.endpoint, answer=endpoint.answer)
