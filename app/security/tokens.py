"""Tokens of machines: random, shown once, kept as a hash, bound to one environment."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from app.security import audit
from app.security.errors import TokenInvalid, TokenRefused
from app.security.permissions import CAPABILITIES
from app.storage import environments
from app.storage import tokens as stored
from app.storage.database import now
from app.storage.tokens import TokenRecord
from app.storage.unknown import no_environment

PREFIX = "mwt"
EVERY_ENDPOINT = "*"


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token; `text` is shown now and never again."""

    record: TokenRecord
    text: str


def issue(
    tx: Connection,
    name: str,
    environment: str,
    endpoints: Sequence[str],
    by: str,
    capabilities: Sequence[str] = ("send",),
    valid_for: timedelta | None = timedelta(days=365),
) -> IssuedToken:
    """Create a token; endpoints may be ("*",) for all of the environment."""
    unknown = sorted(set(capabilities) - set(CAPABILITIES))
    if unknown:
        raise TokenInvalid(f"unknown capabilities: {', '.join(unknown)}; known are {', '.join(CAPABILITIES)}")
    if not environments.environment(tx, environment):
        raise TokenInvalid(no_environment(tx, environment))
    if "send" in capabilities and not endpoints:
        raise TokenInvalid("a token that sends names at least one endpoint")
    token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    expires = now(tx) + valid_for if valid_for else None
    record = stored.add_token(
        tx, token_id, name, _hash(secret), environment, endpoints, capabilities, by, expires
    )
    audit.append(tx, by, "token.issue", f"token/{token_id}", after=public(record))
    return IssuedToken(record, f"{PREFIX}_{token_id}_{secret}")


def verify(connection: Connection, text: str) -> TokenRecord:
    """The token behind the text; TokenRefused says the same for every reason."""
    prefix, _, rest = text.partition("_")
    token_id, _, secret = rest.partition("_")
    record = stored.token(connection, token_id) if prefix == PREFIX and token_id.isalnum() else None
    right = hmac.compare_digest(record.secret_hash if record else "0" * 64, _hash(secret))
    if record is None or not right or record.revoked_at or expired(record):
        raise TokenRefused()
    return record


def revoke(tx: Connection, token_id: str, by: str, reason: str = "") -> None:
    """End a token; intake may know it for a second more (`app.security.known`)."""
    if not stored.revoke_token(tx, token_id):
        raise TokenInvalid(f"there is no valid token {token_id}")
    audit.append(tx, by, "token.revoke", f"token/{token_id}", reason=reason)


def allows_endpoint(record: TokenRecord, endpoint: str) -> bool:
    """Whether the token may send to the endpoint."""
    return EVERY_ENDPOINT in record.endpoints or endpoint in record.endpoints


def public(record: TokenRecord) -> dict[str, object]:
    """What may be shown of a token."""
    return {
        "id": record.id,
        "name": record.name,
        "environment": record.environment,
        "endpoints": list(record.endpoints),
        "capabilities": list(record.capabilities),
        "created_by": record.created_by,
        "created_at": record.created_at.isoformat(),
        "expires_at": record.expires_at.isoformat() if record.expires_at else None,
        "revoked_at": record.revoked_at.isoformat() if record.revoked_at else None,
    }


def expired(record: TokenRecord) -> bool:
    """Whether its time is over."""
    return record.expires_at is not None and record.expires_at <= datetime.now(UTC)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
