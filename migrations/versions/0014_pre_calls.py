"""Calls with an Idempotency-Key: who carries them out, and what was answered."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rows of a day; a process that does not know the table lets such calls through as before."""
    op.create_table(
        "idempotent_calls",
        sa.Column("caller", sa.String(160), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("holder", sa.String(40), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kept_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("carried_out", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("headers", sa.Text()),
        sa.Column("content", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("caller", "key", name="pk_idempotent_calls"),
    )
    op.create_index("ix_idempotent_calls_kept", "idempotent_calls", ["kept_until"])
