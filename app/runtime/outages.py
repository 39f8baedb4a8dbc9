"""What people are told of a connection that fails: one alert when it stops, one line when it goes on."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.runtime.remedying import Remedies
from app.storage.alerts import add_alerts
from app.storage.breakers import Breaker, told
from app.storage.deliveries import Delivery
from app.storage.outages import queues

CHANNEL = "operations"
QUIET_SECONDS = 600.0
STAYS_SECONDS = 60.0
_ADVICE = (
    "Nothing is lost and nothing has to be sent by hand: Mapwright tries by itself, and once the system answers, "
    "everything leaves in order. Check that the system runs and can be reached."
)


def tell_opened(tx: Connection, b: Breaker, remedies: Remedies, last: Delivery, at: datetime) -> None:
    """One alert for an outage. One that follows another within ten minutes is told only when it stays."""
    if not _worth_telling(b, at):
        return
    found = remedies.of(last, "transport")
    waiting = queues(tx, b.environment, b.endpoint).get(b.endpoint)
    count, lanes = (waiting.deliveries, waiting.lanes) if waiting else (0, 0)
    since = b.opened_at or at
    often = f", for the {_ordinal(b.times_opened)} time" if b.times_opened > 1 else ""
    text = (
        f"{b.endpoint} in {b.environment} does not work since {since:%Y-%m-%d %H:%M:%S} UTC{often}: {b.reason}. "
        f"{_many(count, 'delivery', 'deliveries')} in {_many(lanes, 'lane', 'lanes')} {_verb(count)}. {_ADVICE}"
    )
    if found is not None and found.runbook:
        text += f" Runbook: {found.runbook}"
    channel = (found.channel if found is not None else None) or CHANNEL
    _add(tx, b, channel, text, last, at)
    told(tx, b.environment, b.endpoint, at)


def tell_closed(tx: Connection, b: Breaker, remedies: Remedies, last: Delivery, at: datetime) -> None:
    """One line for the end of an outage that was told."""
    if b.opened_at is None or b.alerted_at is None or b.alerted_at < b.opened_at:
        return
    waiting = queues(tx, b.environment, b.endpoint).get(b.endpoint)
    count = waiting.deliveries if waiting else 0
    found = remedies.of(last, "transport")
    minutes = max(1, round((at - b.opened_at).total_seconds() / 60))
    text = (
        f"{b.endpoint} in {b.environment} works again after {_many(minutes, 'minute', 'minutes')}; "
        f"{_many(count, 'delivery leaves', 'deliveries leave')} now, in order."
    )
    _add(tx, b, (found.channel if found is not None else None) or CHANNEL, text, last, at)


def _worth_telling(b: Breaker, at: datetime) -> bool:
    if b.alerted_at is None or at - b.alerted_at >= timedelta(seconds=QUIET_SECONDS):
        return b.alerted_at is None or b.opened_at is None or b.alerted_at < b.opened_at
    stays = b.opened_at is not None and at - b.opened_at >= timedelta(seconds=STAYS_SECONDS)
    return stays and b.opened_at is not None and b.alerted_at < b.opened_at


def _add(tx: Connection, b: Breaker, channel: str, text: str, last: Delivery, at: datetime) -> None:
    add_alerts(tx, b.environment, [(last.message_id, channel, text, f"breaker/{b.endpoint}")], at)


def _many(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _verb(count: int) -> str:
    return "waits" if count == 1 else "wait"


def _ordinal(count: int) -> str:
    ending = "th" if 10 <= count % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count}{ending}"
