"""Environments, what is live in them, how it came there, and the bindings of their endpoints."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    bindparam,
    delete,
    false,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from app.storage.database import UtcTime, metadata, now
from app.storage.releases import releases_table

environments_table = Table(
    "environments",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("position", Integer, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("approvals_required", Integer, nullable=False),
    CheckConstraint("approvals_required in (0, 1)", name="approvals_known"),
)
deployments_table = Table(
    "deployments",
    metadata,
    Column("environment", String(60), ForeignKey("environments.name"), primary_key=True),
    Column("ruleset", String(120), primary_key=True),
    Column("release_id", String(64), ForeignKey(releases_table.c.id), nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("by", String(120), nullable=False),
)
promotions_table = Table(
    "promotions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("environment", String(60), ForeignKey("environments.name"), nullable=False, index=True),
    Column("ruleset", String(120), nullable=False),
    Column("from_release", String(64)),
    Column("to_release", String(64), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("by", String(120), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("reason", Text, nullable=False),
)
bindings_table = Table(
    "bindings",
    metadata,
    Column("environment", String(60), ForeignKey("environments.name"), primary_key=True),
    Column("endpoint", String(120), primary_key=True),
    Column("transport", String(60), nullable=False),
    Column("settings", Text, nullable=False),
    Column("secrets", Text, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("control", Text, nullable=False, server_default="{}"),
    Column("staged", Boolean, nullable=False, server_default=false()),
    Column("hold_until", UtcTime),
)


@dataclass(frozen=True, slots=True)
class Environment:
    """One stage of the chain.

    `approvals_required` 0 lets the authors of a change promote it (dev); 1 asks for somebody else.
    """

    name: str
    position: int
    title: str
    approvals_required: int


@dataclass(frozen=True, slots=True)
class Deployment:
    """The release of one rule set that is live in one environment."""

    environment: str
    ruleset: str
    release_id: str
    since: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Promotion:
    """One move of a live pointer, forwards or back."""

    id: int
    environment: str
    ruleset: str
    from_release: str | None
    to_release: str
    kind: Literal["promote", "rollback"]
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Binding:
    """Where and how an endpoint is reached in one environment.

    `secrets` is sealed text; `app.security.secrets.Vault.open` gives the plain settings. `control` says what
    `app.storage.controls` reads; a `staged` one holds deliveries back until `hold_until` or a person's word.
    """

    environment: str
    endpoint: str
    transport: str
    settings: Mapping[str, Any]
    secrets: str
    paused: bool
    updated_at: datetime
    control: Mapping[str, Any] = field(default_factory=dict)
    staged: bool = False
    hold_until: datetime | None = None


def ensure_environment(
    tx: Connection, name: str, position: int, title: str, approvals_required: int | None = None
) -> Environment:
    """Create the environment unless it exists; the first of the chain lets authors promote."""
    found = environment(tx, name)
    if found:
        return found
    if approvals_required is None:
        earlier = select(func.count()).where(environments_table.c.position < position)
        approvals_required = 1 if tx.execute(earlier).scalar_one() else 0
    row: dict[str, Any] = {"name": name, "position": position, "title": title}
    row["approvals_required"] = approvals_required
    tx.execute(insert(environments_table).values(row))
    return Environment(**row)


def environment(tx: Connection, name: str) -> Environment | None:
    """One environment by name."""
    row = tx.execute(select(environments_table).where(environments_table.c.name == name)).mappings().first()
    return Environment(**row) if row else None


def environments(tx: Connection) -> list[Environment]:
    """The chain, first stage first."""
    rows = tx.execute(select(environments_table).order_by(environments_table.c.position)).mappings()
    return [Environment(**row) for row in rows]


_LIVE = (
    select(deployments_table.c.ruleset, deployments_table.c.release_id)
    .where(deployments_table.c.environment == bindparam("of"))
    .order_by(deployments_table.c.ruleset)
)


def deployments(tx: Connection, environment: str | None = None) -> list[Deployment]:
    """Everything live, of one environment or of all."""
    query = select(deployments_table).order_by(deployments_table.c.environment, deployments_table.c.ruleset)
    if environment is not None:
        query = query.where(deployments_table.c.environment == environment)
    return [Deployment(**row) for row in tx.execute(query).mappings()]


def live_releases(tx: Connection) -> dict[tuple[str, str], str]:
    """The release that is live, by environment and rule set."""
    c = deployments_table.c
    return {
        (r.environment, r.ruleset): r.release_id
        for r in tx.execute(select(c.environment, c.ruleset, c.release_id))
    }


def deployed(tx: Connection, environment: str) -> dict[str, str]:
    """Rule set name -> id of its live release."""
    return {row.ruleset: row.release_id for row in tx.execute(_LIVE, {"of": environment})}


def live_release(tx: Connection, environment: str, ruleset: str) -> str | None:
    """The id of the release that is live, if any."""
    here = (deployments_table.c.environment == environment) & (deployments_table.c.ruleset == ruleset)
    return tx.execute(select(deployments_table.c.release_id).where(here)).scalar()


def move_pointer(
    tx: Connection, environment: str, ruleset: str, expected: str | None, release_id: str, by: str
) -> bool:
    """Compare-and-swap of the live pointer: False where another move came first."""
    here = (deployments_table.c.environment == environment) & (deployments_table.c.ruleset == ruleset)
    if expected is None:
        row = {"environment": environment, "ruleset": ruleset, "release_id": release_id}
        return _first_pointer(tx, {**row, "since": now(tx), "by": by})
    moved = tx.execute(
        update(deployments_table)
        .where(here, deployments_table.c.release_id == expected)
        .values(release_id=release_id, since=now(tx), by=by)
    )
    return moved.rowcount == 1


def _first_pointer(tx: Connection, row: Mapping[str, Any]) -> bool:
    try:
        with tx.begin_nested():
            tx.execute(insert(deployments_table).values(dict(row)))
    except IntegrityError:
        return False
    return True


def record_promotion(
    tx: Connection,
    environment: str,
    ruleset: str,
    from_release: str | None,
    to_release: str,
    kind: Literal["promote", "rollback"],
    by: str,
    reason: str,
) -> Promotion:
    """Remember a move of the pointer."""
    row: dict[str, Any] = {
        "environment": environment,
        "ruleset": ruleset,
        "from_release": from_release,
        "to_release": to_release,
        "kind": kind,
        "by": by,
        "at": now(tx),
        "reason": reason,
    }
    key = tx.execute(insert(promotions_table).values(row)).inserted_primary_key
    return Promotion(id=key[0] if key else 0, **row)


def promotions(
    tx: Connection, environment: str | None = None, ruleset: str | None = None, limit: int = 200
) -> list[Promotion]:
    """Moves of pointers, latest first."""
    query = select(promotions_table).order_by(promotions_table.c.id.desc()).limit(limit)
    if environment is not None:
        query = query.where(promotions_table.c.environment == environment)
    if ruleset is not None:
        query = query.where(promotions_table.c.ruleset == ruleset)
    return [Promotion(**row) for row in tx.execute(query).mappings()]


def binding(tx: Connection, environment: str, endpoint: str) -> Binding | None:
    """The binding of one endpoint, if the environment has one."""
    here = (bindings_table.c.environment == environment) & (bindings_table.c.endpoint == endpoint)
    row = tx.execute(select(bindings_table).where(here)).mappings().first()
    return _binding(row) if row else None


def bindings(tx: Connection, environment: str) -> list[Binding]:
    """All bindings of an environment, by endpoint."""
    query = select(bindings_table).where(bindings_table.c.environment == environment)
    return [_binding(row) for row in tx.execute(query.order_by(bindings_table.c.endpoint)).mappings()]


def put_binding(
    tx: Connection,
    environment: str,
    endpoint: str,
    transport: str,
    settings: Mapping[str, Any],
    secrets: str = "",
    paused: bool = False,
    control: Mapping[str, Any] | None = None,
    staged: bool = False,
    hold_until: datetime | None = None,
) -> Binding:
    """Write a binding as a whole; `secrets` must already be sealed."""
    here = (bindings_table.c.environment == environment) & (bindings_table.c.endpoint == endpoint)
    tx.execute(delete(bindings_table).where(here))
    row = {
        "environment": environment,
        "endpoint": endpoint,
        "transport": transport,
        "settings": json.dumps(dict(settings), sort_keys=True, ensure_ascii=False),
        "secrets": secrets,
        "paused": paused,
        "updated_at": now(tx),
        "control": json.dumps(dict(control or {}), sort_keys=True),
        "staged": staged,
        "hold_until": hold_until,
    }
    tx.execute(insert(bindings_table).values(row))
    return _binding(row)


def staged_bindings(tx: Connection) -> dict[tuple[str, str], datetime | None]:
    """Environment and endpoint of the bindings that hold deliveries back, and until when."""
    c = bindings_table.c
    rows = tx.execute(select(c.environment, c.endpoint, c.hold_until).where(c.staged))
    return {(row.environment, row.endpoint): row.hold_until for row in rows}


def set_staged(
    tx: Connection, environment: str, endpoint: str, staged: bool, hold_until: datetime | None
) -> bool:
    """Hold deliveries of one endpoint back from now on, or no longer; False where it has no binding."""
    here = (bindings_table.c.environment == environment) & (bindings_table.c.endpoint == endpoint)
    values = {"staged": staged, "hold_until": hold_until, "updated_at": now(tx)}
    return tx.execute(update(bindings_table).where(here).values(values)).rowcount == 1


def set_paused(tx: Connection, environment: str, endpoint: str, paused: bool) -> bool:
    """Hold back or let go the traffic of one endpoint; False where it has no binding."""
    here = (bindings_table.c.environment == environment) & (bindings_table.c.endpoint == endpoint)
    values = {"paused": paused, "updated_at": now(tx)}
    return tx.execute(update(bindings_table).where(here).values(values)).rowcount == 1


def set_secrets(tx: Connection, environment: str, endpoint: str, secrets: str) -> None:
    """Replace the sealed secrets of a binding (key rotation)."""
    here = (bindings_table.c.environment == environment) & (bindings_table.c.endpoint == endpoint)
    tx.execute(update(bindings_table).where(here).values(secrets=secrets))


def _binding(row: Any) -> Binding:
    parsed = {name: json.loads(row[name]) for name in ("settings", "control")}
    return Binding(**{**row, **parsed})
