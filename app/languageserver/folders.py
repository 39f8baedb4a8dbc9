"""Rule sets on disk as an editor sees them: unsaved texts over files, checked once for each state."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from app.design import trials
from dsl import checker
from dsl.manifest import FILE as MANIFEST
from dsl.navigation import Index
from dsl.program import Program

FILE_LIMIT = 5_000_000
FILES_LIMIT = 5_000
SAMPLES = "samples/"


def root_of(path: Path) -> Path:
    """The nearest folder above a file that has a ruleset.toml; its own folder where there is none."""
    for folder in path.parents:
        if (folder / MANIFEST).is_file():
            return folder
    return path.parent


@dataclass(frozen=True)
class State:
    """One state of a rule set's texts."""

    root: Path
    files: Mapping[str, bytes]

    @cached_property
    def program(self) -> Program:
        """The checked program."""
        samples = {path: None for path in self.files if path.startswith(SAMPLES)}
        return checker.check(self.texts, samples)

    @cached_property
    def judged(self) -> Program:
        """The same with what the samples show."""
        return trials.judge(self.program, self.files)

    @property
    def texts(self) -> dict[str, bytes]:
        """The files without samples."""
        return {path: content for path, content in self.files.items() if not path.startswith(SAMPLES)}

    @cached_property
    def index(self) -> Index:
        """Its names."""
        return Index(self.program)


@dataclass(slots=True)
class Folders:
    """The rule sets that have been asked for; `touched` says that texts or files may have changed."""

    _states: dict[Path, State] = field(default_factory=dict)
    _disk: dict[Path, tuple[tuple[int, int], bytes]] = field(default_factory=dict)
    _stale: set[Path] = field(default_factory=set)

    def touched(self) -> None:
        """Look at everything again when it is asked for."""
        self._stale.update(self._states)

    def state(self, root: Path, open_texts: Mapping[Path, str]) -> State:
        """The present state of a rule set; `open_texts` are those the editor holds."""
        known = self._states.get(root)
        if known is not None and root not in self._stale:
            return known
        files = self._read(root)
        for path, text in open_texts.items():
            if path.is_relative_to(root):
                files[path.relative_to(root).as_posix()] = text.encode("utf-8", "surrogatepass")
        if known is None or known.files != files:
            self._states[root] = State(root, files)
        self._stale.discard(root)
        return self._states[root]

    def _read(self, root: Path) -> dict[str, bytes]:
        """The files on disk; a folder without ruleset.toml gives none, so that nobody's home is read."""
        if not (root / MANIFEST).is_file():
            return {}
        found = {}
        for path in _below(root):
            content = self._content(path)
            if content is not None:
                found[path.relative_to(root).as_posix()] = content
        return found

    def _content(self, path: Path) -> bytes | None:
        try:
            stat = path.stat()
            if stat.st_size > FILE_LIMIT:
                return None
            mark = (stat.st_mtime_ns, stat.st_size)
            kept = self._disk.get(path)
            if kept is None or kept[0] != mark:
                kept = self._disk[path] = (mark, path.read_bytes())
            return kept[1]
        except OSError:
            return None


def _below(root: Path) -> Iterator[Path]:
    """The files of a rule set: no hidden ones, no links, a bounded number."""
    count = 0
    for path in sorted(root.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
        if hidden or path.is_symlink() or not path.is_file():
            continue
        count += 1
        if count > FILES_LIMIT:
            return
        yield path
