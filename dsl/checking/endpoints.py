"""Endpoints and declarations by their name."""

from dsl import syntax
from dsl.checking.expressions import Expressions
from dsl.checking.session import Session, did_you_mean
from dsl.program import Endpoint
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
