"""The audit chain names the exact row that was tampered with."""

import pytest
from sqlalchemy import delete, insert, update

from app.security import audit
from app.storage import audit as stored
from app.storage.audit import audit_head_table, audit_table
from app.storage.database import Database


@pytest.fixture
def log(database: Database) -> Database:
    with database.begin() as tx:
        for number in range(1, 7):
            audit.append(
                tx, "ivan", "promote", f"environment/{number}", before=None, after=number, reason="because"
            )
    return database


def check(log: Database, anchor: tuple[int, str] | None = None) -> audit.AuditCheck:
    with log.read() as connection:
        return audit.verify(connection, anchor)


def test_an_untouched_log_verifies(log: Database) -> None:
    assert check(log) == audit.AuditCheck(True, 6)


def test_an_empty_log_verifies(database: Database) -> None:
    assert check(database).ok


@pytest.mark.parametrize("column", ["who", "what", "target", "before", "after", "reason"])
def test_an_edited_row_is_named(log: Database, column: str) -> None:
    with log.begin() as tx:
        tx.execute(update(audit_table).where(audit_table.c.seq == 4).values({column: '"forged"'}))
    assert (check(log).ok, check(log).broken) == (False, 4)


def test_a_deleted_row_is_named(log: Database) -> None:
    with log.begin() as tx:
        tx.execute(delete(audit_table).where(audit_table.c.seq == 3))
    assert check(log).broken == 3


def test_a_row_inserted_at_the_end_is_named(log: Database) -> None:
    with log.begin() as tx:
        row = tx.execute(audit_table.select().where(audit_table.c.seq == 6)).mappings().one()
        forged = {**row, "seq": 7, "previous": row["hash"]}
        tx.execute(insert(audit_table).values({**forged, "hash": audit.row_hash(forged)}))
    assert check(log).broken == 7


def test_a_rewritten_row_with_a_matching_hash_is_named(log: Database) -> None:
    with log.begin() as tx:
        row = dict(tx.execute(audit_table.select().where(audit_table.c.seq == 2)).mappings().one())
        row["who"] = "somebody else"
        tx.execute(
            update(audit_table).where(audit_table.c.seq == 2).values(who=row["who"], hash=audit.row_hash(row))
        )
    assert check(log).broken == 2


def test_a_truncated_tail_is_named(log: Database) -> None:
    with log.begin() as tx:
        tx.execute(delete(audit_table).where(audit_table.c.seq > 4))
    assert check(log).broken == 5


def test_a_tail_truncated_with_its_head_shows_against_an_outside_anchor(log: Database) -> None:
    with log.read() as connection:
        anchor = stored.head(connection)
        last = next(row for row in stored.rows(connection) if row.seq == 4)
    with log.begin() as tx:
        tx.execute(delete(audit_table).where(audit_table.c.seq > 4))
        tx.execute(update(audit_head_table).values(seq=4, hash=last.hash))
    assert check(log).ok
    assert check(log, anchor).broken == 5


def test_a_chain_written_anew_shows_against_an_outside_anchor(log: Database) -> None:
    with log.read() as connection:
        anchor = stored.head(connection)
    with log.begin() as tx:
        tx.execute(delete(audit_table))
        tx.execute(update(audit_head_table).values(seq=0, hash=""))
        for number in range(1, 7):
            audit.append(tx, "nobody", "promote", f"environment/{number}")
    assert check(log).ok
    assert check(log, anchor).broken == 6


def test_rows_of_an_undone_transaction_leave_no_gap(log: Database) -> None:
    with pytest.raises(RuntimeError), log.begin() as tx:
        audit.append(tx, "ivan", "promote", "environment/x")
        raise RuntimeError
    with log.begin() as tx:
        audit.append(tx, "ivan", "promote", "environment/y")
    assert check(log) == audit.AuditCheck(True, 7)


def test_line_breaks_and_control_characters_stay_inside_their_row(database: Database) -> None:
    with database.begin() as tx:
        audit.append(tx, "ivan", "promote", "x", reason="one\n2026 mallory promote\x1b[31m")
    with database.read() as connection:
        rows = list(stored.rows(connection))
    assert len(rows) == 1 and rows[0].reason == "one\n2026 mallory promote\x1b[31m"
    assert check(database).ok
