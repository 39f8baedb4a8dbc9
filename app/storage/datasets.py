"""Reference state: the records that rules remember, by dataset and key, per environment and rule set.

A row without a record is the place where somebody waits for one: who writes a record and who begins to
wait for it meet at this row, so that nobody waits for what is there.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, String, Table, Text, select

from app.storage.database import ExactJson, UtcTime, among, insert, metadata
from app.storage.dialects import only_where
from app.storage.identity import digest, partition_of

records_table = Table(
    "dataset_records",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("id", String(40), primary_key=True),
    Column("environment", String(60), nullable=False),
    Column("ruleset", String(120), nullable=False),
    Column("dataset", String(120), nullable=False),
    Column("key", Text, nullable=False),
    Column("schema", String(240), nullable=False),
    Column("record", ExactJson),
    Column("message_id", String(40), nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)
_HELD = records_table.c.record.is_not(None)
Index(
    "ix_dataset_records_listed",
    records_table.c.environment,
    records_table.c.ruleset,
    records_table.c.dataset,
    records_table.c.id,
    **only_where(_HELD),
)


@dataclass(frozen=True)
class RecordKey:
    """The place of one record."""

    environment: str
    ruleset: str
    dataset: str
    key: str

    @cached_property
    def id(self) -> str:
        """The same place is the same id; those who wait for the record carry it as their match."""
        return digest("record", self.environment, self.ruleset, self.dataset, self.key)


def put_record(
    tx: Connection, place: RecordKey, schema: str, record: Any, message_id: str, at: datetime
) -> None:
    """Write a record over the one that is there; None takes it out."""
    row = {"partition": partition_of(place.id), "id": place.id, "environment": place.environment}
    row |= {"ruleset": place.ruleset, "dataset": place.dataset, "key": place.key, "schema": schema}
    row |= {"record": record, "message_id": message_id, "updated_at": at}
    statement = insert(tx, records_table).values(row)
    new = statement.excluded
    changed = {name: new[name] for name in ("schema", "record", "message_id", "updated_at")}
    tx.execute(statement.on_conflict_do_update(index_elements=["partition", "id"], set_=changed))


def wait_at(tx: Connection, place: RecordKey, at: datetime) -> Any:
    """Lock the place of a record until the transaction ends; the record that is there by now."""
    row = {"partition": partition_of(place.id), "id": place.id, "environment": place.environment}
    row |= {"ruleset": place.ruleset, "dataset": place.dataset, "key": place.key, "schema": ""}
    row |= {"record": None, "message_id": "", "updated_at": at}
    statement = insert(tx, records_table).values(row)
    locked = statement.on_conflict_do_update(
        index_elements=["partition", "id"], set_={"partition": records_table.c.partition}
    )
    return tx.execute(locked.returning(records_table.c.record)).scalar()


def records(tx: Connection, places: Collection[RecordKey]) -> dict[str, Any]:
    """The records that are there, by the id of their place."""
    if not places:
        return {}
    c = records_table.c
    here = among(tx, c.partition, c.id, {place.id for place in places}) & _HELD
    return {row.id: row.record for row in tx.execute(select(c.id, c.record).where(here))}


def listed(
    tx: Connection, environment: str, ruleset: str, dataset: str, limit: int = 100, after: str = ""
) -> list[Mapping[str, Any]]:
    """Records of a dataset with key, record, message and time, in a fixed order; `after` is an id."""
    c = records_table.c
    here = (c.environment == environment) & (c.ruleset == ruleset) & (c.dataset == dataset) & (c.id > after)
    columns = (c.id, c.key, c.record, c.message_id, c.updated_at)
    query = select(*columns).where(here, _HELD).order_by(c.id).limit(limit)
    return [dict(row) for row in tx.execute(query).mappings()]
