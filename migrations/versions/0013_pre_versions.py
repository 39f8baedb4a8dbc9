"""Processes say which schema they know, and the database what one must know at least."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A process that says nothing is an older one; nobody lives with less than messages by day any more."""
    op.add_column("workers", sa.Column("schema", sa.String(12), nullable=False, server_default=""))
    needed = op.create_table(
        "needed_schema",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("revision", sa.String(12), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_needed_schema"),
    )
    op.bulk_insert(needed, [{"id": 1, "revision": "0011"}])
