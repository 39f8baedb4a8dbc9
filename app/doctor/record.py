"""The database: whether what it says is durable really is, its schema, and the chain of the audit log."""

from collections.abc import Iterator

from alembic.script import ScriptDirectory

from app.doctor.finding import Finding, fail, ok, warn
from app.runtime.installation import Installation
from app.security.audit import verify
from app.storage.audit import head as audit_head
from app.storage.migrate import current, head, scripts


def database(installation: Installation) -> Iterator[Finding]:
    """Reachable, its version, and whether a commit survives a power cut."""
    with installation.database.read() as tx:
        for status, found, do in installation.database.dialect.health(tx):
            yield Finding("database", status, found, do)


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
