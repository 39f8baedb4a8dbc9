"""Limits of intake, who sent a message, the weight of a flow, and the index that claims go by."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_DUE = ["kind", "environment", "ruleset", "flow", "endpoint", "next_at", "partition"]


def upgrade() -> None:
    """Everything new has a default, so that processes of the version before go on writing."""
    op.add_column("flow_policies", sa.Column("weight", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("messages", sa.Column("sender", sa.String(40), nullable=False, server_default=""))
    op.create_table(
        "limits",
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("name", sa.String(240), nullable=False),
        sa.Column("rate", sa.Float(), nullable=True),
        sa.Column("burst", sa.Integer(), nullable=True),
        sa.Column("backlog", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("environment", "kind", "name", name="pk_limits"),
    )
    condition = sa.text("ready AND blocked_by IS NULL")
    op.create_index("ix_lanes_due", "lanes", _DUE, postgresql_where=condition, sqlite_where=condition)
    op.drop_index("ix_lanes_ready", "lanes")
