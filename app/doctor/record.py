"""The database: whether what it says is durable really is, its schema, and the chain of the audit log."""

from collections.abc import Iterator

from app.doctor.finding import Finding, fail, ok, warn
from app.runtime.installation import Installation
from app.security.audit import verify
from app.storage.audit import head as audit_head
from app.storage.schema import state_of


def database(installation: Installation) -> Iterator[Finding]:
    """Reachable, its version, and whether a commit survives a power cut."""
    with installation.database.read() as tx:
        for status, found, do in installation.database.dialect.health(tx):
            yield Finding("database", status, found, do)


def migrations(installation: Installation) -> Iterator[Finding]:
    """Where the schema stands, and what is to be done about it."""
    with installation.database.read() as tx:
        state = state_of(tx)
    if state.standing == "current":
        yield ok("migrations", state.words)
    elif state.usable:
        yield warn("migrations", state.words, state.do)
    else:
        yield fail("migrations", state.words, state.do)


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
