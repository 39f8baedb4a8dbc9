"""What a violated invariant is, and the history of a message as one story in the order of time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from app.storage.attempts import attempts_table
from app.storage.audit import audit_table
from app.storage.deliveries import deliveries_table
from app.storage.lanes import lanes_table
from app.storage.messages import history_table, messages_table
from app.storage.timers import collected_table, timers_table

_MOST = 20


@dataclass(frozen=True, slots=True)
class Violation:
    """One invariant that does not hold, what was found, and the message it was found at."""

    invariant: str
    what: str
    message_id: str = ""


class CheckFailed(AssertionError):
    """At least one invariant does not hold; `violations` are all of them, the text tells the first stories."""

    def __init__(self, violations: Sequence[Violation], stories: Sequence[str]) -> None:
        self.violations = list(violations)
        self.names = {v.invariant for v in violations}
        self.stories = list(stories)
        more = f"\n... and {len(violations) - _MOST} more" if len(violations) > _MOST else ""
        lines = "\n".join(f"{v.invariant}: {v.what}" for v in violations[:_MOST])
        super().__init__("\n".join([f"{len(violations)} violations\n{lines}{more}", *stories]))


def story(tx: Connection, message_id: str) -> str:
    """All rows of one message, by time: its states, deliveries, attempts, timers, children and deeds."""
    events = sorted(_events(tx, message_id), key=lambda e: e[0])
    lines = [f"  {at.isoformat(timespec='milliseconds')}  {what}" for at, what in events]
    return "\n".join([f"message {message_id}", *lines, *_places(tx, message_id)])


def _events(tx: Connection, id: str) -> Iterator[tuple[datetime, str]]:
    yield from _own(tx, id)
    d, a = deliveries_table.c, attempts_table.c
    made = list(tx.execute(select(deliveries_table).where(d.message_id == id)).mappings())
    for row in made:
        what = f"{row['rules']}/{row['rule']}[{row['ordinal']}] to {row['endpoint']}"
        yield row["created_at"], f"delivery {row['id']}: {what}, place {row['seq']} of lane {row['lane']}"
        text = (
            f"delivery {row['id']} is {row['state']} after {row['attempts']} attempts: {row['reason'][:160]}"
        )
        yield row["updated_at"], text
        for t in tx.execute(select(attempts_table).where(a.delivery_id == row["id"])).mappings():
            number = f"attempt {t['number']} of delivery {row['id']}"
            yield t["started_at"], f"{number} under fence {t['fence']}"
            if t["ended_at"] is not None:
                yield t["ended_at"], f"{number}: {t['result']} {t['status'] or ''} {t['detail'][:120]}"
    targets = [id, *(row["id"] for row in made)]
    for row in tx.execute(select(audit_table).where(audit_table.c.target.in_(targets))).mappings():
        yield row["at"], f"{row['who']}: {row['what']} {row['target']} {row['reason'][:120]}"


def _own(tx: Connection, id: str) -> Iterator[tuple[datetime, str]]:
    m, h, t = messages_table.c, history_table.c, timers_table.c
    for row in tx.execute(select(messages_table).where(m.id == id)).mappings():
        where = f"{row['endpoint']} -> {row['ruleset']}/{row['flow']}, release {row['release_id'][:16]}"
        yield row["received_at"], f"accepted: {where}, place {row['seq']} of lane {row['lane']}"
        yield row["updated_at"], f"is {row['state']} {row['code']} {row['reason'][:160]}"
    for row in tx.execute(select(history_table).where(h.message_id == id)).mappings():
        yield row["at"], f"{row['from_state']} -> {row['to_state']} {row['by']} {row['reason'][:120]}"
    joined = select(collected_table.c.timer_id).where(collected_table.c.message_id == id)
    for row in tx.execute(select(timers_table).where((t.message_id == id) | t.id.in_(joined))).mappings():
        text = f"timer {row['id']} ({row['kind']} {row['event']} {row['key']}), due {row['due_at']}"
        yield row["created_at"], text
        yield row["updated_at"], f"timer {row['id']} is {row['state']}"
    for row in tx.execute(select(messages_table).where(m.causation_id == id)).mappings():
        kind = "replay" if row["replay_of"] else "follows"
        yield row["received_at"], f"{kind}: message {row['id']} at {row['endpoint']}, {row['state']}"


def _places(tx: Connection, id: str) -> Iterator[str]:
    m, d = messages_table.c, deliveries_table.c
    found = set(tx.execute(select(m.lane).where(m.id == id)).scalars())
    found |= set(tx.execute(select(d.lane).where(d.message_id == id)).scalars())
    for row in tx.execute(select(lanes_table).where(lanes_table.c.id.in_(found))).mappings():
        yield f"  {row['kind']} lane {row['id']}: " + ", ".join(_said(row))


def _said(row: Any) -> Iterator[str]:
    names = (
        "ordered",
        "ready",
        "next_at",
        "lease_until",
        "holder",
        "fence",
        "head_seq",
        "last_seq",
        "claims",
    )
    for name in (*names, "blocked_by", "parked"):
        yield f"{name} {row[name]}"
