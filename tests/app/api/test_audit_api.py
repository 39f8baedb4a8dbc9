"""The audit log by HTTP: for those who may read it, with the exact broken row."""

from typing import Any

import pytest
from sqlalchemy import update

from app.storage.audit import audit_table


@pytest.mark.parametrize("login", ["ana", "olga"])
def test_not_everybody_reads_it(site: Any, login: str) -> None:
    assert site.visitor(login).call("GET", "/v1/audit").status_code == 403


def test_pages_follow_one_another_to_the_first_row(site: Any) -> None:
    ivan, seen, cursor = site.visitor("ivan"), [], ""
    while cursor is not None:
        page = ivan.call("GET", f"/v1/audit?limit=3&cursor={cursor}").json
        seen += [row["seq"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert seen == list(range(len(seen), 0, -1)) and len(seen) > 6


def test_an_untouched_log_verifies_and_names_its_head(site: Any) -> None:
    answer = site.visitor("ivan").call("GET", "/v1/audit/verify").json
    assert answer["ok"] is True and answer["head"]["seq"] == answer["rows"]


def test_a_row_changed_by_sql_is_named(site: Any) -> None:
    with site.installation.database.begin() as tx:
        tx.execute(update(audit_table).where(audit_table.c.seq == 3).values(who="mallory"))
    answer = site.visitor("ivan").call("GET", "/v1/audit/verify").json
    assert (answer["ok"], answer["broken"]) == (False, 3)


def test_an_anchor_from_outside_is_held_against_it(site: Any) -> None:
    ivan = site.visitor("ivan")
    head = ivan.call("GET", "/v1/audit/verify").json["head"]
    good = ivan.call("GET", f"/v1/audit/verify?seq={head['seq']}&hash={head['hash']}").json
    bad = ivan.call("GET", f"/v1/audit/verify?seq={head['seq']}&hash={'0' * 64}").json
    assert (good["ok"], bad["ok"], bad["broken"]) == (True, False, head["seq"])
