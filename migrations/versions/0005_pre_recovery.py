"""What people do about failures: batches of replays and retries, what was edited, failures by their cause."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create every table; what failed before this upgrade is noted by its state and code."""
    _batches()
    _origins()
    _problems()
    _note_earlier_failures()


def _batches() -> None:
    op.create_table(
        "batches",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("action", sa.String(8), nullable=False),
        sa.Column("subject", sa.String(8), nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("release", sa.String(64), nullable=False),
        sa.Column("destinations", sa.Text(), nullable=True),
        sa.Column("which", sa.String(9), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(160), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("checked", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("started_at", moment, nullable=True),
        sa.Column("ended_at", moment, nullable=True),
        sa.Column("updated_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("partition", "id", name="pk_batches"),
    )
    _index("ix_batches_active", "batches", ["state"], "state IN ('checking', 'running')")
    _index("ix_batches_listed", "batches", ["environment", "created_at", "id"])
    op.create_table(
        "batch_members",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("batch_id", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.String(40), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("child_id", sa.String(40), nullable=False),
        sa.Column("code", sa.String(60), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "batch_id", "subject_id", name="pk_batch_members"),
    )
    _index("ix_batch_members_place", "batch_members", ["partition", "batch_id", "state", "place"])
    _index("ix_batch_members_verdict", "batch_members", ["partition", "batch_id", "verdict", "place"])


def _origins() -> None:
    op.create_table(
        "replay_limits",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("message_id", sa.String(40), nullable=False),
        sa.Column("endpoints", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "message_id", name="pk_replay_limits"),
    )
    op.create_table(
        "edits",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("edited_from", sa.String(40), nullable=False),
        sa.Column("before_hash", sa.String(64), nullable=False),
        sa.Column("after_hash", sa.String(64), nullable=False),
        sa.Column("by", sa.String(160), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("partition", "id", name="pk_edits"),
    )
    _index("ix_edits_from", "edits", ["edited_from"])


def _problems() -> None:
    op.create_table(
        "problem_kinds",
        sa.Column("fingerprint", sa.String(40), nullable=False),
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("subject", sa.String(8), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("ruleset", sa.String(120), nullable=False),
        sa.Column("flow", sa.String(120), nullable=False),
        sa.Column("endpoint", sa.String(120), nullable=False),
        sa.Column("release_id", sa.String(64), nullable=False),
        sa.Column("step", sa.String(240), nullable=False),
        sa.Column("code", sa.String(60), nullable=False),
        sa.Column("field", sa.String(240), nullable=False),
        sa.Column("shape", sa.String(60), nullable=False),
        sa.Column("first_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_problem_kinds"),
    )
    op.create_table(
        "problems",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("subject_id", sa.String(40), nullable=False),
        sa.Column("fingerprint", sa.String(40), nullable=False),
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("partition", "subject_id", name="pk_problems"),
    )
    _index("ix_problems_grouped", "problems", ["environment", "fingerprint", "at", "subject_id"])


_ALIKE = "environment, ruleset, flow, endpoint, release_id, state, "
_WRONG = "state IN ('rejected', 'held', 'dead', 'quarantined')"
_STUCK = "state IN ('dead', 'uncertain')"


def _note_earlier_failures() -> None:
    _note("messages", "message", "code", _WRONG)
    _note("deliveries", "delivery", "error_class", _STUCK)


def _note(table: str, subject: str, code: str, wrong: str) -> None:
    """One kind for all that failed alike, so that nothing from before stands outside the groups."""
    first = "min(id)"
    op.execute(
        "INSERT INTO problem_kinds (fingerprint, environment, subject, state, ruleset, flow, endpoint, release_id, "
        f"step, code, field, shape, first_at) SELECT {first}, environment, '{subject}', state, ruleset, flow, "
        f"endpoint, release_id, '', {code}, '', '', min(updated_at) FROM {table} WHERE {wrong} "
        f"GROUP BY {_ALIKE}{code}"
    )
    op.execute(
        "INSERT INTO problems (partition, subject_id, fingerprint, environment, at) "
        f"SELECT t.partition, t.id, k.fingerprint, t.environment, t.updated_at FROM {table} t "
        f"JOIN problem_kinds k ON k.subject = '{subject}' AND k.environment = t.environment "
        "AND k.ruleset = t.ruleset AND k.flow = t.flow AND k.endpoint = t.endpoint "
        f"AND k.release_id = t.release_id AND k.state = t.state AND k.code = t.{code} WHERE t.{wrong}"
    )


def _index(name: str, table: str, columns: list[str], where: str = "") -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, table, columns, postgresql_where=condition, sqlite_where=condition)
