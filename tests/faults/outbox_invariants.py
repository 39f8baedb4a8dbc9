"""What must hold of deliveries: one effect a ledger key, in order, with their attempts, nobody forgotten."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, and_, func, select

from app.runtime.states import DELIVERY_STATES
from app.storage.attempts import attempts_table
from app.storage.audit import audit_table
from app.storage.deliveries import deliveries_table, delivery_bodies_table, ledger_table
from app.storage.lanes import lanes_table
from app.storage.messages import history_table, messages_table
from app.storage.origins import edits_table
from tests.faults.violations import Violation
from tests.journey import Target

_d, _a, _m, _lane = deliveries_table.c, attempts_table.c, messages_table.c, lanes_table.c
_IN_LANE = and_(_lane.id == _d.lane, _lane.partition == _d.partition)
_ITS_ATTEMPTS = and_(_a.delivery_id == _d.id, _a.partition == _d.partition)


def known_states(tx: Connection) -> Iterator[Violation]:
    """Each delivery stands in a state that is documented."""
    query = select(_d.id, _d.state, _d.message_id).where(_d.state.not_in(list(DELIVERY_STATES)))
    for row in tx.execute(query):
        yield Violation("state", f"delivery {row.id} is {row.state}, which is no state", row.message_id)


def one_effect(tx: Connection) -> Iterator[Violation]:
    """At most one delivery a ledger key, and one a message, rule, target and ordinal that was not given up."""
    doubled = select(_d.ledger_key, func.min(_d.message_id)).group_by(_d.ledger_key).having(func.count() > 1)
    for key, id in tx.execute(doubled):
        yield Violation("doubled", f"two deliveries have the ledger key {key}", id)
    meant = (_d.message_id, _d.rules, _d.rule, _d.ordinal, _d.endpoint, _d.address)
    for row in tx.execute(
        select(*meant).where(_d.state != "discarded").group_by(*meant).having(func.count() > 1)
    ):
        yield Violation("doubled", f"two deliveries mean the same effect: {tuple(row)}", row.message_id)


def ledger(tx: Connection) -> Iterator[Violation]:
    """Each delivery stands in the ledger under its own key."""
    known = select(ledger_table.c.key).where(
        ledger_table.c.delivery_id == _d.id, ledger_table.c.key == _d.ledger_key
    )
    for row in tx.execute(select(_d.id, _d.message_id).where(~known.exists())):
        yield Violation("ledger", f"delivery {row.id} stands outside the ledger", row.message_id)


def whole(tx: Connection) -> Iterator[Violation]:
    """What the ledger names is there, with its bytes and its message."""
    of_ledger = select(ledger_table.c.delivery_id).where(
        ~select(_d.id).where(_d.id == ledger_table.c.delivery_id).exists()
    )
    for id in tx.execute(of_ledger).scalars():
        yield Violation("effect lost", f"the ledger names delivery {id}, which is not there")
    bytes_ = delivery_bodies_table.c
    stored = select(bytes_.delivery_id).where(bytes_.delivery_id == _d.id, bytes_.partition == _d.partition)
    for row in tx.execute(select(_d.id, _d.message_id).where(~stored.exists())):
        yield Violation("body", f"delivery {row.id} has lost its bytes", row.message_id)
    origin = select(_m.id).where(_m.id == _d.message_id)
    for row in tx.execute(select(_d.id, _d.message_id).where(~origin.exists())):
        yield Violation("lost", f"delivery {row.id} has lost its message {row.message_id}", row.message_id)


def numbers(tx: Connection) -> Iterator[Violation]:
    """Each place of an outbox lane is taken once, and counted by the lane."""
    twice = select(_d.lane, _d.seq).group_by(_d.lane, _d.seq).having(func.count() > 1)
    for row in tx.execute(twice):
        yield Violation("numbers", f"two deliveries have place {row.seq} of lane {row.lane}")
    query = select(_d.id, _d.seq, _d.message_id, _lane.last_seq)
    query = query.join_from(deliveries_table, lanes_table, _IN_LANE, isouter=True)
    for row in tx.execute(query.where(_lane.id.is_(None) | (_d.seq > _lane.last_seq))):
        what = f"delivery {row.id} has place {row.seq}; its lane ends at {row.last_seq}"
        yield Violation("numbers", what, row.message_id)


def outbox_order(tx: Connection) -> Iterator[Violation]:
    """From an ordered lane, messages came to the outbox in the order of their numbers."""
    h, inbox = history_table.c, lanes_table.alias()
    moved = select(h.message_id, func.max(h.at).label("at")).where(h.to_state == "received", h.by != "")
    again = moved.group_by(h.message_id).subquery()
    query = (
        select(_d.lane, _d.seq, _d.message_id, _m.lane.label("inbox"), _m.seq.label("place"))
        .join(messages_table, _m.id == _d.message_id)
        .join(lanes_table, _IN_LANE)
        .join(inbox, and_(inbox.c.id == _m.lane, inbox.c.partition == _m.partition))
        .outerjoin(again, again.c.message_id == _m.id)
        .where(_lane.ordered, inbox.c.ordered)
        # What a message asked before a person gave it a new place belongs to its old one.
        .where(again.c.at.is_(None) | (_d.created_at >= again.c.at))
        # What a person edited leaves when that person says so.
        .where(_d.state != "discarded", _d.id.not_in(select(edits_table.c.id)))
        .order_by(_d.lane, _d.seq)
    )
    last: dict[tuple[str, str], int] = {}
    for row in tx.execute(query):
        key = (row.lane, row.inbox)
        if row.place < last.get(key, 0):
            what = f"lane {row.lane} is out of order at {row.seq}"
            yield Violation("outbox order", what, row.message_id)
        last[key] = max(row.place, last.get(key, 0))


def sending_order(tx: Connection) -> Iterator[Violation]:
    """In an ordered lane, no delivery was made before an earlier one; what a person sent again counts apart."""
    query = (
        select(_d.lane, _d.seq, _d.message_id, _a.ended_at)
        .join(attempts_table, _ITS_ATTEMPTS)
        .join(lanes_table, _IN_LANE)
        .where(_lane.ordered, _a.result == "delivered", _d.forgiven == 0)
        .order_by(_d.lane, _d.seq)
    )
    last: dict[str, Any] = {}
    for row in tx.execute(query):
        if row.lane in last and row.ended_at < last[row.lane]:
            yield Violation("sending order", f"lane {row.lane} overtook at {row.seq}", row.message_id)
        last[row.lane] = row.ended_at


def fences(tx: Connection, before: Mapping[str, int]) -> Iterator[Violation]:
    """Fences only grow: with every attempt of a lane, up to the lane's own, and since an earlier look."""
    query = (
        select(_d.lane, _d.message_id, _a.fence, _lane.fence.label("now"))
        .join(attempts_table, _ITS_ATTEMPTS)
        .join(lanes_table, _IN_LANE)
        .order_by(_d.lane, _a.started_at, _a.fence)
    )
    last: dict[str, int] = {}
    for row in tx.execute(query):
        if row.fence > row.now:
            yield Violation("fence", f"lane {row.lane} went back behind an attempt", row.message_id)
        if row.fence < last.get(row.lane, 0):
            yield Violation(
                "fence", f"lane {row.lane} has a fence that shrank to {row.fence}", row.message_id
            )
        last[row.lane] = row.fence
    now = fences_of(tx)
    for lane, fence in before.items():
        if now.get(lane, -1) < fence:
            yield Violation("fence", f"lane {lane} had fence {fence} and has {now.get(lane)} now")


def fences_of(tx: Connection) -> dict[str, int]:
    """The fence of each lane."""
    return {row.id: row.fence for row in tx.execute(select(_lane.id, _lane.fence))}


def attempts(tx: Connection) -> Iterator[Violation]:
    """Every delivery has the attempts it counts, numbered from one; at most one of them delivered it."""
    found: dict[str, list[Any]] = defaultdict(list)
    for row in tx.execute(select(_a.delivery_id, _a.number, _a.result).order_by(_a.delivery_id, _a.number)):
        found[row.delivery_id].append(row)
    confirmed = select(audit_table.c.target).where(audit_table.c.what == "delivery.delivered")
    by_hand = set(tx.execute(confirmed).scalars())
    for d in tx.execute(select(_d.id, _d.state, _d.attempts, _d.message_id)):
        made = found.pop(d.id, [])
        for what in _faults(d, made, d.id in by_hand):
            yield Violation("attempts", f"delivery {d.id} {what}", d.message_id)
    for id in found:
        yield Violation("attempts", f"attempts of delivery {id}, which is not there")


def _faults(d: Any, made: list[Any], by_hand: bool) -> Iterator[str]:
    if [row.number for row in made] != list(range(1, d.attempts + 1)):
        yield f"counts {d.attempts} attempts and has {[row.number for row in made]}"
    results = [row.result for row in made]
    if results.count("delivered") > 1:
        yield "was delivered by two attempts"
    if "delivered" in results and d.state != "delivered":
        yield f"was delivered and is {d.state}"
    asked = any(result in ("uncertain", "interrupted") for result in results)
    if d.state == "delivered" and "delivered" not in results and not by_hand and not asked:
        yield "is delivered, and no attempt did it"
    if "" in results[:-1] or ("" in results[-1:] and d.state != "inflight"):
        yield f"is {d.state} and has an attempt without an end"


def stuck_outbox(tx: Connection) -> Iterator[Violation]:
    """A lane with an open delivery is ready and will be looked at when that is due, or waits for a person."""
    query = select(_d.id, _d.state, _d.message_id, _lane.blocked_by).join(lanes_table, _IN_LANE)
    still = and_(~_lane.ready, _lane.blocked_by.is_(None))
    for row in tx.execute(query.where(_d.state.in_(["pending", "inflight", "retry"]), still)):
        yield Violation("stuck", f"nobody looks at delivery {row.id}, which is {row.state}", row.message_id)
    blocking = and_(_d.id == _lane.blocked_by, _d.partition == _lane.partition)
    query = select(_lane.id.label("lane"), _lane.blocked_by, _d.state, _d.message_id)
    query = query.join_from(lanes_table, deliveries_table, blocking, isouter=True)
    for row in tx.execute(query.where(_lane.kind == "outbox", _lane.blocked_by.is_not(None))):
        if row.state not in ("uncertain", "dead"):
            what = f"lane {row.lane} waits for delivery {row.blocked_by}, which is {row.state or 'not there'}"
            yield Violation("stuck", what, row.message_id or "")


def target(tx: Connection, seen: Target, endpoints: Collection[str] | None) -> Iterator[Violation]:
    """The target's own record: nothing it was not to get, all that is delivered, the same bytes, in order."""
    columns = (_d.id, _d.ledger_key, _d.message_id, _d.endpoint, _d.state, _d.idempotent, _d.forgiven, _d.seq)
    query = select(*columns, _d.lane, _lane.ordered, delivery_bodies_table.c.content)
    query = query.join(lanes_table, _IN_LANE).join(
        delivery_bodies_table, delivery_bodies_table.c.delivery_id == _d.id
    )
    known = {row.ledger_key: row for row in tx.execute(query)}
    place = {arrival.key: position for position, arrival in enumerate(seen.effects)}
    for arrival in seen.arrivals:
        row = known.get(arrival.key)
        if row is None:
            yield Violation("target", f"the target got {arrival.key}, which is in no ledger")
        elif json.loads(row.content) != arrival.body:
            yield Violation(
                "target", f"delivery {row.id} was sent with other bytes than stored", row.message_id
            )
    for key, row in known.items():
        ours = endpoints is None or row.endpoint in endpoints
        if ours and row.state == "delivered" and key not in place:
            yield Violation("target", f"delivery {row.id} is delivered; the target lacks it", row.message_id)
        if ours and not row.idempotent and not row.forgiven and seen.times(key) > 1:
            yield Violation(
                "target", f"delivery {row.id} took effect {seen.times(key)} times", row.message_id
            )
    yield from _order_at_target(known, place)


def _order_at_target(known: Mapping[str, Any], place: Mapping[str, int]) -> Iterator[Violation]:
    rows = [row for key, row in known.items() if key in place and row.ordered and not row.forgiven]
    last: dict[str, int] = {}
    for row in sorted(rows, key=lambda r: (r.lane, r.seq)):
        if place[row.ledger_key] < last.get(row.lane, -1):
            what = f"delivery {row.id} reached the target after a later one of lane {row.lane}"
            yield Violation("target", what, row.message_id)
        last[row.lane] = max(place[row.ledger_key], last.get(row.lane, -1))
