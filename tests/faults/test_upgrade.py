"""Two releases side by side during an upgrade: the older one goes on until it is stopped, and not a step longer."""

import shutil
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect, update

from app.errors import OlderProcesses, SchemaTooNew
from app.storage import schema
from app.storage.migrate import migrate
from app.storage.schema import SchemaState, require_schema, state_of, works_with
from app.storage.workers import workers, workers_table
from tests.faults.kinds import MIGRATIONS
from tests.faults.plant import Plant, send, settled, wait_for

_STEP = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{revision}", "{before}", None, None


def upgrade() -> None:
    {do}
"""
_ADD = 'op.add_column("lanes", sa.Column("colour", sa.String(9), nullable=False, server_default=""))'
_DROP = 'op.drop_column("lanes", "colour")'


@pytest.fixture
def next_release(tmp_path: Path) -> Path:
    """The migrations of a release that comes after this one: one step that adds, one that takes away."""
    folder = tmp_path / "next" / "migrations"
    shutil.copytree(schema.scripts(), folder, ignore=shutil.ignore_patterns("__pycache__"))
    head = schema.steps()[-1].revision
    for revision, before, phase, do in (("9001", head, "pre", _ADD), ("9002", "9001", "post", _DROP)):
        text = _STEP.format(revision=revision, before=before, do=do)
        (folder / "versions" / f"{revision}_{phase}_colour.py").write_text(text)
    return folder


@pytest.fixture
def as_next(next_release: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """This process is of that release until the patch is undone."""
    monkeypatch.setattr(schema, "scripts", lambda: next_release)
    schema.steps.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    schema.steps.cache_clear()


def _as_this(patch: pytest.MonkeyPatch) -> None:
    patch.undo()
    schema.steps.cache_clear()


def _state(plant: Plant) -> SchemaState:
    with plant.database.read() as tx:
        return state_of(tx)


def _known(plant: Plant) -> set[str]:
    with plant.database.read() as tx:
        return {one["schema"] for one in workers(tx) if one["alive"]}


def _url(plant: Plant) -> str:
    return plant.environ["MAPWRIGHT_DATABASE_URL"]


def test_two_releases_work_side_by_side_and_the_last_step_waits_for_the_older_one(
    plant: Plant, next_release: Path, as_next: pytest.MonkeyPatch
) -> None:
    this = sorted(step.revision for step in schema.steps() if step.revision < "9000")[-1]
    old = plant.start()
    wait_for(lambda: _known(plant) == {this}, 20)
    ids = send(plant, 10)
    done = migrate(_url(plant), "pre")
    assert [step.revision for step in done.done] == ["9001"] and [s.revision for s in done.left] == ["9002"]
    new = plant.start("worker", **{MIGRATIONS: str(next_release)})
    wait_for(lambda: _known(plant) == {this, "9002"}, 20)
    ids += send(plant, 20, first=10)
    settled(plant, len(ids))
    with pytest.raises(OlderProcesses, match=f"pid {old.pid}") as caught:
        migrate(_url(plant), "post")
    assert f"pid {new.pid}" not in caught.value.message and _state(plant).found == "9001"
    assert old.terminate(30) == 0
    assert migrate(_url(plant), "post").revision == "9002" and _state(plant).standing == "current"
    ids += send(plant, 10, first=30)
    settled(plant, len(ids))
    assert new.alive


def test_a_process_of_the_older_release_starts_until_the_last_step_and_not_after(
    plant: Plant, next_release: Path, as_next: pytest.MonkeyPatch
) -> None:
    url = _url(plant)
    migrate(url, "pre")
    _as_this(as_next)
    require_schema(plant.database)
    assert _state(plant).standing == "ahead" and works_with().newest < "9000"
    as_next.setattr(schema, "scripts", lambda: next_release)
    schema.steps.cache_clear()
    migrate(url, "post")
    _as_this(as_next)
    assert _state(plant).standing == "outgrown"
    with pytest.raises(SchemaTooNew, match="update this process"):
        require_schema(plant.database)


def test_a_worker_that_slept_through_the_last_step_ends_by_itself(
    plant: Plant, as_next: pytest.MonkeyPatch
) -> None:
    old = plant.start()
    wait_for(lambda: bool(_known(plant)), 20)
    old.signal(signal.SIGSTOP)
    with plant.database.begin() as tx:  # it is forgotten after a while; nobody has to wait for that here
        seen = plant.database.now(tx) - timedelta(seconds=60)
        tx.execute(update(workers_table).values(seen_at=seen))
    assert migrate(_url(plant)).revision == "9002"
    old.signal(signal.SIGCONT)
    assert old.wait(60) == 0
    with plant.database.read() as tx:
        assert "colour" not in {column["name"] for column in inspect(tx).get_columns("lanes")}
