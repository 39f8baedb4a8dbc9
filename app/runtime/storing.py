"""Write drafts as messages: lanes first in sorted order, then duplicate keys, bodies and messages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from app.runtime.drafts import Draft, Intake, fault_json, lane_key, new_correlation_id
from app.runtime.fingerprints import note_drafts
from app.storage.bodies import Body, new_bodies
from app.storage.database import now
from app.storage.duplicates import Seen, SeenKey, correct, remember
from app.storage.identity import (
    ID_LENGTH,
    MILLISECONDS_A_DAY,
    day_of,
    milliseconds,
    moment_of,
    new_id,
    partition_of,
)
from app.storage.lanes import LaneKey, Touch, Touched, touch
from app.storage.messages import Message, messages, new_messages
from app.storage.origins import limit_to
from app.storage.outcomes import put_outcomes
from app.storage.rows import write_together


@dataclass
class Entry:
    """A draft on its way to a message; `first` is the message whose key it bears."""

    intake: Intake
    draft: Draft
    lane: LaneKey
    message_id: str
    key: SeenKey | None
    seq: int = 0
    first: Seen | None = None
    conflict: bool = False

    @property
    def repeats(self) -> bool:
        """Whether the same came before: nothing new is stored."""
        return self.first is not None and not self.conflict


def entries_of(intake: Intake) -> list[Entry]:
    """One entry a draft, with its lane, id and duplicate key.

    All ids of an intake bear one moment, so that its messages and their body are of the same day; what
    another message caused is never of an earlier day than that one.
    """
    causes = [id for id in (intake.causation_id, intake.replay_of) if id]
    moment = max([milliseconds(), *(known for id in causes if (known := _moment(id)) is not None)])
    return [_entry(intake, draft, moment) for draft in intake.drafts]


def _moment(id: str) -> int | None:
    """The moment of a message that is named as the cause; senders may name what they like."""
    try:
        moment = moment_of(id) if len(id) == ID_LENGTH else None
    except LookupError:
        return None
    return moment if moment is not None and moment < milliseconds() + MILLISECONDS_A_DAY else None


def _entry(intake: Intake, draft: Draft, moment: int) -> Entry:
    lane = lane_key(intake.environment, draft)
    id = new_id(partition_of(lane.id), moment)
    key = None
    if draft.keys.identify is not None and not (intake.replay_of or intake.edited_from):
        scope = (intake.environment, intake.endpoint, draft.flow)
        key = SeenKey(*scope, str(draft.keys.identify), draft.hash, (id,))
    return Entry(intake, draft, lane, id, key)


def store_intakes(
    tx: Connection, intakes: Sequence[Intake], at: datetime | None = None
) -> list[list[tuple[Message, bool]]]:
    """Store bodies with their messages; each with whether it was there before. `at`: the database's time now."""
    groups = [entries_of(intake) for intake in intakes]
    at = at or now(tx)
    touched = touch(tx, touches_of(entry for group in groups for entry in group), at)
    return store_entries(tx, intakes, groups, touched, at)


def touches_of(entries: Iterable[Entry]) -> list[Touch]:
    """The numbers that entries need in their lanes."""
    return [Touch(entry.lane, 1, not entry.draft.errors, day_of(entry.message_id)) for entry in entries]


def store_entries(
    tx: Connection,
    intakes: Sequence[Intake],
    groups: Sequence[list[Entry]],
    touched: Mapping[str, Touched],
    at: datetime | None = None,
) -> list[list[tuple[Message, bool]]]:
    """As `store_intakes`, with lanes that are locked already."""
    at = at or now(tx)
    number([entry for group in groups for entry in group], touched)
    callers = _remember_callers(tx, intakes, groups, at)
    fresh = [group for group, caller in zip(groups, callers, strict=True) if caller is None]
    _remember_documents(tx, [entry for group in fresh for entry in group], at)
    for intake, group, caller in zip(intakes, groups, callers, strict=True):
        for entry in group if caller is not None else ():
            entry.first, entry.conflict = caller, caller is not None and caller.hash != intake.hash
    made = _write(tx, intakes, groups, at)
    made |= messages(tx, _earlier(groups, callers))
    made |= _forgotten([entry for group in groups for entry in group], made, at)
    answers = []
    for intake, group, caller in zip(intakes, groups, callers, strict=True):
        if caller is not None and caller.hash == intake.hash:
            answers.append([(made[id], True) for id in caller.message_ids if id in made])
            continue
        answers.append([(made[_final_id(entry)], entry.repeats) for entry in group])
        if caller is None:
            _correct_caller(tx, intake, group)
    return answers


def _forgotten(entries: Sequence[Entry], made: Mapping[str, Message], at: datetime) -> dict[str, Message]:
    """What is repeated but kept no longer: its key is, so that it does not happen again."""
    reason = "it came before and was done; the message itself is kept no longer"
    return {
        id: replace(message_of(entry, "", at), id=id, state="forgotten", code="", reason=reason)
        for entry in entries
        if entry.repeats and entry.first is not None
        for id in entry.first.message_ids
        if id not in made
    }


def _write(
    tx: Connection, intakes: Sequence[Intake], groups: Sequence[list[Entry]], at: datetime
) -> dict[str, Message]:
    """Bodies, messages and what is known of those that cannot run; all intakes at once."""
    bodies: list[Body] = []
    made: dict[str, Message] = {}
    for intake, group in zip(intakes, groups, strict=True):
        new = [entry for entry in group if not entry.repeats]
        if new:
            body_id = new[0].message_id
            bodies.append(Body(body_id, intake.body, intake.hash, intake.media_type, intake.headers, at))
            made |= {entry.message_id: message_of(entry, body_id, at) for entry in new}
        if intake.only is not None:
            limit_to(tx, [entry.message_id for entry in new], intake.only)
    write_together(tx, [new_bodies(bodies), *new_messages(list(made.values()))])
    drafts = {entry.message_id: entry.draft for group in groups for entry in group}
    note_drafts(tx, {id: (m, drafts[id]) for id, m in made.items() if m.state != "received"}, at)
    faulty = {e.message_id: e.draft for group in groups for e in group if e.draft.errors and not e.repeats}
    known = {id: {"state": "dead", "faults": [fault_json(f) for f in d.faults]} for id, d in faulty.items()}
    put_outcomes(tx, known, at)
    return made


def _earlier(groups: Sequence[list[Entry]], callers: Sequence[Seen | None]) -> set[str]:
    ids = {entry.first.message_ids[0] for group in groups for entry in group if entry.repeats and entry.first}
    return ids | {id for caller in callers if caller is not None for id in caller.message_ids}


def _correct_caller(tx: Connection, intake: Intake, group: Sequence[Entry]) -> None:
    """A caller's own key stands for the messages that were there before, where there were some."""
    if intake.idempotency_key and any(entry.repeats for entry in group):
        key = SeenKey(intake.environment, intake.endpoint, "", intake.idempotency_key, intake.hash, ())
        correct(tx, key, [_final_id(entry) for entry in group])


def number(entries: Sequence[Entry], touched: Mapping[str, Touched]) -> None:
    """Give entries their places: the last numbers of each lane, in order."""
    left: dict[str, int] = {}
    for entry in entries:
        left[entry.lane.id] = left.get(entry.lane.id, 0) + 1
    for entry in entries:
        entry.seq = touched[entry.lane.id].last_seq - left[entry.lane.id] + 1
        left[entry.lane.id] -= 1


def _remember_callers(
    tx: Connection, intakes: Sequence[Intake], groups: Sequence[list[Entry]], at: datetime
) -> list[Seen | None]:
    keys: list[SeenKey | None] = []
    for intake, group in zip(intakes, groups, strict=True):
        ids = tuple(entry.message_id for entry in group)
        scope = (intake.environment, intake.endpoint, "")
        keys.append(
            SeenKey(*scope, intake.idempotency_key, intake.hash, ids) if intake.idempotency_key else None
        )
    seen = remember(tx, [key for key in keys if key is not None], at)
    return [seen.get(key.id) if key is not None else None for key in keys]


def _remember_documents(tx: Connection, entries: Sequence[Entry], at: datetime) -> None:
    first: dict[str, Entry] = {}
    for entry in entries:
        if entry.key is not None:
            earlier = first.setdefault(entry.key.id, entry)
            if earlier is not entry:
                entry.first = Seen(earlier.draft.hash, (earlier.message_id,))
    seen = remember(tx, [entry.key for entry in first.values() if entry.key is not None], at)
    for entry in entries:
        if entry.key is not None and entry.key.id in seen:
            entry.first = seen[entry.key.id]
        entry.conflict = entry.first is not None and entry.first.hash != entry.draft.hash


def _final_id(entry: Entry) -> str:
    return entry.first.message_ids[0] if entry.repeats and entry.first is not None else entry.message_id


def message_of(entry: Entry, body_id: str, at: datetime) -> Message:
    """The row of an entry: received, dead where it could not be read, quarantined where its key is taken."""
    intake, draft = entry.intake, entry.draft
    made = Message(
        id=entry.message_id,
        lane=entry.lane.id,
        seq=entry.seq,
        state="received",
        environment=intake.environment,
        endpoint=intake.endpoint,
        ruleset=draft.route.ruleset,
        flow=draft.flow,
        release_id=draft.route.release_id,
        correlation_id=intake.correlation_id or new_correlation_id(),
        body_id=body_id,
        received_at=at,
        updated_at=at,
        document_index=draft.index,
        causation_id=intake.causation_id,
        trace=intake.trace,
        replay_of=intake.replay_of,
        hops=intake.hops,
        sender=intake.sender,
        label=draft.label,
        keys=draft.keys.business,
    )
    if entry.conflict and entry.first is not None:
        first = entry.first.message_ids[0]
        reason = f"the same key came before with another content, as message {first}"
        return replace(made, state="quarantined", code="key_conflict", reason=reason, duplicate_of=first)
    if draft.errors:
        worst = draft.errors[0]
        return replace(
            made, state="dead", code=worst.code[:60], reason=describe_fault(worst.message, worst.place)
        )
    return made


def describe_fault(message: str, place: Mapping[str, object]) -> str:
    """A fault in one line, with what its message does not say of its place, in the codec's own terms."""
    where = ", ".join(f"{name} {value}" for name, value in place.items() if str(value) not in message)
    return f"{message} ({where})" if where else message
