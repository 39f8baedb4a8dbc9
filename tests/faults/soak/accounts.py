"""What a run came to: whether all is settled, and whether each sender got what it was promised."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from app.storage.deliveries import deliveries_table
from app.storage.messages import messages_table
from app.storage.timers import timers_table
from tests.faults.soak.site import Site
from tests.faults.soak.traffic import Sent
from tests.faults.violations import Violation

_m, _d, _t = messages_table.c, deliveries_table.c, timers_table.c
_OPEN = ("pending", "inflight", "retry", "uncertain", "dead")


def unsettled(tx: Connection) -> dict[str, int]:
    """What is still under way, by kind."""
    messages = select(_m.state, func.count()).where(_m.state.in_(["received", "waiting"])).group_by(_m.state)
    deliveries = select(_d.state, func.count()).where(_d.state.in_(_OPEN)).group_by(_d.state)
    timers = select(_t.kind, func.count()).where(_t.state.in_(["open", "full"])).group_by(_t.kind)
    return {
        **{f"messages {state}": count for state, count in tx.execute(messages)},
        **{f"deliveries {state}": count for state, count in tx.execute(deliveries)},
        **{f"timers {kind}": count for kind, count in tx.execute(timers)},
    }


@dataclass(frozen=True)
class Seen:
    """An effect as the target saw it, and the delivery that it was."""

    name: str
    lot: str
    edition: str
    at: float
    delivery: Any


def seen(tx: Connection, site: Site) -> list[Seen]:
    """The effects at the target in their order; questions of calls are none, what was collected is several."""
    columns = (_d.ledger_key, _d.rules, _d.release_id, _d.message_id, _d.forgiven)
    known = {row.ledger_key: row for row in tx.execute(select(*columns))}
    found = []
    for a in list(site.target.effects):
        row = known.get(a.key)
        if row is not None and row.rules != "call":
            edition = str(a.body.get("mode", ""))
            found += [Seen(name, a.body["lot"], edition, a.at, row) for name in a.body["id"].split("+")]
    return found


def promises(tx: Connection, site: Site, sent: Sequence[Sent]) -> Iterator[Violation]:
    """Each body became one message that ended well, with its effects at the target, in its lot's order."""
    runs = _runs(tx)
    effects = seen(tx, site)
    counts = Counter(one.name for one in effects)
    for one in sent:
        if one.refused:
            yield Violation("refused", f"{one.name} ({one.mode}) was refused: {one.refused}", one.message_id)
        if not one.message_id:
            yield Violation("accepted", f"{one.name} ({one.mode}) was never taken")
            continue
        states = runs[one.message_id]
        if set(states) & {"dead", "quarantined", "received", "waiting"}:
            yield Violation(
                "unexpected", f"{one.name} ({one.mode}) and its replays are {states}", one.message_id
            )
        if one.effects is not None and counts[one.name] != one.effects * states.count("done"):
            what = f"{one.name} ({one.mode}) ran {states} and has {counts[one.name]} effects at the target"
            yield Violation("effects", what, one.message_id)
    yield from _editions(site, effects)
    yield from _order(sent, effects)


def _runs(tx: Connection) -> dict[str, list[str]]:
    """The states of each message and of its replays."""
    runs: dict[str, list[str]] = defaultdict(list)
    for row in tx.execute(select(_m.id, _m.replay_of, _m.state)):
        runs[row.replay_of or row.id].append(row.state)
    return runs


def _editions(site: Site, effects: Sequence[Seen]) -> Iterator[Violation]:
    for one in effects:
        made_by = f"edition {site.releases.get(one.delivery.release_id, 0)}"
        if one.edition.startswith("edition") and one.edition != made_by:
            what = f"{one.name} says {one.edition} and was made by {made_by} of the rule set"
            yield Violation("release", what, one.delivery.message_id)


def releases_at_work(tx: Connection, site: Site, moves: int) -> Iterator[Violation]:
    """A run whose promotions changed nothing proves nothing of them."""
    editions = {one.edition for one in seen(tx, site) if one.edition.startswith("edition")}
    if not moves or len(editions) < 2:
        yield Violation("release", f"{moves} promotions and rollbacks; the target saw {sorted(editions)}")


def _order(sent: Sequence[Sent], effects: Sequence[Seen]) -> Iterator[Violation]:
    """Orders of a lot have their first effects in the order in which their sender had them acknowledged."""
    number = {one.name: one.number for one in sent if one.mode == ""}
    by_hand = {one.name for one in effects if one.delivery.forgiven}
    last: dict[str, int] = defaultdict(int)
    for one in effects:
        here = number.pop(one.name, 0)
        if not here or one.name in by_hand:
            continue
        if here < last[one.lot]:
            what = f"{one.name} reached the target after order-{last[one.lot]} of {one.lot}"
            yield Violation("order", what, one.delivery.message_id)
        last[one.lot] = max(here, last[one.lot])
