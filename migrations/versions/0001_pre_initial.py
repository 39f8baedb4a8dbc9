"""The record of the runtime: lanes, inbox, outbox, ledger, and who is at work."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create every table; nothing of it exists before."""
    _inbox()
    _outbox()
    _upkeep()


def _inbox() -> None:
    op.create_table(
        "lanes",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(6), nullable=False),
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("ruleset", sa.String(120), nullable=False),
        sa.Column("flow", sa.String(120), nullable=False),
        sa.Column("endpoint", sa.String(120), nullable=False),
        sa.Column("order_key", sa.Text(), nullable=False),
        sa.Column("ordered", sa.Boolean(), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("next_at", moment, nullable=False),
        sa.Column("lease_until", moment, nullable=True),
        sa.Column("holder", sa.String(80), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("head_seq", sa.BigInteger(), nullable=False),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("blocked_by", sa.String(40), nullable=True),
        sa.Column("parked", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "id", name="pk_lanes"),
    )
    _index("ix_lanes_ready", "lanes", ["partition", "kind", "next_at"], where="ready")
    op.create_table(
        "bodies",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("media_type", sa.String(200), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("partition", "id", name="pk_bodies"),
    )
    op.create_table(
        "messages",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("lane", sa.String(40), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("endpoint", sa.String(120), nullable=False),
        sa.Column("ruleset", sa.String(120), nullable=False),
        sa.Column("flow", sa.String(120), nullable=False),
        sa.Column("release_id", sa.String(64), nullable=False),
        sa.Column("correlation_id", sa.String(200), nullable=False),
        sa.Column("causation_id", sa.String(200), nullable=False),
        sa.Column("replay_of", sa.String(40), nullable=False),
        sa.Column("duplicate_of", sa.String(40), nullable=False),
        sa.Column("hops", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.String(40), nullable=False),
        sa.Column("document_index", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("code", sa.String(60), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("partition", "id", name="pk_messages"),
    )
    _index("ix_messages_correlated", "messages", ["correlation_id"])
    _index("ix_messages_listed", "messages", ["environment", "received_at", "id"])
    _index("ix_messages_open", "messages", ["partition", "lane", "seq"], where="state = 'received'")
    _index(
        "ix_messages_wrong",
        "messages",
        ["environment", "state", "received_at", "id"],
        where="state IN ('rejected', 'held', 'dead', 'quarantined')",
    )
    op.create_table(
        "message_keys",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("message_id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("value", sa.String(400), nullable=False),
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("received_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("partition", "message_id", "name", name="pk_message_keys"),
    )
    _index("ix_message_keys_value", "message_keys", ["environment", "value", "received_at"])
    op.create_table(
        "message_history",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("message_id", sa.String(40), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("from_state", sa.String(12), nullable=False),
        sa.Column("to_state", sa.String(12), nullable=False),
        sa.Column("by", sa.String(160), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "partition", "message_id", "at", "from_state", "to_state", name="pk_message_history"
        ),
    )
    op.create_table(
        "duplicate_keys",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("message_ids", sa.Text(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("partition", "key", name="pk_duplicate_keys"),
    )
    op.create_table(
        "outcomes",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("message_id", sa.String(40), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "message_id", name="pk_outcomes"),
    )


def _outbox() -> None:
    op.create_table(
        "deliveries",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("lane", sa.String(40), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("next_at", moment, nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("forgiven", sa.Integer(), nullable=False),
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("endpoint", sa.String(120), nullable=False),
        sa.Column("message_id", sa.String(40), nullable=False),
        sa.Column("correlation_id", sa.String(200), nullable=False),
        sa.Column("ruleset", sa.String(120), nullable=False),
        sa.Column("flow", sa.String(120), nullable=False),
        sa.Column("release_id", sa.String(64), nullable=False),
        sa.Column("rules", sa.String(120), nullable=False),
        sa.Column("rule", sa.String(120), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("ledger_key", sa.String(40), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("media_type", sa.String(200), nullable=False),
        sa.Column("idempotent", sa.Boolean(), nullable=False),
        sa.Column("error_class", sa.String(12), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("partition", "id", name="pk_deliveries"),
    )
    _index("ix_deliveries_listed", "deliveries", ["environment", "created_at", "id"])
    _index("ix_deliveries_message", "deliveries", ["message_id"])
    _index(
        "ix_deliveries_open",
        "deliveries",
        ["partition", "lane", "seq"],
        where="state IN ('pending', 'inflight', 'retry', 'uncertain')",
    )
    _index(
        "ix_deliveries_wrong",
        "deliveries",
        ["environment", "state", "updated_at"],
        where="state IN ('dead', 'uncertain', 'retry')",
    )
    op.create_table(
        "delivery_bodies",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("delivery_id", sa.String(40), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "delivery_id", name="pk_delivery_bodies"),
    )
    op.create_table(
        "ledger",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("delivery_id", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("partition", "key", name="pk_ledger"),
    )
    op.create_table(
        "attempts",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("delivery_id", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.Column("result", sa.String(12), nullable=False),
        sa.Column("error_class", sa.String(12), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "delivery_id", "number", name="pk_attempts"),
    )
    op.create_table(
        "alerts",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("channel", sa.String(120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("message_id", sa.String(40), nullable=False),
        sa.Column("rule", sa.String(240), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("partition", "id", name="pk_alerts"),
    )
    _index("ix_alerts_listed", "alerts", ["environment", "at"])


def _upkeep() -> None:
    op.create_table(
        "workers",
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("seen_at", moment, nullable=False),
        sa.Column("handled", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_workers"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "flow_policies",
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("ruleset", sa.String(120), nullable=False),
        sa.Column("flow", sa.String(120), nullable=False),
        sa.Column("on_failure", sa.String(12), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("environment", "ruleset", "flow", name="pk_flow_policies"),
    )
    op.create_table(
        "polls",
        sa.Column("environment", sa.String(60), nullable=False),
        sa.Column("endpoint", sa.String(120), nullable=False),
        sa.Column("next_at", moment, nullable=False),
        sa.Column("last_at", moment, nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("environment", "endpoint", name="pk_polls"),
    )
    op.create_table(
        "security_events",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_security_events"),
    )
    _index("ix_security_events_at", "security_events", ["at"])


def _index(name: str, table: str, columns: list[str], where: str = "") -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, table, columns, postgresql_where=condition, sqlite_where=condition)
