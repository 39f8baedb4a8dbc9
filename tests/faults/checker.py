"""What must hold in SQL after any run, whatever was killed: nothing lost, doubled or out of order.

`check` looks at everything and fails with all violations and the history of the messages they were found at.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from app.security.audit import verify
from app.storage.database import Database
from app.storage.deliveries import deliveries_table
from app.storage.messages import messages_table
from tests.faults import inbox_invariants as inbox
from tests.faults import outbox_invariants as outbox
from tests.faults import timer_invariants as timed
from tests.faults.violations import CheckFailed, Violation, story
from tests.journey import Target

STORIES = 2
_MESSAGES = {
    "received": "waiting", "waiting": "waiting", "held": "parked", "quarantined": "parked", "ignored": "delivered",
    "rejected": "dead", "dead": "dead", "discarded": "dead",
}  # fmt: skip
_DELIVERIES = {
    "pending": "waiting",
    "inflight": "waiting",
    "retry": "waiting",
    "uncertain": "parked",
    "dead": "dead",
}
_WORST = ("waiting", "parked", "dead", "delivered")


@dataclass(frozen=True, slots=True)
class Figures:
    """How many messages and deliveries stand in which state, and the fences, for a later look."""

    messages: dict[str, int]
    deliveries: dict[str, int]
    accounts: dict[str, int] = field(default_factory=dict)
    fences: dict[str, int] = field(default_factory=dict, repr=False)


def check(
    database: Database,
    accepted: int | None = None,
    *,
    acknowledged: Collection[str] = (),
    target: Target | None = None,
    endpoints: Collection[str] | None = None,
    before: Figures | None = None,
    forgotten: bool = False,
) -> Figures:
    """Assert everything; the figures of what was found. Errors: CheckFailed.

    `acknowledged` are the ids that senders were told; `target` got what `endpoints` (all, if not given) sent;
    `before` are the figures of an earlier look; `forgotten` says that retention removed old rows.
    """
    with _one_moment(database) as tx:
        found = figures(tx)
        wrong = list(violations(tx, found, accepted, acknowledged, before, forgotten))
        if target is not None:
            wrong += outbox.target(tx, target, endpoints)
        _require(tx, wrong)
    return found


def look(database: Database) -> Figures:
    """`check` in the middle of things."""
    return check(database)


def _one_moment(database: Database) -> AbstractContextManager[Connection]:
    """PostgreSQL shows each statement a moment of its own otherwise."""
    level = {"isolation_level": "REPEATABLE READ"} if database.kind == "postgresql" else {}
    return database.engine.connect().execution_options(**level, mapwright_read=True)


def _require(tx: Connection, wrong: Sequence[Violation]) -> None:
    if wrong:
        ids = list(dict.fromkeys(v.message_id for v in wrong if v.message_id))
        raise CheckFailed(wrong, [story(tx, id) for id in ids[:STORIES]])


def figures(tx: Connection) -> Figures:
    """What stands where: accepted = delivered + parked + dead + waiting."""
    return Figures(
        _by_state(tx, messages_table), _by_state(tx, deliveries_table), _accounts(tx), outbox.fences_of(tx)
    )


def violations(
    tx: Connection,
    found: Figures,
    accepted: int | None = None,
    acknowledged: Collection[str] = (),
    before: Figures | None = None,
    forgotten: bool = False,
) -> Iterator[Violation]:
    """Everything that does not hold in SQL."""
    total = sum(found.messages.values())
    if accepted is not None and total != accepted:
        yield Violation("accepted", f"{accepted} messages were accepted, {total} are there: {found.messages}")
    if sum(found.accounts.values()) != total:
        yield Violation("accepted", f"{total} messages, accounted for: {found.accounts}")
    yield from inbox.acknowledged(tx, acknowledged)
    for invariant in (inbox.known_states, outbox.known_states, timed.known_states, *_INVARIANTS):
        yield from invariant(tx)
    for invariant in () if forgotten else _WHOLE:
        yield from invariant(tx)
    yield from outbox.fences(tx, before.fences if before else {})
    audit = verify(tx)
    if not audit.ok:
        yield Violation("audit", f"the chain is broken at {audit.broken}: {audit.problem}")


_INVARIANTS = (
    inbox.numbers, inbox.history, inbox.inbox_order, inbox.stuck_inbox, inbox.waits, inbox.one_release, inbox.outcomes,
    outbox.one_effect, outbox.ledger, outbox.numbers, outbox.outbox_order, outbox.sending_order, outbox.attempts,
    outbox.stuck_outbox, timed.fired_once, timed.windows,
)  # fmt: skip
_WHOLE = (inbox.bodies, inbox.remembered, outbox.whole)


def _by_state(tx: Connection, table: Any) -> dict[str, int]:
    return {row[0]: row[1] for row in tx.execute(select(table.c.state, func.count()).group_by(table.c.state))}


def _accounts(tx: Connection) -> dict[str, int]:
    """Each message in one account: a done one in that of its worst delivery."""
    m, d = messages_table.c, deliveries_table.c
    accounts: Counter[str] = Counter()
    for state, count in _by_state(tx, messages_table).items():
        if state in _MESSAGES:
            accounts[_MESSAGES[state]] += count
    worst: dict[str, str] = {}
    query = select(m.id, d.state).join_from(
        messages_table, deliveries_table, d.message_id == m.id, isouter=True
    )
    for id, state in tx.execute(query.where(m.state == "done")):
        account = _DELIVERIES.get(state, "delivered")
        worst[id] = min(account, worst.get(id, account), key=_WORST.index)
    return dict(accounts + Counter(worst.values()))
