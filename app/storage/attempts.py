"""Attempts of deliveries: when, under which fence, and how each ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    String,
    Text,
    delete,
    select,
)

from app.storage.database import UtcTime, among, at_id, insert_rows, kept_by_day
from app.storage.identity import place_of, placed
from app.storage.rows import change_rows

Kind = Literal["send", "probe"]

attempts_table = kept_by_day(
    "attempts",
    "delivery_id",
    Column("delivery_id", String(40), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("fence", BigInteger, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("result", String(12), nullable=False),
    Column("error_class", String(12), nullable=False),
    Column("status", Integer),
    Column("detail", Text, nullable=False),
    Column("reply", Text, nullable=False),
    Column("kind", String(8), nullable=False, server_default="send"),
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended: a receipt's result, or `interrupted` where the worker did not come back."""

    delivery_id: str
    number: int
    result: str
    detail: str = ""
    error_class: str = ""
    status: int | None = None
    reply: str = ""


def start(
    tx: Connection, attempts: Sequence[tuple[str, int, int]], at: datetime, kind: Kind = "send"
) -> None:
    """Note attempts (delivery id, number, fence) before anything is sent; a `probe` only asks."""
    empty = {
        "kind": kind,
        "result": "",
        "error_class": "",
        "status": None,
        "detail": "",
        "reply": "",
        "ended_at": None,
    }
    rows = [
        {
            **placed(id),
            "delivery_id": id,
            "number": number,
            "fence": fence,
            "started_at": at,
            **empty,
        }
        for id, number, fence in attempts
    ]
    insert_rows(tx, attempts_table, rows)


_FOUND_BY = ("partition", "day", "delivery_id", "number")
_ENDED = ("result", "error_class", "status", "detail", "reply", "ended_at")


def end(tx: Connection, ended: Sequence[Ended], at: datetime) -> None:
    """Note how attempts ended."""
    change_rows(tx, attempts_table, _FOUND_BY, _ENDED, [_ended_row(e, at) for e in ended])


def _ended_row(e: Ended, at: datetime) -> tuple[Any, ...]:
    found = (*place_of(e.delivery_id), e.delivery_id, e.number)
    return (*found, e.result, e.error_class, e.status, e.detail[:2000], e.reply[:4000], at)


def forget(tx: Connection, attempts: Sequence[tuple[str, int]]) -> None:
    """Remove attempts that were noted but never made."""
    c = attempts_table.c
    for delivery_id, number in attempts:
        tx.execute(delete(attempts_table).where(at_id(c.delivery_id, delivery_id), c.number == number))


def of_deliveries(tx: Connection, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The attempts of some deliveries, in order."""
    found: dict[str, list[dict[str, Any]]] = {id: [] for id in ids}
    if ids:
        c = attempts_table.c
        here = among(tx, c.partition, c.delivery_id, ids)
        for row in tx.execute(
            select(attempts_table).where(here).order_by(c.delivery_id, c.number)
        ).mappings():
            found[row["delivery_id"]].append({k: v for k, v in row.items() if k not in ("partition", "day")})
    return found
