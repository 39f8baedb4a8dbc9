"""The doctor finds what is wrong and says what to do; what is right is right."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text, update

from app.doctor import examine
from app.doctor.finding import Finding
from app.runtime.groups import assign_group
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.security.audit import append
from app.security.secrets import Vault
from app.settings import Settings
from app.storage.audit import audit_table
from app.storage.database import Database
from app.storage.environments import put_binding
from app.storage.groups import Assignment
from app.storage.workers import Vitals, beat
from app.versions import VERSION
from app.wiring import connect_redis
from tests.journey import ENVIRONMENT, Target, bind, install, order
from tests.servers import Valkey


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    """As it is where a clock and a worker are at work."""
    made = install(Settings(home=tmp_path / "home", database_url=database_url))
    with made.database.begin() as tx:
        beat(tx, "clock", "clock", 1, Vitals("host", 1, VERSION))
        beat(tx, "worker", "worker", 1, Vitals("host", 2, VERSION, "default", 50_000_000))
    yield made
    made.close()


def of(installation: Installation, area: str, fast: bool = False) -> list[Finding]:
    return [one for one in examine(installation, fast) if one.area == area]


def wrong(installation: Installation, area: str) -> Finding:
    """The one finding of an area that is not ok; it says what to do."""
    (found,) = [one for one in of(installation, area) if one.status != "ok"]
    assert found.do
    return found


def test_a_sound_installation_has_nothing_that_fails(installation: Installation) -> None:
    found = examine(installation)
    untrue = "fsync is off"  # of the tests' own PostgreSQL only
    assert [one for one in found if one.status == "fail" and untrue not in one.found] == []
    assert {one.area for one in found} == {
        "database",
        "migrations",
        "redis",
        "clock",
        "workers",
        "versions",
        "disk",
        "keys",
        "connections",
        "audit",
    }


def test_fast_leaves_the_network_out(installation: Installation) -> None:
    bind(installation, "erp.order", "http://127.0.0.1:1/")
    assert of(installation, "connections", fast=True) == [] == of(installation, "redis", fast=True)
    assert wrong(installation, "connections").status == "fail"


def test_a_database_that_loses_commits_is_told(installation: Installation) -> None:
    if installation.database.kind == "sqlite":
        assert "synchronous FULL" in of(installation, "database")[0].found
    else:  # the tests' own server runs without fsync
        assert "fsync is off" in wrong(installation, "database").found


def test_an_older_schema_is_told_with_what_is_missing(installation: Installation) -> None:
    with installation.database.begin() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '0002'"))
    found = wrong(installation, "migrations")
    assert "0003_pre_file_history" in found.found and found.do == "mapwright migrate --pre"


def test_a_newer_schema_is_told_and_whether_this_version_can_work_with_it(installation: Installation) -> None:
    with installation.database.begin() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    found = wrong(installation, "migrations")
    assert found.status == "warn" and "newer than this version" in found.found
    with installation.database.begin() as tx:
        tx.execute(text("UPDATE needed_schema SET revision = '9998'"))
    found = wrong(installation, "migrations")
    assert found.status == "fail" and found.do == "update this process"


def test_a_redis_that_evicts_or_takes_no_writes_is_told(installation: Installation, valkey: Valkey) -> None:
    installation.redis = connect_redis(valkey.url)
    assert [one.status for one in of(installation, "redis")] == ["ok"] * 4
    client = valkey.client()
    client.config_set("maxmemory", "100mb")
    client.config_set("maxmemory-policy", "allkeys-lru")
    assert "allkeys-lru" in wrong(installation, "redis").found
    client.config_set("maxmemory-policy", "noeviction")
    client.replicaof("127.0.0.1", "1")
    assert "takes no writes" in wrong(installation, "redis").found
    valkey.stop()
    assert "MAPWRIGHT_REDIS_URL" in wrong(installation, "redis").do


def test_a_clock_that_is_off_is_told(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    real = type(installation.database).now

    def ahead(self: Database, tx: Connection) -> datetime:
        return real(installation.database, tx) + timedelta(seconds=90)

    monkeypatch.setattr(type(installation.database), "now", ahead)
    assert "behind the database" in wrong(installation, "clock").found


def test_nobody_at_work_is_told(installation: Installation) -> None:
    from app.storage.workers import gone

    with installation.database.begin() as tx:
        gone(tx, "clock")
        gone(tx, "worker")
    assert "no clock process" in wrong(installation, "clock").found
    assert "no worker" in wrong(installation, "workers").found


def test_a_group_that_nobody_serves_is_told(installation: Installation) -> None:
    with installation.database.begin() as tx:
        assign_group(tx, Assignment(ENVIRONMENT, group="quality"), "ines")
    accept(installation, ENVIRONMENT, "shop.order", order(1))
    found = wrong(installation, "workers")
    assert (
        "nobody serves the group quality" in found.found and found.do == "mapwright worker --groups quality"
    )


def test_a_crash_loop_of_this_host_is_told_with_its_last_words(installation: Installation) -> None:
    folder = installation.settings.home / "processes"
    folder.mkdir(parents=True)
    service = {"name": "worker-1", "failures": 4, "ended": "signal SIGKILL", "last_words": "out of memory"}
    (folder / "1.json").write_text(json.dumps({"supervisor": os.getpid(), "services": [service]}))
    (folder / "2.json").write_text(json.dumps({"supervisor": 2**22 + 1, "services": [service]}))
    found = wrong(installation, "workers")
    assert found.status == "fail" and "4 times in a row" in found.found and "out of memory" in found.found


def test_another_version_at_work_is_told(installation: Installation) -> None:
    with installation.database.begin() as tx:
        beat(tx, "old", "worker", 1, Vitals("host", 3, "0.0.9", "default"))
    told = [one for one in of(installation, "versions") if "0.0.9" in one.found]
    assert [one.status for one in told] == ["warn"] and "restart" in told[0].do


def test_keys_that_others_can_read_or_that_do_not_open_are_told(installation: Installation) -> None:
    file = installation.settings.home / "secret.key"
    file.chmod(0o644)
    installation.settings = replace(installation.settings, secret_keys=(file.read_text(),))
    assert wrong(installation, "keys").do == f"chmod 600 {file}"
    file.chmod(0o600)
    with installation.database.begin() as tx:
        sealed = Vault(["another key of 16 letters"]).seal({"token": "t"})
        put_binding(tx, ENVIRONMENT, "erp.order", "http", {"url": "http://127.0.0.1:1/"}, sealed)
    assert "erp.order in test" in wrong(installation, "keys").found


def test_connections_are_tried(installation: Installation, tmp_path: Path) -> None:
    target = Target()
    bind(installation, "erp.order", target.url)
    assert "answers" in of(installation, "connections")[0].found
    bind(installation, "erp.order", target.url, paused=True)
    assert f"mapwright resume erp.order --env {ENVIRONMENT}" in wrong(installation, "connections").do
    with installation.database.begin() as tx:
        put_binding(tx, ENVIRONMENT, "erp.order", "file", {"folder": str(tmp_path / "nowhere")})
    assert wrong(installation, "connections").status == "fail"
    target.close()


def test_a_changed_row_of_the_audit_log_is_told(installation: Installation) -> None:
    with installation.database.begin() as tx:
        append(tx, "olga", "test", "nothing")
        tx.execute(update(audit_table).values(who="somebody"))
    assert "row 1" in wrong(installation, "audit").found


def test_a_database_that_is_away_is_a_finding_and_no_crash(tmp_path: Path) -> None:
    from app.wiring import wire

    away = wire(Settings(home=tmp_path, database_url="postgresql://nobody@127.0.0.1:1/none"))
    found = examine(away, fast=True)
    assert {one.area for one in found if one.status == "fail"} >= {"database", "migrations", "audit"}
    assert "MAPWRIGHT_DATABASE_URL" in next(one.do for one in found if one.area == "database")
    away.close()
