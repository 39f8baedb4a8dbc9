"""A table or lookup apart from any file: names, types and cells as the texts an analyst writes."""

import re
from dataclasses import dataclass, field

NAME = re.compile(r"[a-z_][a-z0-9_]*")
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
POLICIES = ("unique", "first", "priority", "any", "collect", "rule_order", "output_order")
AGGREGATIONS = ("list", "sum", "min", "max", "count")


@dataclass(frozen=True, slots=True)
class Notes:
    """The comments of one line: those on lines above it, and the one at its end."""

    above: tuple[str, ...] = ()
    end: str = ""


NO_NOTES = Notes()


@dataclass(frozen=True, slots=True)
class ColumnContent:
    """A column; `type` is written as in the language."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class RowContent:
    """A row of a table (with its id) or of a lookup (with none)."""

    id: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    notes: Notes = NO_NOTES


@dataclass(frozen=True, slots=True)
class TableContent:
    """A decision table. `notes` are those of the head, the columns, the default and the end."""

    name: str
    policy: str
    aggregation: str
    inputs: tuple[ColumnContent, ...]
    outputs: tuple[ColumnContent, ...]
    rows: tuple[RowContent, ...]
    otherwise: tuple[str, ...] | None = None
    uses: tuple[tuple[str, str], ...] = ()
    head: Notes = NO_NOTES
    columns: Notes = NO_NOTES
    default: Notes = NO_NOTES
    end: Notes = NO_NOTES


@dataclass(frozen=True, slots=True)
class LookupContent:
    """An inline value map; a column may have no name."""

    name: str
    keys: tuple[ColumnContent, ...]
    results: tuple[ColumnContent, ...]
    rows: tuple[RowContent, ...]
    two_way: bool = False
    uses: tuple[tuple[str, str], ...] = ()
    head: Notes = NO_NOTES
    end: Notes = NO_NOTES


Content = TableContent | LookupContent


@dataclass(frozen=True, slots=True)
class Imported:
    """The text of a module that holds what was read, and what the analyst should look at."""

    text: str
    names: tuple[str, ...]
    warnings: tuple[str, ...] = field(default=())


def slug(text: str, fallback: str) -> str:
    """A name of the language close to a text: small letters, digits and underscores."""
    if NAME.fullmatch(text):
        return text
    made = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    if not made:
        return fallback
    return made if NAME.fullmatch(made) else f"{fallback}_{made}"


def unique_names(names: list[str]) -> list[str]:
    """The names, a number added to each that was there before."""
    taken: set[str] = set()
    result = []
    for name in names:
        number, made = 2, name
        while made in taken:
            number, made = number + 1, f"{name}_{number}"
        taken.add(made)
        result.append(made)
    return result


def comment_text(text: str) -> str:
    """A text as a comment: one line, without characters that hide or turn others."""
    seen = (c for c in text if c.isspace() or (c.isprintable() and not 0x2000 < ord(c) < 0x2010))
    return " ".join("".join(seen).split())
