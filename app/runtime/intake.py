"""Take bodies in: decode, find the flows and keys, write everything in one transaction, then ring.

Nothing is acknowledged before it is durable, and a doorbell that fails never fails the intake.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy.exc import DBAPIError

from app.errors import IntakeRefused, TooLarge
from app.runtime.adopting import Adopted, adopt
from app.runtime.drafts import Intake, Offer, prepare
from app.runtime.gathering import Ticket
from app.runtime.installation import Installation
from app.runtime.pressure import faults
from app.runtime.pressure.gate import Load
from app.runtime.routing import Route, routes
from app.runtime.storing import store_intakes
from app.runtime.telling import tell_taken_in, telling_refusals
from app.runtime.transactions import insist, undone
from app.storage.database import hasten
from app.storage.identity import partitions_of
from app.storage.messages import Message

LOCK_SECONDS = 3.0
STATEMENT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """One message as its sender hears of it; a duplicate is the first one with its state of now."""

    message_id: str
    correlation_id: str
    state: str
    duplicate: bool
    flow: str
    message: Message | None = field(default=None, compare=False, repr=False)
    adopted: Adopted | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one line of a bulk: the messages, or why it was refused."""

    number: int
    accepted: tuple[Accepted, ...] = ()
    refused: IntakeRefused | None = None


def accept(
    installation: Installation,
    environment: str,
    endpoint: str,
    body: bytes,
    *,
    media_type: str = "",
    idempotency_key: str | None = None,
    correlation_id: str | None = None,
    causation_id: str | None = None,
    headers: Mapping[str, str] | None = None,
    sender: str = "",
) -> list[Accepted]:
    """Make every document of a body durable, one message a flow that receives it.

    Errors: IntakeRefused (nothing was stored): unknown endpoint, not deployed, undecodable, too large; NotNow
    where a limit or the state of the installation stands in the way.
    """
    offer = Offer(
        environment,
        endpoint,
        body,
        media_type,
        idempotency_key,
        correlation_id or "",
        headers,
        sender,
        causation_id or "",
    )
    intake = let_in(installation, offer, partial(found_routes, installation, environment, endpoint))
    return _store_now(installation, [intake])[0]


def accept_lines(
    installation: Installation,
    environment: str,
    endpoint: str,
    body: bytes,
    *,
    correlation_id: str | None = None,
    headers: Mapping[str, str] | None = None,
    sender: str = "",
) -> list[Line]:
    """A bulk of newline-delimited bodies: the good ones in one transaction, the others named by line.

    Errors: IntakeRefused where no line could be taken at all: unknown endpoint, not deployed, too large; NotNow
    where a limit has no room for all of them.
    """
    whole = Offer(
        environment, endpoint, body, correlation_id=correlation_id or "", headers=headers, sender=sender
    )
    with telling_refusals(environment, endpoint):
        require_size(installation, body)
        found = found_routes(installation, environment, endpoint)
    lines: list[Line] = []
    intakes: dict[int, Intake] = {}
    for number, raw in enumerate(body.split(b"\n"), 1):
        if not raw.strip():
            continue
        try:
            with telling_refusals(environment, endpoint):
                intakes[number] = prepare(installation, replace(whole, body=raw), found)
        except IntakeRefused as refused:
            lines.append(Line(number, refused=refused))
    stored: list[list[Accepted]] = []
    if intakes:
        _admit(installation, list(intakes.values()))
        stored = _store_now(installation, list(intakes.values()))
    lines += [Line(number, tuple(accepted)) for number, accepted in zip(intakes, stored, strict=True)]
    return sorted(lines, key=lambda line: line.number)


def found_routes(installation: Installation, environment: str, endpoint: str) -> list[Route]:
    """As `routes`, with what the database refuses said as an error of the API."""
    with faults.translated():
        return routes(installation, environment, endpoint)


def let_in(installation: Installation, offer: Offer, found: Callable[[], Sequence[Route]]) -> Intake:
    """One body, decoded and admitted, to be written. Errors: IntakeRefused and its kinds, NotNow."""
    with telling_refusals(offer.environment, offer.endpoint):
        require_size(installation, offer.body)
        intake = prepare(installation, offer, found())
    _admit(installation, [intake])
    return intake


def require_size(installation: Installation, body: bytes) -> None:
    """Errors: TooLarge."""
    limit = installation.settings.body_limit
    if len(body) > limit:
        raise TooLarge(f"the body has {len(body)} bytes, {limit} are taken at the most", {"limit": limit})


def _store_now(installation: Installation, intakes: Sequence[Intake]) -> list[list[Accepted]]:
    """Store what comes from outside. Errors: NotNow, where the database suffers."""
    with faults.translated(), installation.gate.pulse.writing():
        return store(installation, intakes)


def _admit(installation: Installation, intakes: Sequence[Intake]) -> None:
    """Let all bodies of a call in or none of them. Errors: NotNow."""
    first = intakes[0]
    flows = Counter(f"{d.route.ruleset}/{d.flow}" for intake in intakes for d in intake.drafts)
    with telling_refusals(first.environment, first.endpoint):
        installation.gate.admit(Load(first.environment, first.endpoint, first.sender, flows))


def store(installation: Installation, intakes: Sequence[Intake]) -> list[list[Accepted]]:
    """Write prepared bodies, commit, ring; what became of each.

    Bodies of one call are written in one transaction; calls in flight at once may share it.
    """
    return installation.gathering(write).put(ticket(intakes))


def ticket(intakes: Sequence[Intake]) -> Ticket[Intake, list[Accepted]]:
    """The bodies of one call as something to be written."""
    scopes = {(i.environment, i.endpoint, i.idempotency_key) for i in intakes if i.idempotency_key}
    return Ticket(intakes, sum(len(intake.body) for intake in intakes), frozenset(scopes))


def write(installation: Installation, intakes: Sequence[Intake]) -> list[list[Accepted]]:
    """One transaction of one or several calls, then the bell."""

    def transaction() -> tuple[list[list[tuple[Message, bool]]], Adopted | None]:
        with installation.database.begin() as tx:
            at = hasten(tx, LOCK_SECONDS, STATEMENT_SECONDS)
            stored = store_intakes(tx, intakes, at)
            return stored, adopt(tx, installation, intakes, stored, at)

    begun = time.perf_counter()
    stored, adopted = insist(transaction, _undone_at_once)
    tell_taken_in(intakes, stored, time.perf_counter() - begun)
    new = {
        m.lane for messages in stored for m, duplicate in messages if m.state == "received" and not duplicate
    }
    mine = adopted.lanes if adopted is not None else frozenset()
    if new - mine:
        installation.doorbell.ring("drain", partitions_of(new - mine))
    return [
        [_accepted(m, again, adopted if not again and m.lane in mine else None) for m, again in messages]
        for messages in stored
    ]


def _accepted(message: Message, duplicate: bool, adopted: Adopted | None) -> Accepted:
    told = (message.id, message.correlation_id, message.state, duplicate, message.flow)
    return Accepted(*told, message, adopted)


def _undone_at_once(error: DBAPIError) -> bool:
    """A deadlock is tried again; who waited for a lock in vain does not wait once more."""
    return undone(error) and getattr(error.orig, "sqlstate", None) != "55P03"
