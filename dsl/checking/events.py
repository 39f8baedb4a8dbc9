"""What can arrive: documents through endpoints of direction in, and the events that rules raise."""

from collections.abc import Iterator

from dsl import syntax
from dsl.checking.endpoints import find_endpoint
from dsl.checking.expressions import Expressions
from dsl.checking.session import Session, did_you_mean, listed
from dsl.program import CheckedRules, Schema
from dsl.source import Span


def actions_of(checked: CheckedRules) -> Iterator[syntax.Action]:
    """All actions of a set of rules, also those that wait inside others."""
    for rule in checked.node.rules:
        for action in rule.actions if isinstance(rule, syntax.Rule) else ():
            yield from with_inner(action)


def with_inner(action: syntax.Action) -> Iterator[syntax.Action]:
    """An action, the `else` of an expectation and the `then` of a collection."""
    yield action
    if isinstance(action, syntax.Expect) and action.otherwise is not None:
        yield from with_inner(action.otherwise)
    elif isinstance(action, syntax.Collect):
        yield from with_inner(action.action)


def raised_events(session: Session) -> dict[str, list[Schema]]:
    """The events that rules raise, each with the schemas it is raised with."""
    found: dict[str, list[Schema]] = {}
    for checked in session.rules.values():
        for action in actions_of(checked):
            if isinstance(action, syntax.Raise):
                carried = found.setdefault(action.event, [])
                made = session.maps.get(action.map) if action.map is not None else None
                schema = checked.schema if action.map is None else made.target if made is not None else None
                if schema is not None and schema not in carried:
                    carried.append(schema)
    return found


def arriving(check: Expressions, name: str, span: Span) -> Schema | None:
    """The schema of what arrives under this name; reported where nothing does, or not one thing."""
    session = check.session
    endpoint = session.manifest.endpoints.get(name)
    raised = raised_events(session)
    if name in raised:
        return _one_schema(check, name, span, raised[name])
    if endpoint is not None:
        endpoint = find_endpoint(check, name, span, "in")
        return session.schemas.get(endpoint.schema) if endpoint and endpoint.direction == "in" else None
    known = [e.name for e in session.manifest.endpoints.values() if e.direction == "in"] + list(raised)
    help_, fixes = did_you_mean(check.site, span, name, known)
    check.report("M721", span, event=name, help=help_ or [f"What arrives is {listed(known)}."], fixes=fixes)
    return None


def _one_schema(check: Expressions, name: str, span: Span, schemas: list[Schema]) -> Schema | None:
    if len(schemas) > 1:
        first, second = (f"{schema.name}@{schema.version}" for schema in schemas[:2])
        check.report("M722", span, event=name, first=first, second=second)
    return schemas[0] if len(schemas) == 1 else None
