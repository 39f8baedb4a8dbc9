"""What must hold in SQL after any run, whatever was killed: nothing lost, doubled or out of order."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from app.runtime.states import DELIVERY_STATES, MESSAGE_STATES
from app.security.audit import verify
from app.storage.attempts import attempts_table
from app.storage.database import Database
from app.storage.deliveries import deliveries_table, ledger_table
from app.storage.lanes import lanes_table
from app.storage.messages import messages_table


@dataclass(frozen=True, slots=True)
class Figures:
    """How many messages and deliveries stand in which state."""

    messages: dict[str, int]
    deliveries: dict[str, int]


def check(database: Database, accepted: int | None = None) -> Figures:
    """Assert everything; the figures of what was found."""
    with database.read() as tx:
        figures = Figures(_by_state(tx, messages_table), _by_state(tx, deliveries_table))
        _every_message_is_somewhere(figures, accepted)
        _one_effect_a_ledger_key(tx)
        _lanes_keep_their_order(tx)
        _deliveries_leave_in_order(tx)
        _fences_only_grow(tx)
        _done_messages_have_their_history(tx)
        audit = verify(tx)
        assert audit.ok, audit
    return figures


def _by_state(tx: Connection, table: Any) -> dict[str, int]:
    return {row[0]: row[1] for row in tx.execute(select(table.c.state, func.count()).group_by(table.c.state))}


def _every_message_is_somewhere(figures: Figures, accepted: int | None) -> None:
    """accepted = done + ignored + rejected + held + dead + quarantined + discarded + waiting."""
    assert set(figures.messages) <= set(MESSAGE_STATES) and set(figures.deliveries) <= set(DELIVERY_STATES)
    if accepted is not None:
        assert sum(figures.messages.values()) == accepted, figures


def _one_effect_a_ledger_key(tx: Connection) -> None:
    c = deliveries_table.c
    doubled = select(c.ledger_key).group_by(c.ledger_key).having(func.count() > 1)
    assert tx.execute(doubled).all() == []
    known = select(ledger_table.c.key).where(
        ledger_table.c.delivery_id == c.id, ledger_table.c.key == c.ledger_key
    )
    assert tx.execute(select(c.id).where(~known.exists())).all() == [], "a delivery outside the ledger"
    meant = select(c.message_id, c.rules, c.rule, c.ordinal, c.endpoint, c.address)
    effects = [tuple(row) for row in tx.execute(meant)]
    assert len(effects) == len(set(effects)), "two deliveries mean the same effect"


def _lanes_keep_their_order(tx: Connection) -> None:
    """In an ordered lane, messages came to the outbox in the order of their numbers."""
    m, d, lane = messages_table.c, deliveries_table.c, lanes_table.c
    query = (
        select(d.lane, d.seq, m.lane.label("inbox"), m.seq.label("message_seq"))
        .join(messages_table, (m.id == d.message_id))
        .join(lanes_table, (lane.id == d.lane) & (lane.partition == d.partition))
        .where(lane.ordered, lane.flow != "")
        .order_by(d.lane, d.seq)
    )
    last: dict[tuple[str, str], int] = {}
    for row in tx.execute(query):
        key = (row.lane, row.inbox)
        assert row.message_seq >= last.get(key, 0), f"lane {row.lane} is out of order at {row.seq}"
        last[key] = row.message_seq


def _deliveries_leave_in_order(tx: Connection) -> None:
    """In an ordered lane, no delivery was made before an earlier one of the lane was."""
    d, a, lane = deliveries_table.c, attempts_table.c, lanes_table.c
    query = (
        select(d.lane, d.seq, a.ended_at)
        .join(attempts_table, (a.delivery_id == d.id) & (a.partition == d.partition))
        .join(lanes_table, (lane.id == d.lane) & (lane.partition == d.partition))
        .where(lane.ordered, a.result == "delivered")
        .order_by(d.lane, d.seq)
    )
    last: dict[str, Any] = {}
    for row in tx.execute(query):
        assert row.lane not in last or row.ended_at >= last[row.lane], (
            f"lane {row.lane} overtook at {row.seq}"
        )
        last[row.lane] = row.ended_at


def _fences_only_grow(tx: Connection) -> None:
    d, a, lane = deliveries_table.c, attempts_table.c, lanes_table.c
    query = (
        select(d.lane, a.fence, lane.fence.label("now"))
        .join(attempts_table, (a.delivery_id == d.id) & (a.partition == d.partition))
        .join(lanes_table, (lane.id == d.lane) & (lane.partition == d.partition))
        .order_by(d.lane, a.started_at)
    )
    seen: dict[str, list[int]] = defaultdict(list)
    for row in tx.execute(query):
        seen[row.lane].append(row.fence)
        assert row.fence <= row.now, f"lane {row.lane} went back behind an attempt"
    for lane_id, fences in seen.items():
        assert fences == sorted(fences), f"lane {lane_id} has a fence that shrank"


def _done_messages_have_their_history(tx: Connection) -> None:
    """A message was moved to done once, never twice."""
    count = "select message_id from message_history where to_state = 'done' group by message_id having count(*) > 1"
    assert tx.exec_driver_sql(count).all() == []
