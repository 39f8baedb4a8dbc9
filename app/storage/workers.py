"""Who is at work: heartbeats of workers and clocks, and the lease that makes one clock the owner."""

import os
import socket
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Integer, String, Table, delete, or_, select, update

from app.storage.database import UtcTime, insert, metadata, now
from app.storage.schema import works_with

AHEAD_SECONDS = 60.0

workers_table = Table(
    "workers",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("handled", BigInteger, nullable=False),
    Column("host", String(80), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", String(40), nullable=False),
    Column("groups", String(200), nullable=False),
    Column("memory", BigInteger, nullable=False),
    Column("schema", String(12), nullable=False, server_default=""),
)
leases_table = Table(
    "leases",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("owner", String(80), nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("fence", Integer, nullable=False),
)


ALIVE_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Vitals:
    """What a process tells of itself: where it runs, its version, whom it serves, its memory, the last schema it knows."""

    host: str = ""
    pid: int = 0
    version: str = ""
    groups: str = ""
    memory: int = 0
    schema: str = ""


def process_name() -> str:
    """A name that no other process has, of this host or another; by a new one each time, who starts twice is two."""
    return f"{socket.gethostname()[:40]}-{os.getpid()}-{os.urandom(3).hex()}"


def vitals(version: str, groups: str = "", memory: int = 0) -> Vitals:
    """Those of this process."""
    known = works_with().newest
    return Vitals(socket.gethostname()[:80], os.getpid(), version[:40], groups[:200], memory, known)


def beat(tx: Connection, name: str, kind: str, handled: int, told: Vitals | None = None) -> None:
    """A sign of life; whoever gave none for an hour is forgotten."""
    moment = now(tx)
    row = {"name": name, "kind": kind, "started_at": moment, "seen_at": moment, "handled": handled}
    statement = insert(tx, workers_table).values({**row, **asdict(told or Vitals())})
    new = statement.excluded
    changed = ("seen_at", "handled", "groups", "memory")
    tx.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={name: new[name] for name in changed})
    )
    tx.execute(delete(workers_table).where(workers_table.c.seen_at < moment - timedelta(hours=1)))


def gone(tx: Connection, name: str) -> None:
    """A worker that ended in order."""
    tx.execute(delete(workers_table).where(workers_table.c.name == name))


def workers(tx: Connection) -> list[dict[str, Any]]:
    """Who gave a sign of life in the last hour; `alive` says who did just now."""
    since = now(tx) - timedelta(seconds=ALIVE_SECONDS)
    rows = tx.execute(select(workers_table).order_by(workers_table.c.name)).mappings()
    return [{**row, "alive": row["seen_at"] > since} for row in rows]


def living_groups(tx: Connection) -> set[str]:
    """The groups that a living worker serves."""
    alive = [w for w in workers(tx) if w["alive"] and w["kind"] == "worker"]
    return {group for w in alive for group in (w["groups"] or "default").split(",")}


def own_lease(tx: Connection, name: str, owner: str, seconds: float) -> bool:
    """Whether `owner` holds the lease of this name now; it is taken where it is free or has ended."""
    moment = now(tx)
    until = moment + timedelta(seconds=seconds)
    c = leases_table.c
    ahead = c.until > until + timedelta(seconds=AHEAD_SECONDS)  # written by a clock that was wrong
    mine = or_(c.owner == owner, c.until < moment, ahead)
    taken = tx.execute(
        update(leases_table).where(c.name == name, mine).values(owner=owner, until=until, fence=c.fence + 1)
    )
    if taken.rowcount == 1:
        return True
    row = {"name": name, "owner": owner, "until": until, "fence": 1}
    statement = insert(tx, leases_table).values(row).on_conflict_do_nothing(index_elements=["name"])
    return tx.execute(statement.returning(c.owner)).first() is not None


def end_lease(tx: Connection, name: str, owner: str) -> None:
    """Give a lease back."""
    tx.execute(delete(leases_table).where(leases_table.c.name == name, leases_table.c.owner == owner))
