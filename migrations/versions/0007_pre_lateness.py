"""The marks of messages that are late, found by flow."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Only marks of messages that are late and not done stand in the index."""
    late = sa.text("kind = 'late' AND state = 'fired'")
    columns = ["environment", "flow"]
    op.create_index("ix_timers_late", "timers", columns, postgresql_where=late, sqlite_where=late)
