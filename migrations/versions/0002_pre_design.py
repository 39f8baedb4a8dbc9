"""The record of design and security: rule sets, releases, environments, accounts, tokens, audit."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create every table; nothing of it exists before."""
    _rulesets()
    _releases()
    _environments()
    _people()
    _audit()


def _rulesets() -> None:
    op.create_table(
        "rulesets",
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_rulesets"),
    )
    op.create_table(
        "ruleset_files",
        sa.Column("ruleset", sa.String(120), nullable=False),
        sa.Column("path", sa.String(240), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("etag", sa.String(32), nullable=False),
        sa.Column("updated_by", sa.String(120), nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["ruleset"], ["rulesets.name"], name="fk_ruleset_files_ruleset"),
        sa.PrimaryKeyConstraint("ruleset", "path", name="pk_ruleset_files"),
    )
    op.create_table(
        "ruleset_changes",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("ruleset", sa.String(120), nullable=False),
        sa.Column("path", sa.String(240), nullable=False),
        sa.Column("etag", sa.String(32), nullable=False),
        sa.Column("by", sa.String(120), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.ForeignKeyConstraint(["ruleset"], ["rulesets.name"], name="fk_ruleset_changes_ruleset"),
        sa.PrimaryKeyConstraint("id", name="pk_ruleset_changes"),
    )
    op.create_index("ix_ruleset_changes_ruleset", "ruleset_changes", ["ruleset"])


def _releases() -> None:
    op.create_table(
        "releases",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("ruleset", sa.String(120), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("authors", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("last_change", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_releases"),
        sa.UniqueConstraint("ruleset", "number", name="release_number"),
    )


def _environments() -> None:
    op.create_table(
        "environments",
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("approvals_required", sa.Integer(), nullable=False),
        sa.CheckConstraint("approvals_required in (0, 1)", name="approvals_known"),
        sa.PrimaryKeyConstraint("name", name="pk_environments"),
        sa.UniqueConstraint("position", name="uq_environments_position"),
    )
    op.create_table(
        "deployments",
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("ruleset", sa.String(120), nullable=False),
        sa.Column("release_id", sa.String(64), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("by", sa.String(120), nullable=False),
        sa.ForeignKeyConstraint(["environment"], ["environments.name"], name="fk_deployments_environment"),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name="fk_deployments_release_id"),
        sa.PrimaryKeyConstraint("environment", "ruleset", name="pk_deployments"),
    )
    op.create_table(
        "promotions",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("ruleset", sa.String(120), nullable=False),
        sa.Column("from_release", sa.String(64), nullable=True),
        sa.Column("to_release", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("by", sa.String(120), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["environment"], ["environments.name"], name="fk_promotions_environment"),
        sa.PrimaryKeyConstraint("id", name="pk_promotions"),
    )
    op.create_index("ix_promotions_environment", "promotions", ["environment"])
    op.create_table(
        "bindings",
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("endpoint", sa.String(120), nullable=False),
        sa.Column("transport", sa.String(60), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["environment"], ["environments.name"], name="fk_bindings_environment"),
        sa.PrimaryKeyConstraint("environment", "endpoint", name="pk_bindings"),
    )


def _people() -> None:
    op.create_table(
        "users",
        sa.Column("login", sa.String(120), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("session_counter", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("login", name="pk_users"),
    )
    op.create_table(
        "login_attempts",
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_login_attempts"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("endpoints", sa.Text(), nullable=False),
        sa.Column("capabilities", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=True),
        sa.Column("revoked_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["environment"], ["environments.name"], name="fk_tokens_environment"),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("who", sa.String(160), nullable=False),
        sa.Column("what", sa.String(80), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )
    op.create_index("ix_audit_what", "audit", ["what"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": ""}])
