"""The database: whether what it says is durable really is, its schema, and the chain of the audit log."""

from collections.abc import Iterator

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from app.doctor.finding import Finding, fail, ok, warn
from app.runtime.installation import Installation
from app.security.audit import verify
from app.storage.audit import head as audit_head
from app.storage.migrate import current, head, scripts

_OLDEST_POSTGRESQL = 14
_BUSY = 0.8
_SYNCHRONOUS = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}


def database(installation: Installation) -> Iterator[Finding]:
    """Reachable, its version, and whether a commit survives a power cut."""
    with installation.database.read() as tx:
        if installation.database.kind == "sqlite":
            yield from _sqlite(tx)
        else:
            yield from _postgresql(tx)


def _sqlite(tx: Connection) -> Iterator[Finding]:
    version = tx.execute(text("select sqlite_version()")).scalar_one()
    journal = str(tx.execute(text("PRAGMA journal_mode")).scalar_one())
    level = _SYNCHRONOUS.get(tx.execute(text("PRAGMA synchronous")).scalar_one(), "?")
    said = f"SQLite {version}, journal {journal}, synchronous {level}"
    if journal != "wal" or level not in ("FULL", "EXTRA"):
        yield fail("database", said, "the data folder must be on a disk of this machine that allows WAL")
    else:
        yield ok("database", said)


def _postgresql(tx: Connection) -> Iterator[Finding]:
    shown = {name: str(tx.execute(text(f"show {name}")).scalar_one()) for name in _SHOWN}
    said = f"PostgreSQL {shown['server_version']}"
    if int(shown["server_version_num"]) < _OLDEST_POSTGRESQL * 10_000:
        yield fail("database", said, f"upgrade the server to {_OLDEST_POSTGRESQL} or newer")
    else:
        yield ok("database", said)
    loose = [name for name in ("fsync", "full_page_writes", "synchronous_commit") if shown[name] == "off"]
    if loose:
        words = ", ".join(f"{name} is off" for name in loose)
        yield fail(
            "database",
            f"{words}: a crash of the server loses what was acknowledged",
            "turn it on in postgresql.conf",
        )
    else:
        yield ok("database", f"commits are durable (synchronous_commit {shown['synchronous_commit']})")
    used = tx.execute(
        text("select count(*) from pg_stat_activity where backend_type = 'client backend'")
    ).scalar_one()
    most = int(shown["max_connections"])
    said = f"{used} of {most} connections in use; a process of Mapwright takes up to 24"
    if used > _BUSY * most:
        yield warn("database", said, "raise max_connections, or put a pooler between")
    else:
        yield ok("database", said)


_SHOWN = (
    "server_version",
    "server_version_num",
    "fsync",
    "full_page_writes",
    "synchronous_commit",
    "max_connections",
)


def migrations(installation: Installation) -> Iterator[Finding]:
    """Whether the schema is the one of this version, and which steps are missing."""
    found, needed = current(installation.database), head()
    if found == needed:
        yield ok("migrations", f"the database is at {found}")
        return
    directory = ScriptDirectory(str(scripts()))
    known = [one.revision for one in directory.walk_revisions()]
    if found is not None and found not in known:
        yield fail(
            "migrations", f"the database is at {found}, newer than this version knows", "upgrade this host"
        )
        return
    missing = known[: known.index(found)] if found in known else known
    paths = [
        directory.get_revision(one).path.rpartition("/")[2].removesuffix(".py") for one in reversed(missing)
    ]
    post = [path for path in paths if "_post_" in path]
    if len(post) == len(paths):
        yield warn(
            "migrations", f"to be done when no old process runs: {', '.join(post)}", "mapwright migrate"
        )
    else:
        yield fail("migrations", f"missing: {', '.join(paths)}", "mapwright migrate")


def audit(installation: Installation) -> Iterator[Finding]:
    """Whether every row of the audit log is as it was written."""
    with installation.database.read() as tx:
        found, (seq, hash) = verify(tx), audit_head(tx)
    if found.ok:
        yield ok("audit", f"{found.rows} rows, all as they were written; anchor {seq}:{hash[:12]}")
    else:
        yield fail(
            "audit",
            f"row {found.broken}: {found.problem}",
            "keep a copy of the database, find out who writes to it",
        )
