"""Partitions of days on PostgreSQL. What fits no range stands in the partition that ends in `_rest`."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, column, insert, table, text

from app.storage.dialects.contract import Doomed

_LOCK_WAIT = "300ms"
_BOUNDS = re.compile(r"FROM \('?(MINVALUE|-?\d+)'?\) TO \('?(\d+)'?\)")
_FOUND = text(
    "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_class c "
    "JOIN pg_inherits i ON i.inhrelid = c.oid WHERE i.inhparent = to_regclass(:name)"
)
_SIZE = text(
    "SELECT coalesce(sum(pg_total_relation_size(to_regclass(n))), 0) FROM unnest(cast(:names as text[])) n"
)


class DayPartitions:
    """Made beside their table, then attached; dropped together, locked for the length of the drop alone."""

    def found(self, tx: Connection, table: str) -> list[tuple[str, int, int]]:
        """As the catalogue describes them, in order."""
        there = []
        for name, bounds in tx.execute(_FOUND, {"name": table}):
            match = _BOUNDS.search(bounds)
            if match:
                there.append((str(name), 0 if match[1] == "MINVALUE" else int(match[1]), int(match[2])))
        return sorted(there, key=lambda one: one[1])

    def strays(self, tx: Connection, table: str, low: int, high: int) -> int:
        """Counted in the rest."""
        query = text(f'SELECT count(*) FROM "{table}_rest" WHERE day >= :low AND day < :high')
        return int(tx.execute(query, {"low": low, "high": high}).scalar_one())

    def make(self, tx: Connection, table: str, name: str, low: int, high: int) -> None:
        """Beside its table first, with the rows of its days that stand in the rest, then as a part of it."""
        here = f"day >= {low} AND day < {high}"
        tx.exec_driver_sql(f'CREATE TABLE "{name}" (LIKE "{table}" INCLUDING ALL)')
        moved = f'WITH moved AS (DELETE FROM "{table}_rest" WHERE {here} RETURNING *)'
        tx.exec_driver_sql(f'{moved} INSERT INTO "{name}" SELECT * FROM moved')
        tx.exec_driver_sql(
            f'ALTER TABLE "{table}" ATTACH PARTITION "{name}" FOR VALUES FROM ({low}) TO ({high})'
        )

    def hold(self, tx: Connection, names: Iterable[str]) -> None:
        """Readers go on."""
        tx.exec_driver_sql(f"LOCK TABLE {_listed(names)} IN SHARE MODE")

    def drop(self, tx: Connection, doomed: Sequence[Doomed]) -> None:
        """What is kept waits in temporary tables; the partitioned tables are locked when all is ready."""
        for one in doomed:
            tx.exec_driver_sql(
                f'CREATE TEMP TABLE "kept_{one.table}" ON COMMIT DROP AS '
                f'SELECT * FROM "{one.partition}" WHERE "{one.id}" IN ({one.keep})'
            )
        tx.exec_driver_sql("LOCK TABLE " + ", ".join(f'ONLY "{one.table}"' for one in doomed))
        tx.exec_driver_sql(f"DROP TABLE {_listed(one.partition for one in doomed)}")
        for one in doomed:
            tx.exec_driver_sql(f'INSERT INTO "{one.table}" SELECT * FROM "kept_{one.table}"')

    def temporary(self, tx: Connection, name: str, query: Any) -> int:
        """Gone with the transaction."""
        tx.exec_driver_sql(f'CREATE TEMP TABLE "{name}" (id varchar(40)) ON COMMIT DROP')
        filled = insert(table(name, column("id"))).from_select(["id"], query)
        return int(tx.execute(filled, execution_options={"preserve_rowcount": True}).rowcount)

    def size(self, tx: Connection, names: Sequence[str]) -> int:
        """With their indexes."""
        return int(tx.execute(_SIZE, {"names": list(names)}).scalar_one())

    def be_quick(self, tx: Connection) -> None:
        """For this transaction."""
        tx.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
