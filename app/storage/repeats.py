"""Calls that carry an Idempotency-Key: who carries one out now, and what was answered.

A row is taken before the call begins, says within the transaction of the effect that it happened, and keeps the
answer for a day. Who was away longer than its lease and lost the row can commit nothing any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    and_,
    delete,
    select,
    update,
)

from app.storage.database import Json, UtcTime, insert, metadata, now

LEASE_SECONDS = 60.0
KEPT = timedelta(hours=24)

calls_table = Table(
    "idempotent_calls",
    metadata,
    Column("caller", String(160), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("holder", String(40), nullable=False),
    Column("lease_until", UtcTime, nullable=False),
    Column("kept_until", UtcTime, nullable=False),
    Column("carried_out", Boolean, nullable=False),
    Column("status", Integer),
    Column("headers", Json),
    Column("content", LargeBinary),
)
_c = calls_table.c
Index("ix_idempotent_calls_kept", _c.kept_until)


@dataclass(frozen=True, slots=True)
class Claim:
    """One try at a call: whose key it is, what is asked, and who tries."""

    caller: str
    key: str
    fingerprint: str
    holder: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call was answered, for whoever asks again."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a key that somebody used before."""

    fingerprint: str
    seconds_left: float
    carried_out: bool
    answer: Answer | None


def begin_call(tx: Connection, claim: Claim) -> Known | None:
    """Take the key; None where it is ours now: it is new, over, or who had it did nothing and is gone."""
    at = now(tx)
    mine = _begun(claim, at)
    made = insert(tx, calls_table).values(caller=claim.caller, key=claim.key, **mine)
    new = made.on_conflict_do_nothing(index_elements=["caller", "key"]).returning(_c.key)
    if tx.execute(new).first() is not None:
        return None
    here = and_(_c.caller == claim.caller, _c.key == claim.key)
    row = tx.execute(select(calls_table).where(here).with_for_update()).one()
    gone = row.status is None and not row.carried_out and row.lease_until <= at
    if row.kept_until <= at or (gone and row.fingerprint == claim.fingerprint):
        tx.execute(update(calls_table).where(here).values(mine))
        return None
    return _known(row, at)


def _begun(claim: Claim, at: datetime) -> dict[str, Any]:
    return {
        "fingerprint": claim.fingerprint,
        "holder": claim.holder,
        "lease_until": at + timedelta(seconds=LEASE_SECONDS),
        "kept_until": at + KEPT,
        "carried_out": False,
        "status": None,
        "headers": None,
        "content": None,
    }


def _known(row: Any, at: datetime) -> Known:
    answer = Answer(row.status, row.headers, bytes(row.content)) if row.status is not None else None
    left = max(0.0, (row.lease_until - at).total_seconds())
    return Known(row.fingerprint, left, row.carried_out, answer)


def note_effect(tx: Connection, claim: Claim) -> bool:
    """Say, in the transaction of the effect, that there is one; False where another has the key by now."""
    return bool(tx.execute(update(calls_table).where(_held(claim)).values(carried_out=True)).rowcount)


def keep_answer(tx: Connection, claim: Claim, answer: Answer) -> None:
    """Answer the same from now on."""
    values = {"status": answer.status, "headers": dict(answer.headers), "content": answer.content}
    tx.execute(update(calls_table).where(_held(claim)).values(carried_out=True, **values))


def leave_call(tx: Connection, claim: Claim, refused: bool) -> None:
    """Nothing came of it: the key is free again; where it broke, only if nothing was committed before."""
    here = _held(claim) if refused else and_(_held(claim), _c.carried_out.is_(False))
    if not tx.execute(delete(calls_table).where(here)).rowcount:
        tx.execute(update(calls_table).where(_held(claim)).values(lease_until=now(tx)))


def forget_calls(tx: Connection) -> int:
    """Delete what is kept no longer; how many."""
    return tx.execute(delete(calls_table).where(over(now(tx)))).rowcount


def over(at: datetime) -> ColumnElement[bool]:
    """Calls whose answers are kept no longer."""
    return _c.kept_until <= at


def _held(claim: Claim) -> ColumnElement[bool]:
    return and_(_c.caller == claim.caller, _c.key == claim.key, _c.holder == claim.holder)
