"""Migrations make exactly the tables that the storage modules describe."""

import importlib
import pkgutil
import re

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import app.storage
from app.errors import SchemaOutdated
from app.storage.database import Database, metadata, open_database
from app.storage.migrate import upgrade
from app.storage.schema import require_schema, state_of, steps


def test_the_migrated_schema_is_the_described_one(database: Database) -> None:
    for module in pkgutil.iter_modules(app.storage.__path__):
        importlib.import_module(f"app.storage.{module.name}")
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": _included}
        )
        assert compare_metadata(context, metadata) == []


def _included(_object: object, name: str | None, kind: str, reflected: bool, _against: object) -> bool:
    """A partition of a day is part of its table."""
    return not (kind == "table" and reflected and re.search("_([0-9]{8}|before|rest)$", name or ""))


def test_a_migrated_database_is_current_and_migrating_again_does_nothing(
    database_url: str, database: Database
) -> None:
    upgrade(database_url)
    with database.read() as tx:
        assert state_of(tx).standing == "current" and state_of(tx).found == steps()[-1].revision
    require_schema(database)


def test_an_empty_database_is_refused(tmp_path: object) -> None:
    empty = open_database(f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(SchemaOutdated):
        require_schema(empty)
    empty.close()
