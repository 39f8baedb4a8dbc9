"""What traces and figures hear of messages once they are written, never before."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from app.errors import IntakeRefused
from app.runtime.deciding import Decided
from app.runtime.drafts import Intake
from app.storage.messages import Message
from app.telemetry import metrics


def tell(decided: Sequence[Decided], at: datetime) -> None:
    """Messages that were decided in a transaction that is committed."""
    for d in decided:
        m = d.message
        metrics.observe(
            "mapwright_wait_seconds", m.environment, m.flow, seconds=(at - m.received_at).total_seconds()
        )
        if d.span is not None:
            fault = d.reason if d.failed else ""
            d.span.end(fault, state=d.state, code=d.code, release=m.release_id, deliveries=len(d.sends))
    states = Counter((d.message.environment, d.message.flow, d.state) for d in decided)
    for labels, number in states.items():
        metrics.count("mapwright_decided_total", *labels, by=number)


def tell_taken_in(
    intakes: Sequence[Intake], stored: Sequence[Sequence[tuple[Message, bool]]], seconds: float
) -> None:
    """Bodies whose messages are durable."""
    results: Counter[tuple[str, str, bool]] = Counter()
    for intake, made in zip(intakes, stored, strict=True):
        if intake.span is not None and made:
            first, duplicate = made[0]
            intake.span.end(message=first.id, state=first.state, duplicate=duplicate, messages=len(made))
        results.update((intake.environment, intake.endpoint, again) for _, again in made)
    for (environment, endpoint, again), number in results.items():
        metrics.count(
            "mapwright_taken_in_total", environment, endpoint, "duplicate" if again else "accepted", by=number
        )
    for where in {(intake.environment, intake.endpoint) for intake in intakes}:
        metrics.observe("mapwright_intake_seconds", *where, seconds=seconds)


@contextmanager
def telling_refusals(environment: str, endpoint: str) -> Iterator[None]:
    """Count what is refused in here; a name that nobody declared makes no label of its own."""
    try:
        yield
    except IntakeRefused as refused:
        known = "" if refused.code == "unknown_endpoint" else endpoint
        metrics.count("mapwright_refused_total", environment, known, refused.code)
        raise
