"""Reads complete files of a folder; moves each away after it was stored."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from fnmatch import fnmatchcase
from typing import Any

from connectors.contract import Incoming, Tried
from connectors.settings import SettingsSpec, read_settings
from connectors.transports.file.folder import Folder, Stamp, open_folder, single_name, try_folders

_DONE = ".done"
_MEDIA_TYPES = {"json": "application/json", "ndjson": "application/x-ndjson", "edi": "application/edi-x12"}


class FileSource:
    """A folder as an inbox. A file is known by name, size and time: one dropped again is new."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        names = [single_name(key, settings[key]) for key in ("processed", "failed")]
        with ExitStack() as opened:
            self.folder = opened.enter_context(closing(open_folder(settings["folder"])))
            self.processed, self.failed = [
                opened.enter_context(closing(self.folder.inner(name))) for name in names
            ]
            self._opened = opened.pop_all()

    def poll(self, limit: int) -> Iterator[Incoming]:
        """Up to `limit` complete files, oldest first."""
        stamps = [stamp for name in self.folder.names() if (stamp := self._candidate(name))]
        for stamp in sorted(stamps, key=lambda stamp: (stamp.changed_ns, stamp.name))[:limit]:
            if incoming := self._read(stamp):
                yield incoming

    def acknowledge(self, incoming: Incoming) -> None:
        """The body is durable: move the file to the folder of read ones."""
        self._move(incoming, self.processed)

    def set_aside(self, incoming: Incoming, reason: str) -> None:
        """The body was refused: move the file to the folder of failures, with NAME.reason.txt beside it."""
        name = self._move(incoming, self.failed)
        if name:
            self._explain(name, reason)

    def test(self, seconds: float) -> Tried:
        """The folder can be listed, and files can be moved into the folders of read ones and failures."""
        return try_folders(self.settings["folder"], self.folder, self.processed, self.failed)

    def close(self) -> None:
        """Give the folders back."""
        self._opened.close()

    def _candidate(self, name: str) -> Stamp | None:
        if name.startswith(".") or name.endswith(_DONE) or not fnmatchcase(name, self.settings["pattern"]):
            return None
        stamp = self.folder.stamp(name)
        return stamp if stamp and self._complete(stamp) else None

    def _complete(self, stamp: Stamp) -> bool:
        if self.settings["ready"] == "done":
            return self.folder.stamp(stamp.name + _DONE) is not None
        return bool(time.time_ns() - stamp.changed_ns >= self.settings["min_age"] * 1_000_000_000)

    def _read(self, stamp: Stamp) -> Incoming | None:
        media_type = _MEDIA_TYPES.get(stamp.name.rpartition(".")[2].lower(), "application/octet-stream")
        try:
            body = self.folder.read(stamp.name, self.settings["max_bytes"])
        except OSError:
            return None  # gone, or not readable yet: the next poll sees
        if self.folder.stamp(stamp.name) != stamp:
            return None  # written while it was read: not complete after all
        incoming = Incoming(_key(stamp), body or b"", media_type, {"X-File-Name": _ascii(stamp.name)})
        if body is None:
            self.set_aside(incoming, f"larger than {self.settings['max_bytes']} bytes")
            return None
        return incoming

    def _move(self, incoming: Incoming, into: Folder) -> str:
        """Move the file, unless another one has taken its name meanwhile; its name there."""
        name = incoming.key.rsplit(":", 2)[0]
        stamp = self.folder.stamp(name)
        if stamp is None or _key(stamp) != incoming.key:
            return ""
        for new_name in self.folder.free_names(name):
            try:
                self.folder.move(name, into, new_name)
            except FileExistsError:
                continue
            self.folder.remove(name + _DONE)
            return new_name
        raise FileExistsError(name)

    def _explain(self, name: str, reason: str) -> None:
        self.failed.remove(f"{name}.reason.txt")
        self.failed.write(f"{name}.reason.txt", (reason.rstrip() + "\n").encode("utf-8", "replace"))


def _key(stamp: Stamp) -> str:
    return f"{stamp.name}:{stamp.size}:{stamp.changed_ns}"


def _ascii(name: str) -> str:
    return "".join(character if " " <= character <= "~" else "?" for character in name)


def open_source(spec: SettingsSpec, given: Mapping[str, Any]) -> FileSource:
    """A source by its settings.

    Errors: SettingsError
    """
    return FileSource(read_settings(spec, given))
