"""API tokens of machines: only the hash of a token is kept."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, String, Table, Text, insert, select, update

from app.storage.database import UtcTime, metadata, now
from app.storage.environments import environments_table

tokens_table = Table(
    "tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", Text, nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("environment", String(60), ForeignKey(environments_table.c.name), nullable=False),
    Column("endpoints", Text, nullable=False),
    Column("capabilities", Text, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("revoked_at", UtcTime),
)


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """One token: a single environment, the endpoints it may send to, what it may do."""

    id: str
    name: str
    secret_hash: str
    environment: str
    endpoints: tuple[str, ...]
    capabilities: tuple[str, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def add_token(
    tx: Connection,
    token_id: str,
    name: str,
    secret_hash: str,
    environment: str,
    endpoints: Sequence[str],
    capabilities: Sequence[str],
    by: str,
    expires_at: datetime | None,
) -> TokenRecord:
    """Store a token."""
    row = {
        "id": token_id,
        "name": name,
        "secret_hash": secret_hash,
        "environment": environment,
        "endpoints": json.dumps(sorted(set(endpoints))),
        "capabilities": json.dumps(sorted(set(capabilities))),
        "created_by": by,
        "created_at": now(tx),
        "expires_at": expires_at,
        "revoked_at": None,
    }
    tx.execute(insert(tokens_table).values(row))
    return _record(row)


def token(connection: Connection, token_id: str) -> TokenRecord | None:
    """One token by its id."""
    row = connection.execute(select(tokens_table).where(tokens_table.c.id == token_id)).mappings().first()
    return _record(row) if row else None


def tokens(connection: Connection, environment: str | None = None) -> list[TokenRecord]:
    """Tokens, latest first, of one environment or of all."""
    query = select(tokens_table).order_by(tokens_table.c.created_at.desc())
    if environment is not None:
        query = query.where(tokens_table.c.environment == environment)
    return [_record(row) for row in connection.execute(query).mappings()]


def revoke_token(tx: Connection, token_id: str) -> bool:
    """End a token now; False where it is unknown or ended already."""
    open_one = (tokens_table.c.id == token_id) & tokens_table.c.revoked_at.is_(None)
    return tx.execute(update(tokens_table).where(open_one).values(revoked_at=now(tx))).rowcount == 1


def _record(row: Any) -> TokenRecord:
    lists = {name: tuple(json.loads(row[name])) for name in ("endpoints", "capabilities")}
    return TokenRecord(**{**row, **lists})
