"""Tables of the contract of dialects, beside those of the product."""

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    insert,
    select,
)

from app.storage.database import UtcTime
from app.storage.dialects import only_where

things_metadata = MetaData()
things = Table(
    "contract_things",
    things_metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(5)),
    Column("long", Text),
    Column("flag", Boolean),
    Column("at", UtcTime),
    Column("body", LargeBinary),
    Column("day", Integer),
)
FLAGGED = things.c.flag.is_(True)
Index("uq_contract_flagged", things.c.name, unique=True, **only_where(FLAGGED))
parts = Table(
    "contract_parts",
    things_metadata,
    Column("id", Integer, primary_key=True),
    Column("thing", Integer, nullable=False),
)


def fill(tx: Connection, *ids: int) -> None:
    """Rows of these numbers."""
    tx.execute(insert(things), [{"id": id, "name": f"n{id % 3}", "day": id % 3} for id in ids])


def ids(tx: Connection) -> list[int]:
    """The numbers of the rows that are there."""
    return list(tx.execute(select(things.c.id).order_by(things.c.id)).scalars())
