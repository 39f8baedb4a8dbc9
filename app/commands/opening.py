"""Open the installation for a command; what stands in the way becomes one line that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from app.terminal import REFUSED, Stop

if TYPE_CHECKING:
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
def opened(migrated: bool = True) -> Iterator["Installation"]:
    """The installation of the settings in force, its database at this version's schema."""
    from sqlalchemy.exc import DatabaseError, OperationalError

    from app.settings import load_settings
    from app.storage.migrate import require_current
    from app.wiring import wire

    settings = load_settings()
    check_home(settings.home)
    installation = wire(settings)
    try:
        if migrated:
            require_current(installation.database)
        yield installation
    except OperationalError as error:
        raise Stop(REFUSED, f"the database can't be reached: {_first_line(error)}") from None
    except DatabaseError as error:
        if "malformed" in str(error) or "not a database" in str(error):
            raise Stop(REFUSED, broken(settings.home)) from None
        raise
    finally:
        installation.close()


def broken(home: Path) -> str:
    """What to do where the data folder holds no usable database."""
    return f"{home / 'mapwright.db'} is damaged: restore a backup, or move {home} away to start anew"


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", error)).strip().splitlines()[0]
