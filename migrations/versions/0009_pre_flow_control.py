"""Flow control of connections: breakers, limits of bindings, staged deliveries, questions about uncertain ones."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)
_OPEN = sa.text("state IN ('pending', 'inflight', 'retry', 'uncertain', 'staged')")


def upgrade() -> None:
    """Add what is missing; rows that are there keep their meaning."""
    op.create_table(
        "breakers",
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("endpoint", sa.String(120), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("opened_at", moment, nullable=True),
        sa.Column("probe_at", moment, nullable=True),
        sa.Column("prober", sa.String(80), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("cool_down", sa.Float(), nullable=False),
        sa.Column("times_opened", sa.Integer(), nullable=False),
        sa.Column("alerted_at", moment, nullable=True),
        sa.Column("slow_until", moment, nullable=True),
        sa.Column("slow_reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("environment", "endpoint", name="pk_breakers"),
    )
    op.add_column("bindings", sa.Column("control", sa.Text(), nullable=False, server_default="{}"))
    op.add_column("bindings", sa.Column("staged", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("bindings", sa.Column("hold_until", moment, nullable=True))
    op.add_column("deliveries", sa.Column("asked", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("attempts", sa.Column("kind", sa.String(8), nullable=False, server_default="send"))
    op.drop_index("ix_deliveries_open", "deliveries")
    columns = ["partition", "lane", "seq"]
    op.create_index("ix_deliveries_open", "deliveries", columns, postgresql_where=_OPEN, sqlite_where=_OPEN)
