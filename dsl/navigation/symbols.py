"""What has a name, and the places where the name stands."""

from dataclasses import dataclass

from dsl.source import Span

DECLARED = frozenset({"map", "lookup", "table", "function", "rules", "flow", "dataset", "type", "playbook"})
"""The words that begin a named declaration of a module."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """One thing with a name; `owner` tells equal names apart (a variable's block, the record of a field)."""

    kind: str
    name: str
    owner: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A span of a file; a file without text of ours (CSV) is named by its first character."""

    file: str
    span: Span


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A symbol's name at a place; `declares` where it is introduced."""

    symbol: Symbol
    file: str
    span: Span
    declares: bool = False

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.file, self.span)
