"""Which flows of which releases a body or an event goes to, and how it is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.errors import NotDeployed, UnknownEndpoint, UnsupportedMedia
from app.runtime.installation import Installation
from app.storage.environments import deployed
from connectors.contract import DecodedDocument
from dsl import syntax
from dsl.program import Endpoint
from rules.compiler import Compiled
from rules.engine import keys
from rules.outcome import Context, Keys

EVENT = "application/vnd.mapwright.event+json"
_ANY_MEDIA = ("", "application/octet-stream")
_NO_KEYS = Keys(None, None, {})


@dataclass(frozen=True)
class Route:
    """The flows of one deployed release that receive an endpoint or event (then `endpoint` is None)."""

    ruleset: str
    release_id: str
    compiled: Compiled
    endpoint: Endpoint | None
    flows: tuple[str, ...]

    @property
    def codec(self) -> str:
        """The name of the codec that reads it."""
        return self.endpoint.codec if self.endpoint else "json"

    @property
    def keeps_undecodable(self) -> bool:
        """Whether a body that cannot be read becomes a dead letter instead of being refused."""
        return self.endpoint is not None and self.endpoint.on_undecodable == "dead_letter"


def routes(installation: Installation, environment: str, name: str) -> list[Route]:
    """Where an endpoint or event of this name leads now. Errors: NotDeployed, UnknownEndpoint."""
    with installation.database.read() as tx:
        live = deployed(tx, environment)
    if not live:
        raise NotDeployed(f"nothing is deployed in {environment} yet", {"environment": environment})
    found = [r for ruleset, id in sorted(live.items()) if (r := route(installation, ruleset, id, name)).flows]
    if not found:
        raise UnknownEndpoint(
            f"nothing deployed in {environment} receives {name}",
            {"environment": environment, "endpoint": name},
        )
    return found


def route(installation: Installation, ruleset: str, release_id: str, name: str) -> Route:
    """What one release does with an endpoint or event; perhaps no flow receives it.

    What is only awaited (`expect`) goes to no flow, but it is taken in: the flow is empty then.
    """
    compiled = installation.compiled(release_id)
    endpoint = compiled.program.manifest.endpoints.get(name)
    awaited = ("",) if name in compiled.expectations else ()
    return Route(ruleset, release_id, compiled, endpoint, tuple(compiled.flows_for(name)) or awaited)


def replies(compiled: Compiled, flow: str) -> bool:
    """Whether a flow is synchronous: it gives its sender a reply."""
    found = compiled.program.flows.get(flow)
    return found is not None and any(isinstance(step, syntax.Reply) for step in found.node.steps)


def guide(compiled: Compiled, endpoint: Endpoint | None) -> Mapping[str, Any]:
    """The declaration a codec of fixed layouts reads by; empty for JSON."""
    if endpoint is None:
        return {}
    schemas = compiled.program.schemas
    schema = schemas.get(endpoint.schema) or schemas.get(endpoint.schema.partition("@")[0])
    return schema.guide if schema else {}


def require_media(installation: Installation, found: Route, media_type: str) -> None:
    """Refuse a body whose content type is another one's. Errors: UnsupportedMedia."""
    given = media_type.partition(";")[0].strip().lower()
    known = installation.codecs[found.codec].media_types
    if given not in _ANY_MEDIA and given not in known and found.endpoint is not None:
        raise UnsupportedMedia(
            f"{found.endpoint.name} reads {', '.join(known)}, not {given}", {"media_types": list(known)}
        )


def decode(installation: Installation, found: Route, body: bytes) -> list[DecodedDocument]:
    """The documents of a body. Errors: connectors.errors.DecodeError."""
    options = found.endpoint.options if found.endpoint else {}
    return installation.codecs[found.codec].decode(body, options, guide(found.compiled, found.endpoint))


def document_keys(found: Route, flow: str, document: Any, context: Context) -> Keys:
    """What the flow says of a document before it runs; nothing where that cannot be told."""
    try:
        return keys(found.compiled, flow, document, context)
    except Exception:  # the run itself will say what is wrong with the document, and keep it
        return _NO_KEYS


def context(message_id: str, endpoint: str, environment: str, at: datetime, **more: Any) -> Context:
    """What rules may know besides the document: the clock stands at the message's reception."""
    message = {"id": message_id, "endpoint": endpoint, "environment": environment, "replayed": False, **more}
    return Context(now=at, message=message)
