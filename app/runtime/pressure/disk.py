"""Room on the disks: when there is too little, intake stops before the database has to."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from app.settings import Settings
from app.storage.database import Database

_CLEARLY_MORE = 100_000_000


@dataclass(frozen=True, slots=True)
class Room:
    """One disk: what is free of it, and the least that has to be."""

    path: str
    free: int
    total: int
    least: int

    @property
    def words(self) -> str:
        """For people."""
        free, total, least = (f"{size / 1_000_000:,.0f} MB" for size in (self.free, self.total, self.least))
        return f"{free} of {total} are free on the disk of {self.path}, intake needs {least}"


class Disks:
    """The disks of the data folder and, where it is on this machine, of the database."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._folders: list[Path] | None = None
        self.short: Room | None = None

    def look(self) -> Room | None:
        """The disk that has too little room, if one has; it has enough again with clearly more."""
        rooms = [room for room in map(self._room, self._paths()) if room is not None]
        known = self.short is not None
        self.short = next(
            (room for room in rooms if room.free < room.least + known * _more(room.least)), None
        )
        return self.short

    def _room(self, path: Path) -> Room | None:
        try:
            found = os.statvfs(path)
        except OSError:
            return None
        total = found.f_blocks * found.f_frsize
        least = max(self._settings.disk_free_bytes, int(total * self._settings.disk_free_percent / 100))
        return Room(str(path), found.f_bavail * found.f_frsize, total, least)

    def _paths(self) -> Sequence[Path]:
        """Looked up once: the folder of SQLite's file, or of a PostgreSQL that runs here and says where."""
        if self._folders is None:
            home = self._settings.home.resolve()
            url = make_url(self._settings.database)
            found = self._database.dialect.folder(url, self._database.read)
            self._folders = [home] if found is None or found == home else [home, found]
        return self._folders


def _more(least: int) -> int:
    """So that intake does not stop and go on again at every message: a quarter, 100 MB at the most."""
    return min(least // 4, _CLEARLY_MORE)
