"""What waits for a person, by its cause: one narrow row a message or delivery, one row a kind of failure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, String, Table, and_, delete, func, select

from app.storage.database import UtcTime, among, insert_rows, metadata
from app.storage.dialects import Dialect, dialect_of
from app.storage.identity import digest, partition_of

kinds_table = Table(
    "problem_kinds",
    metadata,
    Column("fingerprint", String(40), primary_key=True),
    Column("environment", String(60), nullable=False),
    Column("subject", String(8), nullable=False),
    Column("state", String(12), nullable=False),
    Column("ruleset", String(120), nullable=False),
    Column("flow", String(120), nullable=False),
    Column("endpoint", String(120), nullable=False),
    Column("release_id", String(64), nullable=False),
    Column("step", String(240), nullable=False),
    Column("code", String(60), nullable=False),
    Column("field", String(240), nullable=False),
    Column("shape", String(60), nullable=False),
    Column("first_at", UtcTime, nullable=False),
)
problems_table = Table(
    "problems",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("subject_id", String(40), primary_key=True),
    Column("fingerprint", String(40), nullable=False),
    Column("environment", String(60), nullable=False),
    Column("at", UtcTime, nullable=False),
)
_p = problems_table.c
Index("ix_problems_grouped", _p.environment, _p.fingerprint, _p.at, _p.subject_id)


@dataclass(frozen=True, slots=True)
class Kind:
    """What failures have in common. No value of a message is in it: of values only the shape."""

    environment: str
    subject: str
    state: str
    ruleset: str
    flow: str
    endpoint: str
    release_id: str
    step: str = ""
    code: str = ""
    field: str = ""
    shape: str = ""

    @property
    def fingerprint(self) -> str:
        """The same cause is the same fingerprint."""
        return digest(*(str(getattr(self, name))[: _WIDTHS[name]] for name in _KIND))


@dataclass(frozen=True, slots=True)
class Group:
    """The open failures of one kind."""

    fingerprint: str
    kind: Kind
    count: int
    first_at: datetime
    last_at: datetime


_KIND = list(Kind.__slots__)
_WIDTHS: dict[str, int] = {n: getattr(kinds_table.c[n].type, "length", 0) for n in _KIND}


def add_problems(tx: Connection, found: Sequence[tuple[str, Kind]], at: datetime) -> None:
    """Note who failed and how; an earlier note of the same subject is replaced."""
    if not found:
        return
    kinds = {kind.fingerprint: kind for _, kind in found}
    settle(tx, [id for id, _ in found])
    _add_kinds(tx, kinds, at)
    rows = {
        id: {
            "partition": partition_of(id),
            "subject_id": id,
            "fingerprint": kind.fingerprint,
            "environment": kind.environment,
            "at": at,
        }
        for id, kind in found
    }
    insert_rows(tx, problems_table, list(rows.values()))


def _add_kinds(tx: Connection, kinds: dict[str, Kind], at: datetime) -> None:
    """Those that are new, in a fixed order: two workers that see the same new failure wait, never lock each other."""
    known = set(
        tx.execute(select(kinds_table.c.fingerprint).where(kinds_table.c.fingerprint.in_(kinds))).scalars()
    )
    rows = [
        {name: str(getattr(kind, name))[: _WIDTHS[name]] for name in _KIND}
        | {"fingerprint": fingerprint, "first_at": at}
        for fingerprint, kind in sorted(kinds.items())
        if fingerprint not in known
    ]
    if rows:
        dialect = dialect_of(tx)
        dialect.execute_many(tx, _adding(dialect), kinds_table, rows)


@cache
def _adding(dialect: Dialect) -> Any:
    statement = dialect.insert_many(kinds_table, [*_KIND, "fingerprint", "first_at"])
    return statement.on_conflict_do_nothing(index_elements=["fingerprint"])


def settle(tx: Connection, ids: Collection[str]) -> None:
    """These wait for nobody any more."""
    if ids:
        tx.execute(delete(problems_table).where(among(tx, _p.partition, _p.subject_id, ids)))


def groups(tx: Connection, environment: str, limit: int = 200, offset: int = 0) -> list[Group]:
    """The kinds of failure that are open, those with the most recent failure first."""
    return _groups(tx, _p.environment == environment, limit, offset)


def group(tx: Connection, fingerprint: str) -> Group:
    """One kind of failure; LookupError where none of it is open."""
    environment = tx.execute(
        select(kinds_table.c.environment).where(kinds_table.c.fingerprint == fingerprint)
    ).scalar()
    here = and_(_p.environment == str(environment), _p.fingerprint == fingerprint)
    found = _groups(tx, here, 1, 0)
    if not found:
        raise LookupError(f"no open problem {fingerprint}")
    return found[0]


def _groups(tx: Connection, here: Any, limit: int, offset: int) -> list[Group]:
    figures = (
        select(
            _p.fingerprint.label("of"),
            func.count().label("count"),
            func.min(_p.at).label("first"),
            func.max(_p.at).label("last"),
        )
        .where(here)
        .group_by(_p.fingerprint)
        .subquery()
    )
    query = (
        select(kinds_table, figures.c.count, figures.c.first, figures.c.last)
        .join(figures, figures.c.of == kinds_table.c.fingerprint)
        .order_by(figures.c.last.desc(), kinds_table.c.fingerprint)
        .limit(limit)
        .offset(offset)
    )
    return [
        Group(row["fingerprint"], Kind(**{n: row[n] for n in _KIND}), row["count"], row["first"], row["last"])
        for row in tx.execute(query).mappings()
    ]


def subjects(
    tx: Connection,
    environment: str,
    fingerprint: str,
    limit: int = 50,
    before: tuple[datetime, str] | None = None,
) -> list[tuple[str, datetime]]:
    """The messages or deliveries of a kind with the time of their failure, latest first."""
    query = select(_p.subject_id, _p.at).where(_p.environment == environment, _p.fingerprint == fingerprint)
    if before is not None:
        at, id = before
        query = query.where((_p.at < at) | ((_p.at == at) & (_p.subject_id < id)))
    rows = tx.execute(query.order_by(_p.at.desc(), _p.subject_id.desc()).limit(limit))
    return [(row.subject_id, row.at) for row in rows]
