"""The transactions of deliveries: many lanes at once note what became of their attempts, and what they send next.

Each lane stands under its own fence: one that somebody else owns by now drops out, the others go on. Nothing
leaves before the transaction that notes it is committed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from app.runtime.asking import note_answer
from app.runtime.calling import keep_answers
from app.runtime.outbox import BATCH, Choice, Judged, OutboxWork, Ready, Results, leave_lanes, park_lane
from app.runtime.states import move_delivery_states
from app.runtime.verdicts import Sent
from app.settings import Settings
from app.storage import attempts
from app.storage.attempts import Ended
from app.storage.claims import hold
from app.storage.deliveries import Delivery, DeliveryMove, delivery_bodies, open_in_lanes


@dataclass(frozen=True, slots=True)
class Turn:
    """A lane's part in a transaction: what it has to tell, whether it may send more; `parked` says why it may not."""

    work: OutboxWork
    results: Results = Results()
    go_on: bool = True
    parked: str = ""

    @property
    def lane_id(self) -> str:
        """Its lane."""
        return self.work.lane.id


@dataclass(slots=True)
class TurnsTaken:
    """What became of turns: deliveries to send by lane; turns to be taken later, since others write to their lanes now.

    A lane that is in neither is left. `again`: one was left that has something to do at once.
    """

    ready: dict[str, list[Ready]] = field(default_factory=dict)
    later: list[Turn] = field(default_factory=list)
    again: bool = False


def take_turns(tx: Connection, turns: Sequence[Turn], settings: Settings) -> TurnsTaken:
    """Write results of lanes; then note their next deliveries as inflight, or leave them."""
    held = hold(tx, [t.work.lane for t in turns], settings.lease_seconds + settings.delivery_deadline)
    for t in turns:
        t.work.lane = held.lanes.get(t.lane_id, t.work.lane)
    ours = [t for t in turns if t.lane_id in held.lanes]
    taken = TurnsTaken(later=[t for t in turns if t.lane_id in held.locked])
    for t in ours:
        if t.parked:
            park_lane(tx, t.work.lane, t.parked, held.at)
    going = [t for t in ours if not t.parked]
    stuck, since_day = _note(tx, going, held.at)
    choices = {id: Choice(blocked_by=delivery_id) for id, delivery_id in stuck.items()}
    choices |= _choose(tx, [t for t in going if t.lane_id not in stuck], held.at, since_day)
    granted = _granted(tx, going, choices)
    taken.ready = _start(tx, granted, held.at)
    left = [(t.work.lane, choices[t.lane_id].blocked_by) for t in going if t.lane_id not in taken.ready]
    taken.again = any(leave_lanes(tx, left, held.at, since_day))
    return taken


def _note(tx: Connection, turns: Sequence[Turn], at: datetime) -> tuple[dict[str, str], int]:
    """Write what became of attempts; by lane the delivery that stops it, and since which day lanes are read."""
    told = [t for t in turns if t.results != Results()]
    since_day = min((t.work.lane.oldest_day for t in turns), default=0)
    if not told:
        return {}, since_day
    judged = {t.lane_id: [t.work.judge(sent, at) for sent in t.results.sent] for t in told}
    every = [one for some in judged.values() for one in some]
    unsent = [d for t in told for d in t.results.unsent]
    undone = [DeliveryMove(d, "pending", attempts=d.attempts - 1) for d in unsent]
    move_delivery_states(tx, [*(one.move for one in every), *undone], at)
    keep_answers(tx, [one.sent for one in every], [one.move for one in every], at)
    attempts.end(tx, [_ended(one.sent) for one in every], at)
    attempts.forget(tx, [(d.id, d.attempts) for d in unsent])
    for t in sorted(told, key=lambda t: t.work.place):
        t.work.gate.slowed(tx, t.results.sent)
    given_up = [_remedy(tx, t.work, judged[t.lane_id], at) for t in told]
    stuck = {t.lane_id: id for t in told for id in _stuck(tx, t, judged[t.lane_id], at)}
    # a fallback may have opened an older day in a lane of ours
    return stuck, 0 if any(given_up) else since_day


def _remedy(tx: Connection, work: OutboxWork, judged: Sequence[Judged], at: datetime) -> bool:
    """Carry out what playbooks say of deliveries that are given up; whether there is any."""
    found = [(one.move, one.remedy) for one in judged if one.remedy and one.move.to_state == "dead"]
    work.remedies.carry_out(tx, work.lane, found, at)
    return bool(found)


def _stuck(tx: Connection, t: Turn, judged: Sequence[Judged], at: datetime) -> Iterator[str]:
    """The delivery that a lane has to wait for now, if there is one."""
    stuck = [one.move.delivery.id for one in judged if t.work.blocks(one)]
    for asked in t.results.asked:
        if note_answer(tx, t.work.lane, asked, t.work.gate.control, at) and t.work.lane.ordered:
            stuck.append(asked.delivery.id)
    yield from stuck[:1]


def _choose(tx: Connection, turns: Sequence[Turn], at: datetime, since_day: int) -> dict[str, Choice]:
    found = open_in_lanes(tx, [t.lane_id for t in turns], BATCH, at, since_day)
    return {t.lane_id: t.work.choose(tx, found[t.lane_id], at) for t in turns}


def _granted(
    tx: Connection, turns: Sequence[Turn], choices: Mapping[str, Choice]
) -> list[tuple[OutboxWork, Sequence[Delivery]]]:
    """What the connections let through."""
    granted = []
    for t in sorted(turns, key=lambda t: t.work.place):
        chosen = choices[t.lane_id].chosen if t.go_on else ()
        count = t.work.gate.grant(tx, len(chosen))
        if count:
            granted.append((t.work, chosen[:count]))
    return granted


def _start(
    tx: Connection, granted: Sequence[tuple[OutboxWork, Sequence[Delivery]]], at: datetime
) -> dict[str, list[Ready]]:
    """Note deliveries as inflight; uncertain ones are asked about, which needs no note."""
    moves = [
        DeliveryMove(d, "inflight", fence=work.lane.fence, attempts=d.attempts + 1)
        for work, chosen in granted
        for d in chosen
        if d.state != "uncertain"
    ]
    move_delivery_states(tx, moves, at)
    attempts.start(tx, [(m.delivery.id, m.attempts or 0, m.fence or 0) for m in moves], at)
    contents = delivery_bodies(tx, [d.id for _, chosen in granted for d in chosen])
    return {
        work.lane.id: [Ready(_started(work, d), contents[d.id]) for d in chosen] for work, chosen in granted
    }


def _started(work: OutboxWork, d: Delivery) -> Delivery:
    if d.state == "uncertain":
        return d
    return replace(d, state="inflight", fence=work.lane.fence, attempts=d.attempts + 1)


def _ended(sent: Sent) -> Ended:
    receipt = sent.receipt
    reply = receipt.reply[:4000].decode("utf-8", "replace").replace("\x00", "\ufffd")
    return Ended(
        sent.delivery.id,
        sent.delivery.attempts,
        receipt.result,
        receipt.detail,
        receipt.error_class,
        receipt.status,
        reply,
    )
