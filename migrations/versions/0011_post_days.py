"""What grows with every message is kept by day: a partition a day on PostgreSQL, a column on SQLite.

An older process writes no day, so none may run while this is done; a newer one needs it.
"""

import re
import time
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_DAY = 86_400_000
_AHEAD = 2
# table, the id that gives the day, the rest of its key
_TABLES = (
    ("bodies", "id", ()),
    ("messages", "id", ()),
    ("message_keys", "message_id", ("name",)),
    ("message_history", "message_id", ("at", "from_state", "to_state")),
    ("outcomes", "message_id", ()),
    ("replies", "message_id", ()),
    ("deliveries", "id", ()),
    ("delivery_bodies", "delivery_id", ()),
    ("attempts", "delivery_id", ("number",)),
    ("answers", "delivery_id", ()),
)
_WRONG = "state IN ('rejected', 'held', 'dead', 'quarantined')"
_OPEN = "state IN ('pending', 'inflight', 'retry', 'uncertain', 'staged')"
_INDEXES = (
    ("ix_messages_correlated", "messages", ("correlation_id",), ""),
    ("ix_messages_listed", "messages", ("environment", "day", "received_at", "id"), ""),
    ("ix_messages_open", "messages", ("partition", "lane", "seq"), "state = 'received'"),
    ("ix_messages_sharing", "messages", ("body_id",), "body_id <> id"),
    ("ix_messages_waiting", "messages", ("environment",), "state = 'waiting'"),
    ("ix_messages_wrong", "messages", ("environment", "state", "day", "received_at", "id"), _WRONG),
    ("ix_message_keys_value", "message_keys", ("environment", "value", "day", "received_at"), ""),
    ("ix_deliveries_listed", "deliveries", ("environment", "day", "created_at", "id"), ""),
    ("ix_deliveries_message", "deliveries", ("message_id",), ""),
    ("ix_deliveries_open", "deliveries", ("partition", "lane", "seq"), _OPEN),
    (
        "ix_deliveries_wrong",
        "deliveries",
        ("environment", "state", "updated_at"),
        "state IN ('dead', 'uncertain', 'retry')",
    ),
)


def upgrade() -> None:
    """Build each table anew beside the old one, move its rows over, drop the old one."""
    op.add_column("lanes", sa.Column("oldest_day", sa.Integer(), nullable=False, server_default="0"))
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        bind.connection.driver_connection.create_function("mw_day", 1, _day_of)  # type: ignore[union-attr]
    for name, id, rest in _TABLES:
        _rebuild(bind, name, id, rest)
    for name, table, columns, where in _INDEXES:
        condition = sa.text(where) if where else None
        op.create_index(name, table, list(columns), postgresql_where=condition, sqlite_where=condition)


def _day_of(id: str) -> int:
    """Ids begin with two digits of the partition and twelve of the moment; what has none is of no day."""
    moment = id[2:14]
    return int(moment, 16) // _DAY if re.fullmatch("[0-9a-f]{12}", moment) else 0


def _rebuild(bind: sa.Connection, name: str, id: str, rest: tuple[str, ...]) -> None:
    was = sa.Table(name, sa.MetaData(), autoload_with=bind)
    for index in was.indexes:
        op.drop_index(str(index.name), name)
    op.rename_table(name, f"{name}_was")
    if bind.dialect.name != "sqlite":
        op.execute(f'ALTER INDEX "pk_{name}" RENAME TO "pk_{name}_was"')
    columns = [column for column in was.columns if column.name != "partition"]
    op.create_table(
        name,
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("day", sa.Integer(), nullable=False, autoincrement=False),
        *[_copied(column) for column in columns],
        sa.PrimaryKeyConstraint("partition", "day", id, *rest, name=f"pk_{name}"),
        postgresql_partition_by="RANGE (day)",
    )
    _move(bind, name, id, [column.name for column in columns])
    op.drop_table(f"{name}_was")


def _copied(column: sa.Column[Any]) -> sa.Column[Any]:
    default = column.server_default.arg if isinstance(column.server_default, sa.DefaultClause) else None
    return sa.Column(
        column.name, column.type, nullable=column.nullable, autoincrement=False, server_default=default
    )


def _move(bind: sa.Connection, name: str, id: str, columns: list[str]) -> None:
    day = f'mw_day("{id}")'
    if bind.dialect.name != "sqlite":
        # the regular expression keeps ids without a moment from ending the upgrade
        hexadecimal = f"""substring("{id}" from '^[0-9a-f]{{2}}([0-9a-f]{{12}})')"""
        day = f"coalesce((('x' || lpad({hexadecimal}, 16, '0'))::bit(64)::bigint / {_DAY})::integer, 0)"
        _add_partitions(bind, name, day)
    listed = ", ".join(f'"{column}"' for column in columns)
    op.execute(
        f'INSERT INTO "{name}" (partition, day, {listed}) SELECT partition, {day}, {listed} FROM "{name}_was"'
    )


def _add_partitions(bind: sa.Connection, name: str, day: str) -> None:
    """One for everything that is there, one for each of the next days, one for what fits nowhere else."""
    today = int(time.time() * 1000) // _DAY
    last: Any = bind.execute(sa.text(f'SELECT max({day}) FROM "{name}_was"')).scalar()
    first = today
    if last is not None:
        first = min(max(today, last), today + _AHEAD) + 1
        _add_partition(name, "before", "MINVALUE", first)
    for here in range(first, today + _AHEAD + 1):
        _add_partition(name, time.strftime("%Y%m%d", time.gmtime(here * 86_400)), str(here), here + 1)
    op.execute(f'CREATE TABLE "{name}_rest" PARTITION OF "{name}" DEFAULT')


def _add_partition(name: str, suffix: str, low: str, high: int) -> None:
    op.execute(f'CREATE TABLE "{name}_{suffix}" PARTITION OF "{name}" FOR VALUES FROM ({low}) TO ({high})')
