"""Alerts that rules raised, for the people behind a channel."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, String, Table, Text, select

from app.storage.database import UtcTime, insert_rows, metadata
from app.storage.identity import new_id, partition_of

alerts_table = Table(
    "alerts",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("id", String(40), primary_key=True),
    Column("environment", String(60), nullable=False),
    Column("channel", String(120), nullable=False),
    Column("text", Text, nullable=False),
    Column("message_id", String(40), nullable=False),
    Column("rule", String(240), nullable=False),
    Column("at", UtcTime, nullable=False),
)
Index("ix_alerts_listed", alerts_table.c.environment, alerts_table.c.at)


def add_alerts(
    tx: Connection, environment: str, alerts: Sequence[tuple[str, str, str, str]], at: datetime
) -> None:
    """Store alerts (message id, channel, text, rule)."""
    rows = [
        {
            "partition": partition_of(message_id),
            "id": new_id(partition_of(message_id)),
            "environment": environment,
            "channel": channel[:120],
            "text": text,
            "message_id": message_id,
            "rule": rule[:240],
            "at": at,
        }
        for message_id, channel, text, rule in alerts
    ]
    insert_rows(tx, alerts_table, rows)


def add_notices(tx: Connection, environments: Sequence[str], channel: str, text: str, at: datetime) -> None:
    """Store an alert of the installation itself, which no message caused, in several environments."""
    rows = [
        {
            "partition": 0,
            "id": new_id(0),
            "environment": environment,
            "channel": channel[:120],
            "text": text,
            "message_id": "",
            "rule": "",
            "at": at,
        }
        for environment in environments
    ]
    insert_rows(tx, alerts_table, rows)


def alerts(tx: Connection, environment: str, limit: int = 50) -> list[dict[str, Any]]:
    """Alerts of an environment, latest first."""
    c = alerts_table.c
    query = select(alerts_table).where(c.environment == environment).order_by(c.at.desc()).limit(limit)
    return [dict(row) for row in tx.execute(query).mappings()]
