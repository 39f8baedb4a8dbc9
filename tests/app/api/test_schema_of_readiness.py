"""Readiness and intake tell what the schema is worth to this process."""

from typing import Any

import pytest
from sqlalchemy import text, update

from app.runtime.pressure.watch import Watch
from app.storage.schema import needed_table, works_with
from app.storage.workers import workers, workers_table

PATH = "/v1/in/shop.orders"


def _send(site: Any) -> Any:
    body = b'{"number": "1", "priority": "1", "quantity": "3"}'
    return site.machine("send").call("POST", PATH, data=body, content_type="application/json")


def _at(site: Any, revision: str, needed: str) -> None:
    with site.installation.database.begin() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
        tx.execute(update(needed_table).values(revision=needed))


@pytest.mark.parametrize(
    ("revision", "needed", "status", "said"),
    [
        (works_with().newest, "0011", 200, "current"),
        ("9001", "0011", 200, "ahead"),
        ("9002", "9002", 503, "update this process"),
        ("0012", "0011", 503, "mapwright migrate --pre"),
    ],
)
def test_a_process_is_ready_only_where_it_can_work_with_the_schema(
    site: Any, revision: str, needed: str, status: int, said: str
) -> None:
    _at(site, revision, needed)
    answer = site.app.test_client().get("/health/ready")
    assert answer.status_code == status and said in answer.json["checks"]["schema"]


def test_a_web_process_that_was_outgrown_takes_nothing_in(site: Any) -> None:
    watch = Watch(site.installation)
    _at(site, "9001", "0011")
    with site.installation.database.begin() as tx:
        watch.beat(tx)
    assert _send(site).status_code == 202
    _at(site, "9002", "9002")
    with site.installation.database.begin() as tx:
        watch.beat(tx)
    refused = _send(site)
    assert (refused.status_code, refused.json["code"], refused.headers["Retry-After"]) == (
        503,
        "schema_too_new",
        "30",
    )


def test_a_web_process_gives_signs_of_life_until_it_ends(site: Any) -> None:
    database, watch = site.installation.database, Watch(site.installation)
    with database.begin() as tx:
        watch.beat(tx)
    with database.read() as tx:
        assert [(one["kind"], one["schema"]) for one in workers(tx)] == [("web", works_with().newest)]
    watch.start()
    watch.end()
    with database.read() as tx:
        assert tx.execute(workers_table.select()).all() == []


def test_the_home_page_tells_of_an_upgrade_that_is_under_way(site: Any) -> None:
    assert "upgrade is under way" not in site.visitor("olga").call("GET", "/").text
    _at(site, "9001", "0011")
    assert "newer than this version knows" in site.visitor("olga").call("GET", "/").text
