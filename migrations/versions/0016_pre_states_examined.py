"""The database has looked at the states of all rows, in a transaction of its own: nobody had to wait for that."""

from alembic import op

from app.storage.dialects import dialect_of

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rows that came before the constraints."""
    for table in ("messages", "deliveries", "timers", "batches", "breakers"):
        dialect_of(op.get_bind()).examine(op.get_bind(), table, "state")
