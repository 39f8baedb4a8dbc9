"""Worker groups, and what processes tell of themselves with each sign of life."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New columns have defaults: a process of the version before goes on writing its rows."""
    for name, kind, default in (
        ("host", sa.String(80), "''"),
        ("pid", sa.Integer(), "0"),
        ("version", sa.String(40), "''"),
        ("groups", sa.String(200), "''"),
        ("memory", sa.BigInteger(), "0"),
    ):
        op.add_column("workers", sa.Column(name, kind, nullable=False, server_default=sa.text(default)))
    op.create_table(
        "worker_groups",
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("ruleset", sa.String(120), nullable=False),
        sa.Column("flow", sa.String(120), nullable=False),
        sa.Column("endpoint", sa.String(120), nullable=False),
        sa.Column("worker_group", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("environment", "ruleset", "flow", "endpoint", name="pk_worker_groups"),
    )
