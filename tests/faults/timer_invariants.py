"""What must hold of timers: each fired at most once, each that fired has its message, no item in two windows."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select

from app.runtime.firing import TIMER
from app.storage.bodies import bodies_table
from app.storage.database import read_exact
from app.storage.messages import messages_table
from app.storage.timers import collected_table, timers_table
from tests.faults.violations import Violation

_t = timers_table.c
STATES = {
    "expect": ("open", "met", "fired", "dropped"),
    "collect": ("open", "full", "fired", "dropped"),
    "wait": ("open", "fired", "dropped"),
}


def known_states(tx: Connection) -> Iterator[Violation]:
    """Each timer stands in a state of its kind."""
    for row in tx.execute(select(_t.id, _t.kind, _t.state, _t.message_id)):
        if row.kind in STATES and row.state not in STATES[row.kind]:
            what = f"timer {row.id} ({row.kind}) is {row.state}, which is no state"
            yield Violation("state", what, row.message_id)


def fired_once(tx: Connection) -> Iterator[Violation]:
    """A timer that fired left one message; no other timer left any."""
    made = _messages_by_timer(tx)
    query = select(_t.id, _t.state, _t.message_id).where(_t.kind.in_(["expect", "collect"]))
    for row in tx.execute(query):
        ids = [id for id, _ in made.pop(row.id, [])]
        if len(ids) != (1 if row.state == "fired" else 0):
            what = f"timer {row.id} is {row.state} and left {len(ids)} messages"
            yield Violation("timer", what, ids[0] if ids else row.message_id)
    for timer, messages in made.items():
        yield Violation("timer", f"a message of timer {timer}, which is not there", messages[0][0])


def windows(tx: Connection) -> Iterator[Violation]:
    """The items of a window are counted from one, and its message bears all of them."""
    c = collected_table.c
    places: dict[str, list[int]] = defaultdict(list)
    twice: Counter[tuple[Any, ...]] = Counter()
    for row in tx.execute(select(c.timer_id, c.place, c.message_id).order_by(c.timer_id, c.place)):
        places[row.timer_id].append(row.place)
        twice[row.timer_id, row.message_id] += 1
    made = _messages_by_timer(tx)
    for row in tx.execute(select(_t.id, _t.count, _t.state, _t.message_id).where(_t.kind == "collect")):
        found = places.pop(row.id, [])
        if found != list(range(1, row.count + 1)):
            what = f"window {row.id} counts {row.count} items and holds {found}"
            yield Violation("window", what, row.message_id)
        for id, said in made.get(row.id, []):
            if len(said["items"]) != len(found):
                what = f"window {row.id} holds {len(found)} items; its message bears {len(said['items'])}"
                yield Violation("window", what, id)
    for timer in places:
        yield Violation("window", f"items of window {timer}, which is not there")


def _messages_by_timer(tx: Connection) -> dict[str, list[tuple[str, Any]]]:
    m, b = messages_table.c, bodies_table.c
    query = select(m.id, b.content).join(bodies_table, b.id == m.body_id)
    made: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    for row in tx.execute(query.where(b.media_type == TIMER, m.replay_of == "")):
        said = read_exact(bytes(row.content))
        made[said["timer"]].append((row.id, said))
    return made
