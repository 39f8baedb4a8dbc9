"""Run by Alembic: one transaction a migration, foreign keys off on SQLite (batch moves would cascade)."""

from alembic import context

from app.storage.database import metadata


def run() -> None:
    """Upgrade the database that `app.storage.migrate` hands over."""
    database = context.config.attributes["database"]
    with database.engine.connect() as connection:
        if database.kind == "sqlite":
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        elif connection.connection.driver_connection.info.server_version >= 170000:
            connection.exec_driver_sql("SET transaction_timeout = 0")  # a migration takes as long as it takes
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=metadata,
            transaction_per_migration=True,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        if database.kind == "sqlite":
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")


run()
