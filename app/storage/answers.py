"""What came back: the answers of other systems to calls, and the replies of flows to their senders."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Column, Connection, LargeBinary, String, select

from app.storage.database import among, at_id, insert, kept_by_day
from app.storage.identity import place_of, placed
from app.storage.rows import write_rows

answers_table = kept_by_day(
    "answers",
    "delivery_id",
    Column("delivery_id", String(40), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
replies_table = kept_by_day(
    "replies",
    "message_id",
    Column("message_id", String(40), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("media_type", String(200), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Reply:
    """The bytes that a synchronous flow gives back."""

    content: bytes
    media_type: str


def put_answer(tx: Connection, delivery_id: str, content: bytes) -> None:
    """Keep what an endpoint answered to a call; the first answer counts."""
    row = {**placed(delivery_id), "delivery_id": delivery_id, "content": content}
    statement = insert(tx, answers_table).values(row)
    tx.execute(statement.on_conflict_do_nothing(index_elements=["partition", "day", "delivery_id"]))


def answers(tx: Connection, delivery_ids: Collection[str]) -> dict[str, bytes]:
    """The answers of some deliveries."""
    c = answers_table.c
    if not delivery_ids:
        return {}
    here = among(tx, c.partition, c.delivery_id, delivery_ids)
    return {row.delivery_id: bytes(row.content) for row in tx.execute(select(answers_table).where(here))}


def put_replies(tx: Connection, replies: Mapping[str, Reply]) -> None:
    """Keep the replies of flows by message, so that whoever asks again gets the same."""
    rows = [(*place_of(id), id, given.content, given.media_type) for id, given in replies.items()]
    write_rows(tx, replies_table, ("partition", "day", "message_id", "content", "media_type"), rows)


def reply(tx: Connection, message_id: str) -> Reply | None:
    """The reply of a message, if its flow gave one."""
    c = replies_table.c
    query = select(c.content, c.media_type).where(at_id(c.message_id, message_id))
    row = tx.execute(query).first()
    return Reply(bytes(row.content), row.media_type) if row else None
