"""What a body will be once stored: decoded outside any transaction into drafts of messages."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from app.errors import IntakeRefused, Undecodable
from app.runtime.installation import Installation
from app.runtime.routing import Route, context, decode, document_keys, require_media
from app.storage.database import exact_bytes
from app.storage.identity import content_hash, digest
from app.storage.lanes import UNORDERED_LANES, LaneKey
from app.telemetry.context import read_context
from app.telemetry.tracing import Span
from connectors.contract import DecodedDocument, Fault
from connectors.errors import DecodeError
from rules.outcome import Keys

_HEADER_TEXT = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,198}[\x21-\x7e])?")
_NO_KEYS = Keys(None, None, {})
_turns = count(secrets.randbelow(UNORDERED_LANES))


@dataclass(frozen=True, slots=True)
class Offer:
    """One body that somebody hands in."""

    environment: str
    endpoint: str
    body: bytes
    media_type: str = ""
    idempotency_key: str | None = None
    correlation_id: str = ""
    headers: Mapping[str, str] | None = None
    sender: str = ""
    causation_id: str = ""


@dataclass(frozen=True)
class Draft:
    """One document for one flow, before it has an id and a place.

    `faults` are what the codec found; with an error among them the message is stored as dead.
    """

    route: Route
    flow: str
    index: int
    label: str
    keys: Keys
    hash: str
    faults: tuple[Fault, ...] = ()

    @property
    def errors(self) -> list[Fault]:
        """The faults for which it must not run."""
        return [fault for fault in self.faults if fault.severity == "error"]


@dataclass(frozen=True)
class Intake:
    """One body with the drafts of its messages; `sender` is the token it came with.

    `only` are the endpoints that a replay may send to. `awaited`: whoever takes it in works on it at once, so
    no worker is woken for it.
    """

    environment: str
    endpoint: str
    body: bytes
    hash: str
    media_type: str
    headers: Mapping[str, str]
    drafts: tuple[Draft, ...]
    correlation_id: str = ""
    causation_id: str = ""
    idempotency_key: str = ""
    replay_of: str = ""
    hops: int = 0
    sender: str = ""
    label: str = field(default="", compare=False)
    only: tuple[str, ...] | None = None
    edited_from: str = ""
    trace: str = ""
    span: Span | None = field(default=None, compare=False, repr=False)
    awaited: bool = False


def prepare(installation: Installation, offer: Offer, found: Sequence[Route]) -> Intake:
    """Decode a body and draft its messages. Errors: IntakeRefused and its kinds."""
    told = dict(offer.headers or {})
    given = read_context(told.get("traceparent"))
    span = installation.spans.begin(
        "take in", "server", given.line() if given else "", {"endpoint": offer.endpoint}
    )
    drafts: list[Draft] = []
    for way in found:
        require_media(installation, way, offer.media_type)
        drafts += drafts_of(installation, way, offer.environment, offer.endpoint, offer.body)
    return Intake(
        offer.environment,
        offer.endpoint,
        offer.body,
        content_hash(offer.body),
        offer.media_type[:200],
        told,
        tuple(drafts),
        correlation_id=_header_text("X-Correlation-Id", offer.correlation_id),
        causation_id=offer.causation_id,
        idempotency_key=_header_text("Idempotency-Key", offer.idempotency_key),
        trace=span.line,
        span=span,
        sender=offer.sender,
    )


def _header_text(name: str, value: str | None) -> str:
    if value and not _HEADER_TEXT.fullmatch(value):
        raise IntakeRefused(f"{name} must be 1 to 200 printable ASCII characters", {"header": name})
    return value or ""


def drafts_of(
    installation: Installation, found: Route, environment: str, endpoint: str, body: bytes
) -> list[Draft]:
    """One draft a document and flow. Errors: Undecodable, unless the endpoint keeps such bodies."""
    try:
        documents = decode(installation, found, body)
    except DecodeError as error:
        if not found.keeps_undecodable:
            raise Undecodable(error.message, error.details) from error
        fault = Fault(error.code, "error", error.message, dict(error.details))
        return [Draft(found, _only_flow(found), 0, "", _NO_KEYS, content_hash(body), (fault,))]
    faults = [fault for document in documents for fault in document.faults if fault.severity == "error"]
    if faults and not found.keeps_undecodable:
        raise Undecodable(faults[0].message, {"faults": [fault_json(fault) for fault in faults[:50]]})
    return [
        _draft(found, flow, index, document, environment, endpoint)
        for index, document in enumerate(documents)
        for flow in (found.flows if not _broken(document) else (_only_flow(found),))
    ]


def _broken(document: DecodedDocument) -> bool:
    return any(fault.severity == "error" for fault in document.faults)


def _only_flow(found: Route) -> str:
    return found.flows[0] if len(found.flows) == 1 else ""


def _draft(
    found: Route, flow: str, index: int, document: DecodedDocument, environment: str, endpoint: str
) -> Draft:
    hash = content_hash(exact_bytes(document.data))
    known = _NO_KEYS
    if not _broken(document):
        at = datetime.now(UTC)
        known = document_keys(found, flow, document.data, context("", endpoint, environment, at))
    return Draft(found, flow, index, document.label, known, hash, tuple(document.faults))


def fault_json(fault: Fault) -> dict[str, Any]:
    """A codec's fault as pages and answers show it."""
    return {
        "code": fault.code,
        "severity": fault.severity,
        "message": fault.message,
        "place": dict(fault.place),
    }


def lane_key(environment: str, draft: Draft) -> LaneKey:
    """The lane of a draft: by its order key, else the next of those in which nobody waits for another."""
    where = (environment, draft.route.ruleset, draft.flow, "")
    if draft.keys.order is not None:
        return LaneKey("inbox", *where, str(draft.keys.order), True)
    return LaneKey("inbox", *where, str(next(_turns) % UNORDERED_LANES), False)


def new_correlation_id() -> str:
    """The name of a journey that nobody named yet."""
    return digest(secrets.token_hex(16))[:32]
