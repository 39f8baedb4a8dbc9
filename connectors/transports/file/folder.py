"""One folder, held open: everything happens relative to it, and no link is ever followed."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from connectors.contract import Tried
from connectors.errors import SettingsError

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one version of a file from the next."""

    name: str
    size: int
    changed_ns: int
    inode: int


class Folder:
    """A folder by descriptor. Names are single names: no separators, no `..`."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def names(self) -> list[str]:
        """All names in it, sorted."""
        return sorted(os.listdir(self.descriptor))

    def stamp(self, name: str) -> Stamp | None:
        """The regular file of that name; None for links, folders, devices and what is gone."""
        try:
            info = os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(info.st_mode):
            return None
        return Stamp(name, info.st_size, info.st_mtime_ns, info.st_ino)

    def read(self, name: str, most: int) -> bytes | None:
        """The whole file; None where it is longer than `most`."""
        descriptor = os.open(name, _READ, dir_fd=self.descriptor)
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(most + 1)
        return content if len(content) <= most else None

    def write(self, name: str, content: bytes) -> None:
        """A new file, on the disk when this returns. Errors: FileExistsError, OSError"""
        with os.fdopen(os.open(name, _WRITE, 0o640, dir_fd=self.descriptor), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def move(self, name: str, into: "Folder", new_name: str) -> None:
        """Rename without ever replacing a file. Errors: FileExistsError, OSError"""
        if into.exists(new_name):
            raise FileExistsError(new_name)
        try:
            os.link(
                name, new_name, src_dir_fd=self.descriptor, dst_dir_fd=into.descriptor, follow_symlinks=False
            )
        except PermissionError:  # a file system without hard links
            os.rename(name, new_name, src_dir_fd=self.descriptor, dst_dir_fd=into.descriptor)
        else:
            self.remove(name)
        into.sync()

    def exists(self, name: str) -> bool:
        """Is there anything of that name, be it a broken link?"""
        return os.access(name, os.F_OK, dir_fd=self.descriptor, follow_symlinks=False)

    def remove(self, name: str) -> None:
        """Remove a file; one that is gone already is fine."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.descriptor)

    def sync(self) -> None:
        """The names are on the disk when this returns."""
        os.fsync(self.descriptor)

    def inner(self, name: str) -> "Folder":
        """A folder directly below, created where it is missing. Errors: SettingsError"""
        try:
            with suppress(FileExistsError):
                os.mkdir(name, 0o750, dir_fd=self.descriptor)
            return Folder(os.open(name, _READ | os.O_DIRECTORY, dir_fd=self.descriptor))
        except OSError as error:
            raise _fault(f"folder: {name!r} in it can't be used as a folder: {error.strerror}") from None

    def fault(self) -> str:
        """Why files can't be put here or taken away; nothing where they can. Leaves nothing behind."""
        if not os.access(".", os.R_OK | os.W_OK | os.X_OK, dir_fd=self.descriptor):
            return "this process may not read and write it"
        name = f".mapwright-test-{os.getpid()}-{os.urandom(4).hex()}"
        try:
            self.write(name, b"test")
        except OSError as error:
            return f"nothing can be written into it: {error.strerror or error}"
        finally:
            with suppress(OSError):
                self.remove(name)
        return ""

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.descriptor)

    def free_names(self, name: str) -> Iterator[str]:
        """The name, then the name with .1, .2, ...: for a file that arrives twice."""
        yield name
        yield from (f"{name}.{number}" for number in range(1, 100_000))


def open_folder(path: str) -> Folder:
    """The folder of the settings.

    Errors: SettingsError for `..`, a link, or what is no folder
    """
    if ".." in path.split("/") or "\x00" in path:
        raise _fault(f"folder: {path!r} holds ..")
    try:
        return Folder(os.open(path.rstrip("/") or "/", _READ | os.O_DIRECTORY))
    except OSError as error:
        raise _fault(f"folder: {path!r} can't be opened as a folder: {error.strerror}") from None


def try_folders(path: str, *folders: Folder) -> Tried:
    """Whether files can be put into these folders and taken out."""
    try:
        fault = next((fault for one in folders if (fault := one.fault())), "")
    except OSError as error:
        fault = error.strerror or str(error)
    return (
        Tried("failing", f"{path}: {fault}") if fault else Tried("works", f"{path} can be read and written")
    )


def single_name(setting: str, name: Any) -> str:
    """A name without separators that doesn't begin with a dot.

    Errors: SettingsError
    """
    if not isinstance(name, str) or not name or name.startswith(".") or "/" in name or "\x00" in name:
        raise _fault(f"{setting}: {name!r} is not a plain name")
    return name


def _fault(text: str) -> SettingsError:
    return SettingsError(text, {"faults": [text]})
