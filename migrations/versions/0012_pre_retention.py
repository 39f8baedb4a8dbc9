"""How long each environment keeps its messages."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An environment without a row goes by the settings."""
    op.create_table(
        "retention",
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("finished_days", sa.Integer(), nullable=False),
        sa.Column("failed_days", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(160), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("environment", name="pk_retention"),
    )
