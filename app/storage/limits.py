"""Limits of intake: how fast and how much an environment takes in, by flow, endpoint and token."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy import Column, Connection, Float, Integer, String, Table, delete, func, select

from app.storage.database import metadata
from app.storage.deliveries import deliveries_table
from app.storage.messages import messages_table

Kind = Literal["flow", "endpoint", "token"]
KINDS: tuple[Kind, ...] = ("flow", "endpoint", "token")

limits_table = Table(
    "limits",
    metadata,
    Column("environment", String(60), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("name", String(240), primary_key=True),
    Column("rate", Float),
    Column("burst", Integer),
    Column("backlog", Integer),
)


@dataclass(frozen=True, slots=True)
class Limit:
    """Messages a second with the burst that may come at once, and the most that may wait; None: no limit."""

    rate: float | None = None
    burst: int | None = None
    backlog: int | None = None


class Scope(NamedTuple):
    """Whom a limit is for: a flow (`ruleset/flow`), an endpoint or a token of an environment."""

    environment: str
    kind: Kind
    name: str


INSTALLATION = Scope("", "flow", "")


def limits(tx: Connection, environment: str | None = None) -> dict[Scope, Limit]:
    """Every limit that is set."""
    c = limits_table.c
    query = select(limits_table).order_by(c.environment, c.kind, c.name)
    if environment is not None:
        query = query.where(c.environment == environment)
    return {
        Scope(r.environment, r.kind, r.name): Limit(r.rate, r.burst, r.backlog) for r in tx.execute(query)
    }


def put_limit(tx: Connection, scope: Scope, limit: Limit) -> None:
    """Set a limit; one that limits nothing is removed."""
    c = limits_table.c
    here = (c.environment == scope.environment) & (c.kind == scope.kind) & (c.name == scope.name)
    tx.execute(delete(limits_table).where(here))
    if limit != Limit():
        tx.execute(limits_table.insert().values(**_row(scope), **asdict(limit)))


def _row(scope: Scope) -> dict[str, Any]:
    return scope._asdict()


def waiting(tx: Connection) -> Mapping[Scope, int]:
    """How much waits: messages to be run by flow, endpoint and token; deliveries to be sent by flow.

    The installation's figure is all of it together. Both counts read partial indexes of open work only.
    """
    m, d = messages_table.c, deliveries_table.c
    words = (m.environment, m.ruleset, m.flow, m.endpoint, m.sender)
    inbox = select(*words, func.count().label("number")).where(m.state == "received", m.partition >= 0)
    outbox = select(d.environment, d.ruleset, d.flow, func.count().label("number")).where(
        d.state.in_(["pending", "inflight", "retry"]), d.partition >= 0
    )
    found: dict[Scope, int] = {}
    for row in tx.execute(inbox.group_by(*words)):
        scopes = [Scope(row.environment, "flow", f"{row.ruleset}/{row.flow}")]
        scopes.append(Scope(row.environment, "endpoint", row.endpoint))
        scopes += [Scope(row.environment, "token", row.sender)] if row.sender else []
        _count(found, row.number, *scopes)
    for row in tx.execute(outbox.group_by(d.environment, d.ruleset, d.flow)):
        _count(found, row.number, Scope(row.environment, "flow", f"{row.ruleset}/{row.flow}"))
    return found


def _count(found: dict[Scope, int], number: int, *scopes: Scope) -> None:
    for scope in (*scopes, INSTALLATION):
        found[scope] = found.get(scope, 0) + number
