"""Run by Alembic: one transaction a migration, in a session that lasts as long as it takes."""

from typing import Any

from alembic import context

from app.storage.database import metadata
from app.storage.schema import note_step


def _noted(ctx: Any, step: Any, **_: Any) -> None:
    """In the transaction of the step."""
    if step.is_upgrade:
        note_step(ctx.connection, step.up_revision_id)


def run() -> None:
    """Upgrade the database that `app.storage.migrate` hands over."""
    database = context.config.attributes["database"]
    with database.engine.connect() as connection, database.dialect.migrating(connection):
        context.configure(
            connection=connection,
            target_metadata=metadata,
            transaction_per_migration=True,
            transactional_ddl=True,
            on_version_apply=_noted,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
