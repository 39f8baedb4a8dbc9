"""How long each environment keeps its messages: as it is, and changed."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from app.errors import NotFound
from app.runtime.installation import Installation
from app.security.audit import append
from app.storage import days
from app.storage.database import now
from app.storage.environments import environment, environments
from app.storage.retention import Keep, Policy, policy, set_retention, unset_retention
from app.storage.unknown import no_environment


def retention_of(installation: Installation, tx: Connection) -> Policy:
    """The retention in force: what environments say, else the settings."""
    settings = installation.settings
    return policy(tx, Keep(settings.retention_finished, settings.retention_failed))


def kept_now(installation: Installation) -> dict[str, Any]:
    """How long each environment keeps, and the ranges of days there are."""
    with installation.database.begin() as tx:
        found, there = retention_of(installation, tx), days.ranges(tx)
        names = [one.name for one in environments(tx)]
        sizes = days.sizes(tx, there)
    keeps = {name: found.environments.get(name, found.default) for name in names}
    return {
        "environments": [
            {
                "environment": name,
                "finished": keep.finished,
                "failed": keep.failed,
                "set": name in found.environments,
            }
            for name, keep in keeps.items()
        ],
        "days": [{"days": one.suffix, "bytes": sizes[one.suffix]} for one in there],
    }


def change_retention(
    installation: Installation, name: str, finished: int | None, failed: int | None, *, by: str
) -> Keep:
    """Say what an environment keeps; what is None stays, both None is as the settings say. Errors: NotFound."""
    with installation.database.begin() as tx:
        if environment(tx, name) is None:
            raise NotFound(no_environment(tx, name))
        found = retention_of(installation, tx)
        before = found.environments.get(name, found.default)
        keep = Keep(
            before.finished if finished is None else finished, before.failed if failed is None else failed
        )
        if finished is None and failed is None:
            unset_retention(tx, name)
            keep = found.default
        else:
            set_retention(tx, name, keep, by, now(tx))
        append(tx, by, "retention.set", name, asdict(before), asdict(keep))
    return keep
