"""The record: one module a noun of the database, the same code on SQLite and PostgreSQL.

Way of the data: `database.py` opens a Database; every other function takes the Connection of a
transaction first and uses SQLAlchemy Core. The lines in which the two databases differ stand in
`database.py` alone. `queries.py` reads for pages and the API; everything else writes what its noun owns.

Invariants:
- The tables are made by `migrations/`; a test compares them with the metadata here.
- Every hot table carries `partition` (0-255, the hash of its lane) in its key, and ids begin with it.
- Times are timezone-aware UTC, given by the database; JSON columns hold canonical JSON text.
- States change only through `app.runtime.states`.
"""
