"""What `mapwright doctor` looks at: each finding says what was found, how bad it is, and what to do.

Way of the data: `examine` opens what the settings in force name and asks one module an area; an area that
can't be looked at is a finding itself. Nothing is changed.
"""

from collections.abc import Callable, Iterable, Sequence

from app.doctor import connections, host, queue, record, team
from app.doctor.finding import Finding, fail
from app.runtime.installation import Installation

__all__ = ["Finding", "examine"]

Look = Callable[[Installation], Iterable[Finding]]
AREAS: Sequence[tuple[str, Look, bool]] = (
    ("database", record.database, False),
    ("migrations", record.migrations, False),
    ("redis", queue.redis, True),
    ("clock", team.clock, False),
    ("workers", team.workers, False),
    ("versions", team.versions, False),
    ("disk", host.disk, False),
    ("keys", host.keys, False),
    ("connections", connections.connections, True),
    ("audit", record.audit, False),
)


def examine(installation: Installation, fast: bool = False) -> list[Finding]:
    """Every area, in order; `fast` leaves out what goes over the network besides the database."""
    found: list[Finding] = []
    for area, look, network in AREAS:
        if not (fast and network):
            found += _looked(area, look, installation)
    return found


def _looked(area: str, look: Look, installation: Installation) -> list[Finding]:
    try:
        return list(look(installation))
    except Exception as error:  # whatever is wrong belongs on the page
        said = str(getattr(error, "orig", error)).strip().splitlines()
        return [
            fail(
                area, f"can't be looked at: {said[0] if said else type(error).__name__}", _HELP.get(area, "")
            )
        ]


_HELP = {
    "database": "start the server, or correct MAPWRIGHT_DATABASE_URL",
    "redis": "start Redis or Valkey, or correct MAPWRIGHT_REDIS_URL; workers poll the database meanwhile",
}
