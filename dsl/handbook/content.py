"""What a handbook is made of: chapters, entries, facts and grids."""

import re
from dataclasses import dataclass


def anchor(kind: str, name: str) -> str:
    """The id of a construct in a page: `map-defect_to_nonconformance`."""
    return f"{kind}-{re.sub(r'[^A-Za-z0-9_.-]+', '-', name).strip('-')}"


@dataclass(frozen=True, slots=True)
class Cell:
    """Some words; `code` is text of the language, `link` the id of an entry it names."""

    text: str
    code: bool = False
    link: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows under heads; `more` says how many rows were left out."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    more: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One construct: what it is, what is noted on it, what it says, what proves it and who uses it."""

    id: str
    title: str
    summary: str = ""
    file: str = ""
    line: int = 0
    notes: tuple[str, ...] = ()
    facts: tuple[tuple[str, Cell], ...] = ()
    grids: tuple[Grid, ...] = ()
    text: str = ""
    tests: tuple[Cell, ...] = ()
    users: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class Chapter:
    """Entries of one kind."""

    id: str
    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Handbook:
    """The whole of it."""

    title: str
    name: str
    owner: str
    time_zone: str
    errors: int
    warnings: int
    chapters: tuple[Chapter, ...]
