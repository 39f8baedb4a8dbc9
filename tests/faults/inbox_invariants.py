"""What must hold of messages: each in one state, with its history, its place, its release and its effects."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Connection, and_, func, select

from app.runtime.states import MESSAGE_STATES
from app.storage.bodies import bodies_table
from app.storage.deliveries import deliveries_table
from app.storage.duplicates import duplicate_keys_table
from app.storage.environments import deployments_table, promotions_table
from app.storage.lanes import lanes_table
from app.storage.messages import history_table, messages_table
from app.storage.outcomes import outcomes_table
from app.storage.releases import releases_table
from app.storage.timers import timers_table
from tests.faults.violations import Violation

_m, _h, _lane = messages_table.c, history_table.c, lanes_table.c
_BIRTH = ("received", "dead", "quarantined")
_RAN = ("done", "ignored", "rejected", "held")
_BLOCKING = ("dead", "rejected", "held", "quarantined", "waiting")


def known_states(tx: Connection) -> Iterator[Violation]:
    """Each message stands in a state that is documented."""
    for row in tx.execute(select(_m.id, _m.state).where(_m.state.not_in(list(MESSAGE_STATES)))):
        yield Violation("state", f"message {row.id} is {row.state}, which is no state", row.id)


def acknowledged(tx: Connection, ids: Collection[str]) -> Iterator[Violation]:
    """Everything that a sender was told is there."""
    there = set(tx.execute(select(_m.id)).scalars())
    for id in sorted(set(ids) - there):
        yield Violation("lost", f"message {id} was acknowledged and is not there", id)


def remembered(tx: Connection) -> Iterator[Violation]:
    """A duplicate key stands for messages that are there."""
    there = set(tx.execute(select(_m.id)).scalars())
    c = duplicate_keys_table.c
    for row in tx.execute(select(c.key, c.message_ids)):
        for id in set(row.message_ids) - there:
            yield Violation(
                "lost", f"duplicate key {row.key} stands for message {id}, which is not there", id
            )


def bodies(tx: Connection) -> Iterator[Violation]:
    """The raw body of each message is there."""
    there = set(tx.execute(select(bodies_table.c.id)).scalars())
    for row in tx.execute(select(_m.id, _m.body_id)):
        if row.body_id not in there:
            yield Violation("body", f"message {row.id} has lost its raw body {row.body_id}", row.id)


def numbers(tx: Connection) -> Iterator[Violation]:
    """Each place of a lane is taken once, in the partition of the lane."""
    twice = select(_m.lane, _m.seq).group_by(_m.lane, _m.seq).having(func.count() > 1)
    for row in tx.execute(twice):
        yield Violation("numbers", f"two messages have place {row.seq} of lane {row.lane}")
    here = and_(_lane.id == _m.lane, _lane.partition == _m.partition)
    query = select(_m.id, _m.seq, _lane.last_seq).join_from(messages_table, lanes_table, here, isouter=True)
    for row in tx.execute(query.where(_lane.id.is_(None) | (_m.seq > _lane.last_seq))):
        yield Violation(
            "numbers", f"message {row.id} has place {row.seq}; its lane ends at {row.last_seq}", row.id
        )


def history(tx: Connection) -> Iterator[Violation]:
    """The steps of each message lead from its birth to the state it is in, each allowed, done but once."""
    balance: dict[str, Counter[str]] = defaultdict(Counter)
    for row in tx.execute(select(_h.message_id, _h.from_state, _h.to_state)):
        if row.to_state not in MESSAGE_STATES.get(row.from_state, ()):
            what = f"message {row.message_id} went from {row.from_state} to {row.to_state}"
            yield Violation("history", f"{what}, which is no step", row.message_id)
        balance[row.message_id][row.from_state] += 1
        balance[row.message_id][row.to_state] -= 1
    for row in tx.execute(select(_m.id, _m.state)):
        steps = balance.get(row.id, Counter())
        steps[row.state] += 1
        births = [state for state, count in steps.items() if count]
        if len(births) != 1 or births[0] not in _BIRTH or steps[births[0]] != 1:
            yield Violation(
                "history", f"message {row.id} is {row.state}; its steps do not lead there", row.id
            )


def inbox_order(tx: Connection) -> Iterator[Violation]:
    """In an ordered lane, no message was decided before an earlier one; what a person moved counts apart."""
    left = select(_h.message_id, func.max(_h.at).label("at")).where(_h.from_state == "received", _h.by == "")
    last = left.group_by(_h.message_id).subquery()
    query = (
        select(_m.lane, _m.seq, _m.id, last.c.at)
        .join(last, last.c.message_id == _m.id)
        .join(lanes_table, and_(_lane.id == _m.lane, _lane.partition == _m.partition))
        .where(_lane.ordered, _m.state != "discarded")
        .order_by(_m.lane, _m.seq)
    )
    seen: dict[str, Any] = {}
    for row in tx.execute(query):
        if row.lane in seen and row.at < seen[row.lane]:
            yield Violation(
                "inbox order", f"message {row.id} overtook in lane {row.lane} at {row.seq}", row.id
            )
        seen[row.lane] = max(row.at, seen.get(row.lane, row.at))


def stuck_inbox(tx: Connection) -> Iterator[Violation]:
    """A lane with a message to run is ready, its head before that message, and it waits for nobody who is done."""
    here = and_(_lane.id == _m.lane, _lane.partition == _m.partition)
    query = select(_m.id, _m.lane, _m.seq, _lane.ready, _lane.head_seq).join(lanes_table, here)
    for row in tx.execute(query.where(_m.state == "received", ~_lane.ready | (_m.seq <= _lane.head_seq))):
        why = f"ready {row.ready}, head {row.head_seq}"
        yield Violation(
            "stuck", f"nobody looks at message {row.id}, place {row.seq} of a lane with {why}", row.id
        )
    blocking = and_(_m.id == _lane.blocked_by, _m.partition == _lane.partition)
    query = select(_lane.id.label("lane"), _lane.blocked_by, _m.state)
    query = query.join_from(lanes_table, messages_table, blocking, isouter=True)
    for row in tx.execute(query.where(_lane.kind == "inbox", _lane.blocked_by.is_not(None))):
        if row.state not in _BLOCKING:
            what = f"lane {row.lane} waits for message {row.blocked_by}, which is {row.state or 'not there'}"
            yield Violation("stuck", what, row.blocked_by)


def waits(tx: Connection) -> Iterator[Violation]:
    """Who waits has a timer that will look at it again."""
    t = timers_table.c
    watched = select(t.id).where(t.message_id == _m.id, t.kind == "wait", t.state == "open")
    for id in tx.execute(select(_m.id).where(_m.state == "waiting", ~watched.exists())).scalars():
        yield Violation("stuck", f"message {id} waits, and no timer will look at it", id)


def one_release(tx: Connection) -> Iterator[Violation]:
    """A message is decided by one release, one that was live in its environment; its deliveries by the same."""
    known = set(tx.execute(select(releases_table.c.id)).scalars())
    lived, recorded = _lived(tx)
    pairs = select(_m.environment, _m.release_id, func.min(_m.id).label("id")).where(_m.replay_of == "")
    for row in tx.execute(pairs.group_by(_m.environment, _m.release_id)):
        if row.release_id not in known:
            yield Violation("release", f"message {row.id} has the unknown release {row.release_id}", row.id)
        elif row.environment in recorded and (row.environment, row.release_id) not in lived:
            yield Violation(
                "release", f"release {row.release_id} was never live in {row.environment}", row.id
            )
    d = deliveries_table.c
    query = select(d.id, d.message_id).join(messages_table, (_m.id == d.message_id)).where(d.rules != "call")
    for row in tx.execute(query.where(d.release_id != _m.release_id)):
        what = f"delivery {row.id} was made by another release than its message {row.message_id}"
        yield Violation("release", what, row.message_id)


def _lived(tx: Connection) -> tuple[set[tuple[str, str]], set[str]]:
    """What was live where, and the environments whose promotions tell it."""
    p, live = promotions_table.c, deployments_table.c
    lived = {tuple(row) for row in tx.execute(select(live.environment, live.release_id))}
    recorded = set()
    for row in tx.execute(select(p.environment, p.from_release, p.to_release)):
        recorded.add(row.environment)
        lived |= {(row.environment, row.from_release), (row.environment, row.to_release)}
    return lived, recorded


def outcomes(tx: Connection) -> Iterator[Violation]:
    """Each send that an outcome asks for is a delivery, and nothing else is; what ran has an outcome."""
    d, o = deliveries_table.c, outcomes_table.c
    made: dict[str, set[tuple[Any, ...]]] = defaultdict(set)
    for row in tx.execute(select(d.message_id, d.rules, d.rule, d.ordinal, d.endpoint)):
        made[row.message_id].add((row.rules, row.rule, row.ordinal, row.endpoint))
    query = select(_m.id, _m.state, o.content)
    here = and_(o.message_id == _m.id, o.partition == _m.partition)
    for row in tx.execute(query.join_from(messages_table, outcomes_table, here, isouter=True)):
        if row.content is None:
            if row.state in _RAN:
                yield Violation("outcome", f"message {row.id} is {row.state} and has no outcome", row.id)
            continue
        if row.state == "done":
            yield from _sends(row.id, row.content, made.get(row.id, set()))


def _sends(id: str, content: Any, made: set[tuple[Any, ...]]) -> Iterator[Violation]:
    sends = [a for a in content.get("actions", ()) if a["type"] == "send"]
    wanted = {(a["rules"], a["rule"], int(a["ordinal"]), a["endpoint"]) for a in sends}
    for effect in sorted(wanted - made):
        yield Violation("effect lost", f"message {id} is done; its send {effect} is in no outbox", id)
    if len(wanted) < len(sends):
        yield Violation("outcome", f"message {id} sends the same effect twice", id)
