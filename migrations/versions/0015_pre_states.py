"""The database refuses states that the product does not know.

A release that adds a state widens the list in a `pre` step, before any process writes it; one that drops a state
narrows it in a `post` step, when no process writes it any more.
"""

import sqlalchemy as sa
from alembic import op

from app.errors import StepRefused
from app.storage.dialects import dialect_of

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_STATES = {
    "messages": (
        "received", "done", "waiting", "ignored", "rejected", "held", "dead", "quarantined", "discarded",
    ),
    "deliveries": (
        "pending", "inflight", "delivered", "retry", "uncertain", "dead", "staged", "discarded",
    ),
    "timers": ("open", "full", "fired", "met", "dropped"),
    "batches": ("checking", "ready", "running", "paused", "done", "cancelled"),
    "breakers": ("closed", "open", "half_open"),
}  # fmt: skip


def upgrade() -> None:
    """Rows that are written from now on; the next step has the database look at those that are there."""
    for table, states in _STATES.items():
        _require_known(table, states)
        dialect_of(op.get_bind()).restrict(op.get_bind(), table, "state", states)


def _require_known(table: str, states: tuple[str, ...]) -> None:
    t = sa.table(table, sa.column("state"))
    query = sa.select(t.c.state, sa.func.count()).where(t.c.state.not_in(states)).group_by(t.c.state)
    found = {row[0]: row[1] for row in op.get_bind().execute(query)}
    if found:
        said = ", ".join(f"{count} in {state!r}" for state, count in sorted(found.items()))
        raise StepRefused(
            f"rows of {table} stand in states that do not exist: {said}. Somebody wrote them by hand: put them into"
            f" one of {', '.join(states)}, then migrate again",
            {"table": table, "states": found},
        )
