"""What is watched and kept between messages: timers, open collections, records, answers, replies."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create every table; nothing of it exists before."""
    _timers()
    _records()
    _answers()


def _timers() -> None:
    op.create_table(
        "timers",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("match", sa.String(40), nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("deadline", moment, nullable=False),
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("ruleset", sa.String(120), nullable=False),
        sa.Column("release_id", sa.String(64), nullable=False),
        sa.Column("flow", sa.String(120), nullable=False),
        sa.Column("event", sa.String(120), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("order_key", sa.Text(), nullable=True),
        sa.Column("message_id", sa.String(40), nullable=False),
        sa.Column("correlation_id", sa.String(200), nullable=False),
        sa.Column("hops", sa.Integer(), nullable=False),
        sa.Column("rules", sa.String(120), nullable=False),
        sa.Column("rule", sa.String(120), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("closed_by", sa.String(40), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("partition", "id", name="pk_timers"),
    )
    window = "kind = 'collect' AND state = 'open'"
    _index("ix_timers_due", "timers", ["due_at"], "state IN ('open', 'full')")
    _index("ix_timers_match", "timers", ["partition", "match"], "state = 'open'")
    _index("uq_timers_window", "timers", ["partition", "match"], window, unique=True)
    _index("ix_timers_awaited", "timers", ["environment", "event"], "state = 'open'")
    _index("ix_timers_message", "timers", ["message_id"])
    op.create_table(
        "collected",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("timer_id", sa.String(40), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("message_id", sa.String(40), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "timer_id", "place", name="pk_collected"),
    )
    _index("ix_collected_message", "collected", ["message_id"])


def _records() -> None:
    op.create_table(
        "dataset_records",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("ruleset", sa.String(120), nullable=False),
        sa.Column("dataset", sa.String(120), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("schema", sa.String(240), nullable=False),
        sa.Column("record", sa.Text(), nullable=True),
        sa.Column("message_id", sa.String(40), nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("partition", "id", name="pk_dataset_records"),
    )
    columns = ["environment", "ruleset", "dataset", "id"]
    _index("ix_dataset_records_listed", "dataset_records", columns, "record IS NOT NULL")


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("delivery_id", sa.String(40), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "delivery_id", name="pk_answers"),
    )
    op.create_table(
        "replies",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("message_id", sa.String(40), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("partition", "message_id", name="pk_replies"),
    )


def _index(name: str, table: str, columns: list[str], where: str = "", unique: bool = False) -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, table, columns, unique=unique, postgresql_where=condition, sqlite_where=condition)
