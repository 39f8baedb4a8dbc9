"""Tell people that intake has stopped for want of room: once, in every environment."""

import structlog

from app.runtime.installation import Installation
from app.storage.alerts import add_notices
from app.storage.environments import environments

CHANNEL = "operations"
_log = structlog.get_logger(__name__)


def tell_short_disk(installation: Installation, told: bool) -> bool:
    """Raise the alert where it is due; whether it stands now."""
    short = installation.gate.disks.short
    if short is not None and not told:
        text = (
            f"Intake has stopped: {short.words}. What was taken in is worked off; make room and it goes on."
        )
        with installation.database.begin() as tx:
            names = [found.name for found in environments(tx)]
            add_notices(tx, names, CHANNEL, text, installation.database.now(tx))
    return short is not None
