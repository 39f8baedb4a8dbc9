"""Messages with a reason are found by an index of their own; most messages have none and stand in no index for it.

On PostgreSQL it is made day by day without stopping who writes, so outside a transaction. A step that was broken off
begins again: what it left unfinished goes first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_NAME = "ix_messages_reason"
_COLUMNS = "(environment, day, received_at, id) WHERE reason <> ''"
_UNINDEXED = sa.text(
    "SELECT d.inhrelid::regclass::text FROM pg_inherits d WHERE d.inhparent = 'messages'::regclass AND NOT EXISTS ("
    " SELECT FROM pg_inherits p JOIN pg_index i ON i.indexrelid = p.inhrelid"
    f" WHERE p.inhparent = '{_NAME}'::regclass AND i.indrelid = d.inhrelid)"
)


def upgrade() -> None:
    """One index of the table, or one a day, then theirs."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE INDEX {_NAME} ON messages {_COLUMNS}")
        return
    op.execute(f"CREATE INDEX IF NOT EXISTS {_NAME} ON ONLY messages {_COLUMNS}")
    with op.get_context().autocommit_block():
        op.execute("SET default_transaction_read_only = off")  # in a transaction its beginning says so
        for day in op.get_bind().execute(_UNINDEXED).scalars().all():
            index = f"{day.strip(chr(34))}_reason"
            op.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{index}"')
            op.execute(f'CREATE INDEX CONCURRENTLY "{index}" ON {day} {_COLUMNS}')
            op.execute(f'ALTER INDEX {_NAME} ATTACH PARTITION "{index}"')
