"""Which schema a database has, and with which ones a process of this release works.

The schema changes in numbered steps in one line. A `pre` step only adds, so that processes of the release
before go on beside it; a `post` step takes away what only they needed. A process works from the last `pre`
step it knows on, and with all steps it does not know yet as long as none of them was a `post` step: of those
the database remembers what a process must know at least.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from sqlalchemy import Column, Connection, Integer, String, Table, delete, insert, inspect, select, text

from app.errors import SchemaOutdated, SchemaTooNew
from app.storage.database import Database, metadata

Standing = Literal["empty", "behind", "expanded", "current", "ahead", "outgrown"]
_FILE = re.compile(r"^(\d{4})_(pre|post)_(\w+)\.py$")

needed_table = Table(
    "needed_schema",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", String(12), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One migration, as its file is named."""

    revision: str
    phase: str
    title: str

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.revision}_{self.phase}_{self.title}"


@dataclass(frozen=True, slots=True)
class SchemaRange:
    """The schemas a release works with: all of `oldest` must be there, `newest` is the last step it knows."""

    oldest: str
    newest: str


@dataclass(frozen=True, slots=True)
class SchemaState:
    """Where a database stands, seen by a process of this release."""

    found: str | None
    standing: Standing
    missing: tuple[Step, ...]

    @property
    def usable(self) -> bool:
        """Whether this process can work with it."""
        return self.standing in ("expanded", "current", "ahead")

    @property
    def words(self) -> str:
        """What is to be said of it."""
        return _WORDS[self.standing].format(found=self.found, names=", ".join(s.name for s in self.missing))

    @property
    def do(self) -> str:
        """What is to be done about it; nothing where it is as it should be."""
        return _DO[self.standing]


_WORDS = {
    "empty": "the database has no schema yet",
    "behind": "the database is at {found}, this version needs {names}",
    "expanded": "the database is at {found}; left to be done when no older process runs: {names}",
    "current": "the database is at {found}",
    "ahead": "the database is at {found}, newer than this version knows; it works with it until the upgrade is finished",
    "outgrown": "the database is at {found}, and no process of this version can work with it any more",
}
_DO = {
    "empty": "mapwright migrate",
    "behind": "mapwright migrate --pre",
    "expanded": "mapwright migrate --post",
    "current": "",
    "ahead": "update this process",
    "outgrown": "update this process",
}


def scripts() -> Path:
    """The folder of the migrations: `migrations/` of a checkout, `app.migrations` once installed."""
    checkout = Path(__file__).resolve().parents[2] / "migrations"
    if (checkout / "env.py").is_file():
        return checkout
    spec = find_spec("app.migrations")
    if spec is not None and spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    raise SchemaOutdated("the migrations of this installation are missing")


@cache
def steps() -> tuple[Step, ...]:
    """Every step this release knows, in order."""
    found = (_FILE.match(path.name) for path in (scripts() / "versions").glob("*.py"))
    return tuple(sorted((Step(*m.groups()) for m in found if m), key=lambda step: step.revision))


def works_with() -> SchemaRange:
    """The schemas this release works with."""
    known = steps()
    return SchemaRange(max(s.revision for s in known if s.phase == "pre"), known[-1].revision)


def state_of(tx: Connection) -> SchemaState:
    """Where a database stands."""
    found, known = _revision(tx), works_with()
    if found is None:
        return SchemaState(found, "empty", steps())
    if found > known.newest:
        return SchemaState(found, "outgrown" if _least(tx) > known.newest else "ahead", ())
    missing = tuple(step for step in steps() if step.revision > found)
    if found < known.oldest:
        return SchemaState(found, "behind", missing)
    return SchemaState(found, "expanded" if missing else "current", missing)


def _revision(tx: Connection) -> str | None:
    """As Alembic keeps it: to import that for one SELECT made every process start half as slow again."""
    if not inspect(tx).has_table("alembic_version"):
        return None
    return tx.execute(text("SELECT version_num FROM alembic_version")).scalar()


def require_schema(database: Database) -> None:
    """Refuse to work on a schema of which this release can't make use. Errors: SchemaOutdated, SchemaTooNew."""
    with database.read() as tx:
        state = state_of(tx)
    if not state.usable:
        error = SchemaTooNew if state.standing == "outgrown" else SchemaOutdated
        raise error(f"{state.words}: {_told(state)}", {"found": state.found, "standing": state.standing})


def _told(state: SchemaState) -> str:
    return f"run `{state.do}`" if state.do.startswith("mapwright") else state.do


def outgrown(tx: Connection) -> bool:
    """Whether the schema went on so far that this process must end."""
    return _least(tx) > works_with().newest


def _least(tx: Connection) -> str:
    return tx.execute(select(needed_table.c.revision)).scalar() or ""


def note_step(tx: Connection, revision: str) -> None:
    """Remember, within a migration, that older processes can't go on; of a `pre` step there is nothing to remember."""
    step = next((step for step in steps() if step.revision == revision), None)
    if step is not None and step.phase == "post" and inspect(tx).has_table(needed_table.name):
        tx.execute(delete(needed_table))
        tx.execute(insert(needed_table).values(id=1, revision=revision))
