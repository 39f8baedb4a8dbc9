"""The fenced commit: everything a batch decided, in one transaction, for the lanes that still are ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from app.runtime.deciding import Decided, Send
from app.runtime.fingerprints import note_decided
from app.runtime.installation import Installation
from app.runtime.later import write_later
from app.runtime.states import move_messages
from app.runtime.storing import Entry, entries_of, store_entries, touches_of
from app.runtime.telling import tell
from app.storage.alerts import add_alerts
from app.storage.answers import put_replies
from app.storage.claims import ClaimedLane, Release, release
from app.storage.database import now
from app.storage.deliveries import Delivery, add_deliveries
from app.storage.identity import (
    MILLISECONDS_A_DAY,
    milliseconds,
    moment_of,
    new_id,
    partition_of,
    partitions_of,
)
from app.storage.lanes import Touch, Touched, touch
from app.storage.messages import Move, heads, still
from app.storage.outcomes import put_outcomes


@dataclass
class Worked:
    """One claimed lane with what was decided in it; `blocks` names the message it now waits for.

    `kept`: its worker goes on with it, so it is not given back. `claims` in vain are not forgiven.
    """

    lane: ClaimedLane
    decided: list[Decided] = field(default_factory=list)
    blocks: str | None = None
    kept: bool = False
    claims: int = 0


@dataclass(frozen=True)
class Committed:
    """Which messages were moved, and which partitions have new work; `left`: work that was there before."""

    decided: Sequence[Decided]
    at: datetime
    drain: set[int]
    deliver: set[int]
    left: set[int]

    @property
    def messages(self) -> int:
        """How many were moved."""
        return len(self.decided)


def commit(installation: Installation, batch: Sequence[Worked]) -> Committed:
    """Write a batch; lanes whose fence moved are left out as if they had never been worked on."""
    with installation.database.begin() as tx:
        committed = _commit(tx, batch)
    tell(committed.decided, committed.at)
    return committed


def _commit(tx: Connection, batch: Sequence[Worked]) -> Committed:
    at, moment = now(tx), milliseconds()
    everything = [d for worked in batch for d in worked.decided]
    events = {d.message.id: [entries_of(intake) for intake in d.events] for d in everything}
    touched = touch(tx, _touches(batch, everything, events, moment), at)
    ours = [w for w in batch if touched[w.lane.id].fence == w.lane.fence]
    decided = _still_received(tx, ours)
    _write_outbox(tx, decided, touched, at, moment)
    _write_events(tx, decided, events, touched)
    _write_messages(tx, decided, at)
    write_later(tx, [d.later for d in decided if d.later is not None], at)
    left = _release(tx, [worked for worked in ours if not worked.kept], touched, at)
    new = [entry.lane.id for d in decided for group in events[d.message.id] for entry in group]
    deliver = {send.lane.partition for d in decided for send in d.sends}
    return Committed(decided, at, partitions_of(new), deliver, left)


def _touches(
    batch: Sequence[Worked],
    decided: Sequence[Decided],
    events: Mapping[str, list[list[Entry]]],
    moment: int,
) -> list[Touch]:
    day = moment // MILLISECONDS_A_DAY
    touches = [Touch(worked.lane.key("inbox")) for worked in batch]
    touches += [Touch(send.lane, 1, True, day) for d in decided for send in d.sends]
    return touches + touches_of(entry for groups in events.values() for group in groups for entry in group)


def _still_received(tx: Connection, ours: Sequence[Worked]) -> list[Decided]:
    decided = [d for worked in ours for d in worked.decided]
    waiting = still(tx, [d.message.id for d in decided], "received")
    return [d for d in decided if d.message.id in waiting]


def _write_outbox(
    tx: Connection, decided: Sequence[Decided], touched: Mapping[str, Touched], at: datetime, moment: int
) -> None:
    sends = [(d, send) for d in decided for send in d.sends]
    left: dict[str, int] = {}
    for _, send in sends:
        left[send.lane.id] = left.get(send.lane.id, 0) + 1
    rows = []
    for d, send in sends:
        seq = touched[send.lane.id].last_seq - left[send.lane.id] + 1
        left[send.lane.id] -= 1
        rows.append((_delivery(d, send, seq, at, moment), send.content))
    add_deliveries(tx, rows)


def _delivery(d: Decided, send: Send, seq: int, at: datetime, moment: int) -> Delivery:
    """Its day is never before that of its message, whatever the clocks of the processes say."""
    message = d.message
    return Delivery(
        id=new_id(partition_of(send.lane.id), max(moment, moment_of(message.id))),
        lane=send.lane.id,
        seq=seq,
        state="pending",
        next_at=at,
        environment=message.environment,
        endpoint=send.action.endpoint,
        message_id=message.id,
        correlation_id=message.correlation_id,
        ruleset=message.ruleset,
        flow=message.flow,
        release_id=message.release_id,
        rules=send.action.rules,
        rule=send.action.rule,
        ordinal=send.action.ordinal,
        ledger_key=send.ledger_key,
        address=send.action.to,
        media_type=send.media_type,
        idempotent=send.endpoint.idempotent,
        created_at=at,
        updated_at=at,
        trace=d.trace,
    )


def _write_events(
    tx: Connection,
    decided: Sequence[Decided],
    events: Mapping[str, list[list[Entry]]],
    touched: Mapping[str, Touched],
) -> None:
    pairs = [
        (intake, group) for d in decided for intake, group in zip(d.events, events[d.message.id], strict=True)
    ]
    if pairs:
        store_entries(tx, [intake for intake, _ in pairs], [group for _, group in pairs], touched)


def _write_messages(tx: Connection, decided: Sequence[Decided], at: datetime) -> None:
    move_messages(tx, [Move(d.message.id, "received", d.state, d.reason, d.code) for d in decided], at)
    note_decided(tx, decided, at)
    again = [d.message.id for d in decided if d.message.updated_at != d.message.received_at]
    put_replies(tx, {d.message.id: d.reply for d in decided if d.reply is not None})
    put_outcomes(tx, {d.message.id: d.outcome for d in decided}, at, again)
    for environment in {d.message.environment for d in decided if d.alerts}:
        alerts = [
            (d.message.id, a.channel, a.text, f"{a.rules}/{a.rule}")
            for d in decided
            for a in d.alerts
            if d.message.environment == environment
        ]
        add_alerts(tx, environment, alerts, at)


def _release(
    tx: Connection, ours: Sequence[Worked], touched: Mapping[str, Touched], at: datetime
) -> set[int]:
    """Give lanes back; the partitions of those in which something waits that nothing holds back."""
    since_day = min((touched[worked.lane.id].oldest_day for worked in ours), default=0)
    found = heads(tx, [worked.lane.id for worked in ours], since_day)
    releases = []
    for worked in ours:
        head = found.get(worked.lane.id)
        seq = head - 1 if head is not None else worked.lane.last_seq
        # a lane whose turn never came keeps its claims
        in_vain = worked.claims if worked.decided or head is None else worked.lane.claims - 1
        releases.append(
            Release(worked.lane, seq, head is not None, at, worked.blocks, claims=in_vain, empty=head is None)
        )
    release(tx, releases)
    return {r.lane.partition for r in releases if r.ready and r.blocked_by is None}
