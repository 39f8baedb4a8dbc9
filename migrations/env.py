"""Run by Alembic: one transaction a migration, in a session that lasts as long as it takes."""

from alembic import context

from app.storage.database import metadata


def run() -> None:
    """Upgrade the database that `app.storage.migrate` hands over."""
    database = context.config.attributes["database"]
    with database.engine.connect() as connection, database.dialect.migrating(connection):
        context.configure(
            connection=connection,
            target_metadata=metadata,
            transaction_per_migration=True,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
