"""Open the installation for a command; what stands in the way becomes one line that says what to do."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from app.terminal import REFUSED, Stop

_LONGEST_PAUSE = 10.0

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from app.runtime.installation import Installation


def check_home(home: Path) -> None:
    """The data folder exists and can be written; Stop says what to do otherwise."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=home):  # a name of its own: several processes of an installation start at once
            pass
    except (FileExistsError, NotADirectoryError):
        raise Stop(
            REFUSED, f"{home} is not a folder: move it away, or set MAPWRIGHT_HOME to another one"
        ) from None
    except OSError as error:
        raise Stop(
            REFUSED,
            f"no write permission in {home} ({error.strerror}): set MAPWRIGHT_HOME to a folder of yours",
        ) from None


@contextmanager
def opened(
    migrated: bool = True, patient: bool = False, process: str = "command"
) -> Iterator["Installation"]:
    """The installation of the settings in force, its database at a schema this version works with.

    `patient` is for processes that stay: they wait for a database that is away; `process` names them in traces.
    """
    from sqlalchemy.exc import DatabaseError, OperationalError

    from app.settings import load_settings
    from app.storage.schema import require_schema
    from app.wiring import wire

    settings = load_settings()
    check_home(settings.home)
    _log_aside()
    installation = wire(settings, process)
    try:
        if patient:
            wait_for_database(installation)
        if migrated:
            require_schema(installation.database)
        yield installation
    except OperationalError as error:
        raise Stop(REFUSED, f"the database can't be reached: {_first_line(error)}") from None
    except DatabaseError as error:
        if installation.database.dialect.damaged(error):
            raise Stop(REFUSED, broken(settings.home)) from None
        raise
    finally:
        installation.close()


def known_environment(installation: "Installation", tx: "Connection", wanted: str | None) -> str:
    """The environment that was said, else that of the settings; Stop where others are there and this one is not."""
    from app.storage.environments import environments
    from app.storage.unknown import meant

    where = wanted or installation.settings.environment
    names = [one.name for one in environments(tx)]
    if names and where not in names:
        guess = meant(where, names)
        raise Stop(
            REFUSED, f"there is no environment {where}{guess or ':'} say --env with one of {', '.join(names)}"
        )
    return where


def environment_of(installation: "Installation", wanted: str | None) -> str:
    """`known_environment` in a transaction of its own."""
    with installation.database.read() as tx:
        return known_environment(installation, tx, wanted)


def address_of(installation: "Installation") -> str:
    """Which database it is, without the password: who finds nothing in it may have meant another one."""
    from sqlalchemy import make_url

    return make_url(installation.settings.database).render_as_string(hide_password=True)


def _log_aside() -> None:
    """What is logged on the way never mixes with what a command prints; processes that stay have a log of their own."""
    import structlog

    if not structlog.is_configured():
        structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def wait_for_database(installation: "Installation") -> None:
    """Until the server answers; what waiting does not mend (a wrong password, no such database) is raised."""
    import structlog
    from sqlalchemy.exc import OperationalError

    pause = 0.5
    while installation.database.dialect.comes_back:
        try:
            with installation.database.read():
                return
        except OperationalError as error:
            if not installation.database.dialect.mended(error):
                raise
            said = str(error.orig).strip()[:300]
            structlog.get_logger(__name__).warning("database away", error=said, pause=pause)
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def broken(home: Path) -> str:
    """What to do where the data folder holds no usable database."""
    return f"{home / 'mapwright.db'} is damaged: restore a backup, or move {home} away to start anew"


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", error)).strip().splitlines()[0]
