"""The W3C trace context of messages and deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rows of before have none; their journeys begin anew."""
    for table in ("messages", "deliveries"):
        op.add_column(table, sa.Column("trace", sa.String(55), nullable=False, server_default=""))
