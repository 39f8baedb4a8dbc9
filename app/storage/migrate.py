"""Bring a database to the schema this version needs, beside processes of an older one where that is possible."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, Table, inspect, select, type_coerce

from app.errors import OlderProcesses, StepRefused
from app.storage import schema
from app.storage.database import Database, UtcTime, now, open_database
from app.storage.schema import Step, state_of, steps
from app.storage.workers import ALIVE_SECONDS

Which = Literal["all", "pre", "post"]


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a migration did, and what is left to be done."""

    revision: str | None
    done: tuple[Step, ...]
    left: tuple[Step, ...]


def upgrade(url: str, revision: str = "head") -> None:
    """Run every migration that is missing up to a revision, each in its own transaction, whoever is at work."""
    database = open_database(url)
    try:
        command.upgrade(_config(database), revision)
    finally:
        database.close()


def migrate(url: str, which: Which = "all", to: str = "head") -> Migrated:
    """Run the missing steps of a kind in order. Errors: OlderProcesses, StepRefused."""
    database = open_database(url)
    try:
        with database.read() as tx:
            state = state_of(tx)
            chosen = _chosen(state.missing, which, to, fresh=state.found is None)
            post = [step for step in chosen if step.phase == "post"]
            if state.found is not None and post:
                _require_alone(tx, post[-1])
        if chosen:
            command.upgrade(_config(database), chosen[-1].revision)
        left = tuple(step for step in state.missing if step not in chosen)
        return Migrated(chosen[-1].revision if chosen else state.found, chosen, left)
    finally:
        database.close()


def _chosen(missing: Sequence[Step], which: Which, to: str, fresh: bool) -> tuple[Step, ...]:
    """The first ones of what is missing: there is one line of steps, none can be left out."""
    if to != "head" and to not in {step.revision for step in steps()}:
        raise StepRefused(f"there is no revision {to[:40]}: the last one is {steps()[-1].revision}")
    within = tuple(step for step in missing if to == "head" or step.revision <= to)
    if which == "all" or fresh:
        return within
    last = _leading(within) if which == "pre" else _last_post(within)
    if which == "pre" and within and not last:
        raise StepRefused(
            f"{within[0].name} comes first and needs every older process stopped: stop them, then `mapwright migrate --post`"
        )
    return within[:last]


def _leading(within: Sequence[Step]) -> int:
    """How many `pre` steps stand before the first `post` step."""
    return next((place for place, step in enumerate(within) if step.phase == "post"), len(within))


def _last_post(within: Sequence[Step]) -> int:
    """How many steps it is to the last `post` step; what is `pre` must be done before the first one."""
    places = [place for place, step in enumerate(within) if step.phase == "post"]
    return places[-1] + 1 if places else 0


def _require_alone(tx: Connection, step: Step) -> None:
    found = older_processes(tx, step.revision)
    if found:
        raise OlderProcesses(
            f"{step.name} needs every older process stopped; still at work: {'; '.join(found)}. Stop them and try"
            f" again: one that was killed is forgotten after {ALIVE_SECONDS} s",
            {"step": step.name, "processes": found},
        )


def older_processes(tx: Connection, revision: str) -> list[str]:
    """Who gave a sign of life just now and does not know this step; read as the schema of that day has it."""
    if not inspect(tx).has_table("workers"):
        return []
    table = Table("workers", MetaData(), autoload_with=tx)
    alive = type_coerce(table.c.seen_at, UtcTime) > now(tx) - timedelta(seconds=ALIVE_SECONDS)
    rows = tx.execute(select(table).where(alive).order_by(table.c.name)).mappings()
    return [_place(dict(row)) for row in rows if (row.get("schema") or "") < revision]


def _place(row: dict[str, Any]) -> str:
    where = f"{row['host']} pid {row['pid']}" if row.get("host") else row["name"]
    return f"{row['kind']} on {where}" + (f" (version {row['version']})" if row.get("version") else "")


def _config(database: Database) -> Config:
    config = Config()
    config.set_main_option("script_location", str(schema.scripts()))
    config.attributes["database"] = database
    return config
