"""Bring a database to the schema this version needs."""

from importlib.util import find_spec
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.errors import SchemaOutdated
from app.storage.database import Database, open_database


def scripts() -> Path:
    """The folder of the migrations: `migrations/` of a checkout, `app.migrations` once installed."""
    checkout = Path(__file__).resolve().parents[2] / "migrations"
    if (checkout / "env.py").is_file():
        return checkout
    spec = find_spec("app.migrations")
    if spec is not None and spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    raise SchemaOutdated("the migrations of this installation are missing")


def upgrade(url: str, revision: str = "head") -> None:
    """Run every migration that is missing; each in its own transaction."""
    database = open_database(url)
    try:
        command.upgrade(_config(database), revision)
    finally:
        database.close()


def current(database: Database) -> str | None:
    """The revision the database stands at."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """The revision this version needs."""
    config = Config()
    config.set_main_option("script_location", str(scripts()))
    return ScriptDirectory.from_config(config).get_current_head()


def require_current(database: Database) -> None:
    """Refuse to work on an older or newer schema. Errors: SchemaOutdated."""
    found, needed = current(database), head()
    if found != needed:
        raise SchemaOutdated(details={"found": found, "needed": needed})


def _config(database: Database) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts()))
    config.attributes["database"] = database
    return config
