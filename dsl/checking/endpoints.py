"""Endpoints, events and declarations by their name."""

from dsl import syntax
from dsl.checking.events import raised_events
from dsl.checking.expressions import Expressions
from dsl.checking.session import Session, did_you_mean, listed
from dsl.program import Endpoint, Schema
from dsl.source import Span


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


def place_of(check: Expressions, node: syntax.Node, name: str) -> Span:
    """Where the name of an endpoint or event stands in `send a.b using m`."""
    text = check.session.sources[check.site.file].slice(node.span)
    start = text.find(name)
    return node.span if start < 0 else Span(node.span.start + start, node.span.start + start + len(name))


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
