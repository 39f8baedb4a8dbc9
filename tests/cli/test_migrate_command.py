"""`mapwright migrate` as an upgrade uses it."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from app.storage.database import open_database
from app.storage.migrate import upgrade
from app.storage.schema import steps
from tests.cli.running import mapwright
from tests.servers import Postgres


def test_each_step_is_told_and_none_is_done_twice(tmp_path: Path) -> None:
    home = {"MAPWRIGHT_HOME": str(tmp_path)}
    first = json.loads(mapwright("migrate", "--pre", "--json", **home).stdout)
    assert first == {"revision": steps()[-1].revision, "done": [s.name for s in steps()], "left": []}
    again = mapwright("migrate", **home)
    assert again.returncode == 0 and "done:" not in again.stderr and "at this version" in again.stderr


def test_what_needs_older_processes_stopped_is_left_by_pre_and_refused_beside_them(tmp_path: Path) -> None:
    home, url = {"MAPWRIGHT_HOME": str(tmp_path)}, f"sqlite:///{tmp_path}/mapwright.db"
    upgrade(url, "0009")
    pre = mapwright("migrate", "--pre", **home)
    assert (
        pre.returncode == 0 and "done: 0010_pre_limits" in pre.stderr and "left: 0011_post_days" in pre.stderr
    )
    database = open_database(url)
    with database.begin() as tx:
        tx.exec_driver_sql(
            "INSERT INTO workers (name, kind, started_at, seen_at, handled, host, pid, version, groups, memory)"
            " VALUES ('w', 'worker', datetime('now'), datetime('now'), 0, 'press-7', 12, '0.0.9', '', 0)"
        )
    database.close()
    post = mapwright("migrate", "--post", **home)
    assert post.returncode == 3 and "worker on press-7 pid 12 (version 0.0.9)" in post.stderr


def test_a_revision_that_is_not_there_and_two_kinds_at_once_are_told(tmp_path: Path) -> None:
    home = {"MAPWRIGHT_HOME": str(tmp_path)}
    found = mapwright("migrate", "--to", "0815", **home)
    assert found.returncode == 3 and "there is no revision 0815" in found.stderr


@pytest.mark.postgres
def test_hosts_that_migrate_at_once_do_it_once(postgres: Postgres, tmp_path: Path) -> None:
    name = f"mw_{uuid4().hex[:16]}"
    given = {"MAPWRIGHT_HOME": str(tmp_path), "MAPWRIGHT_DATABASE_URL": postgres.create(name)}
    with ThreadPoolExecutor(3) as hosts:
        found = list(hosts.map(lambda _: mapwright("migrate", **given), range(3)))
    assert [(one.returncode, one.stderr[-200:]) for one in found if one.returncode] == []
    postgres.drop(name)
