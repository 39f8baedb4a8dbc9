"""What every file of a rule set said before, so that a change can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep each text once, under its etag; what is written before this upgrade has its present text only."""
    op.create_table(
        "ruleset_contents",
        sa.Column("etag", sa.String(32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("etag", name="pk_ruleset_contents"),
    )
    op.add_column("ruleset_changes", sa.Column("restores", sa.Integer(), nullable=True))
    op.create_index("ix_ruleset_changes_path", "ruleset_changes", ["ruleset", "path", "id"])
    op.execute(
        "INSERT INTO ruleset_contents (etag, content) "
        "SELECT etag, content FROM ruleset_files f WHERE NOT EXISTS ("
        "SELECT 1 FROM ruleset_files g WHERE g.etag = f.etag AND "
        "(g.ruleset < f.ruleset OR (g.ruleset = f.ruleset AND g.path < f.path)))"
    )
