"""Bodies of several calls taken in together: what they have in common is looked up once, written at once.

Each call is accepted or refused for itself, exactly as `intake.accept` would do it.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from functools import partial

from app.runtime.deciding import Decided
from app.runtime.drafts import Intake, Offer
from app.runtime.gathering import Ticket
from app.runtime.installation import Installation
from app.runtime.intake import Accepted, found_routes, let_in, ticket, write
from app.runtime.pressure import faults
from app.runtime.replying import gives_reply
from app.runtime.routing import Route, replies


@dataclass(frozen=True, slots=True)
class Taken:
    """The messages of one body, durable; `awaited`: its sender is to get the reply of a synchronous flow.

    `work`: what is decided of it here and now, where it could be adopted.
    """

    accepted: list[Accepted]
    awaited: bool = False
    work: Future[Mapping[str, Decided]] | None = None


_Ticket = Ticket[Intake, list[Accepted]]
_Found = list[Route] | Exception


def accept_all(
    installation: Installation, workers: Executor, offers: Sequence[Offer]
) -> list[Taken | Exception]:
    """What became of each: its messages, or why nothing of it was stored; `workers` begin with what is awaited."""
    known: dict[tuple[str, str], _Found] = {}
    made: list[_Ticket | Exception] = []
    for offer in offers:
        try:
            made.append(_prepared(installation, offer, known))
        except Exception as error:
            made.append(error)
    tickets = [one for one in made if isinstance(one, Ticket)]
    if tickets:
        _write(installation, tickets)
    return [_outcome(installation, workers, one) if isinstance(one, Ticket) else one for one in made]


def _outcome(installation: Installation, workers: Executor, ticket: _Ticket) -> Taken | Exception:
    if ticket.error is not None:
        if not isinstance(ticket.error, Exception):  # the process is told to end
            raise ticket.error
        return faults.told(ticket.error) or ticket.error
    (accepted,) = ticket.results
    adopted = accepted[0].adopted if len(accepted) == 1 else None
    if adopted is not None:
        return Taken(accepted, True, adopted.begin(installation, workers))
    try:
        return Taken(accepted, _awaited(installation, accepted))
    except Exception as error:
        return error


def _awaited(installation: Installation, accepted: Sequence[Accepted]) -> bool:
    first = accepted[0].message if len(accepted) == 1 else None
    return first is not None and gives_reply(installation, first)


def _prepared(installation: Installation, offer: Offer, known: dict[tuple[str, str], _Found]) -> _Ticket:
    intake = let_in(installation, offer, partial(_routes, installation, offer, known))
    return ticket([replace(intake, awaited=True) if _replies(intake) else intake])


def _replies(intake: Intake) -> bool:
    drafts = intake.drafts
    return len(drafts) == 1 and replies(drafts[0].route.compiled, drafts[0].flow)


def _routes(installation: Installation, offer: Offer, known: dict[tuple[str, str], _Found]) -> list[Route]:
    """Asked once for all; so is a database that does not answer."""
    where = (offer.environment, offer.endpoint)
    if where not in known:
        try:
            known[where] = found_routes(installation, *where)
        except Exception as error:
            known[where] = error
    found = known[where]
    if isinstance(found, Exception):
        raise found
    return found


def _write(installation: Installation, tickets: Sequence[_Ticket]) -> None:
    """Write all; while the database suffers nothing is tried, and every ticket says so."""
    try:
        with installation.gate.pulse.writing():
            installation.gathering(write).put_all(tickets)
            for one in tickets:
                if one.error is not None and faults.suffers(one.error):
                    raise one.error
    except Exception as error:
        for one in tickets:
            one.error = one.error if one.done else error
