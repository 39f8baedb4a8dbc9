"""A database with the tables of the contract of dialects."""

import pytest

from app.storage.database import Database
from tests.app.storage.things import things_metadata


@pytest.fixture
def stocked(database: Database) -> Database:
    things_metadata.create_all(database.engine)
    return database
