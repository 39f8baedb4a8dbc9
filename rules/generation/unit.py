"""What is being compiled: generated names, bound values, and where every generated line comes from.

The line number of a generated statement is the number of a Site. So a failure's traceback says which
expression of the module it was, at no cost to what does not fail.
"""

import ast
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dsl import syntax
from dsl.program import Program
from dsl.source import Source
from rules.generation import nodes
from rules.outcome import Place


@dataclass(frozen=True, slots=True)
class Site:
    """An expression: its place, and the generated variables that hold what it worked on."""

    place: Place
    subjects: tuple[str, ...] = ()
    what: str = ""


@dataclass(frozen=True, slots=True)
class Reaction:
    """What to do about one kind of failure. `code` tells the generated code: 0 nothing, -1 drop the row, n use."""

    action: str
    code: int = 0
    warn: bool = False


REJECT = Reaction("reject")


@dataclass(frozen=True, slots=True)
class Station:
    """A field, let, condition or rule that fails by itself without touching its neighbours.

    `path` holds {} for every index in `indexes`, the generated variables of the loops around it.
    """

    step: str
    path: str
    place: Place
    reactions: Mapping[str, Reaction]
    indexes: tuple[str, ...] = ()


@dataclass(slots=True)
class Unit:
    """One program on its way to a code object."""

    program: Program
    namespace: dict[str, Any] = field(default_factory=dict)
    definitions: list[ast.stmt] = field(default_factory=list)
    sites: list[Site] = field(default_factory=lambda: [Site(Place("", 1, 1))])
    stations: list[Station] = field(default_factory=list)
    _bound: dict[int, str] = field(default_factory=dict)
    _count: int = 0

    def fresh(self, prefix: str) -> str:
        """A name that nothing else has."""
        self._count += 1
        return f"{prefix}{self._count}"

    def bind(self, value: Any, prefix: str = "k") -> str:
        """The generated global name of a Python value."""
        name = self._bound.get(id(value))
        if name is None:
            name = self._bound[id(value)] = self.fresh(prefix)
            self.namespace[name] = value
        return name

    def place(self, path: str, node: syntax.Node) -> Place:
        """Where a node stands."""
        source = self.program.sources.get(path) or Source(path, "")
        line, column = source.position(min(node.span.start, len(source.text)))
        return Place(path, line, column)

    def site(self, site: Site) -> int:
        """The number of a new site."""
        self.sites.append(site)
        return len(self.sites) - 1

    def station(self, station: Station) -> int:
        """The number of a new station."""
        self.stations.append(station)
        return len(self.stations) - 1


class Writer:
    """Writes the body of one generated function, statement by statement."""

    def __init__(self, unit: Unit, path: str) -> None:
        self.unit = unit
        self.path = path
        self.block: list[ast.stmt] = []
        self.line = 1
        self.depth = 0

    def emit(self, statement: ast.stmt) -> None:
        """Append a statement; its line number is the current site."""
        statement.lineno = self.line
        statement.col_offset = 0
        self.block.append(statement)

    @contextmanager
    def nested(self) -> Iterator[list[ast.stmt]]:
        """A block of its own, to be put into a statement afterwards."""
        outer, self.block = self.block, []
        self.depth += 1
        try:
            yield self.block
        finally:
            self.block = outer
            self.depth -= 1

    @contextmanager
    def at(self, node: syntax.Node, subjects: tuple[str, ...] = (), what: str = "") -> Iterator[None]:
        """Statements written inside belong to this node."""
        outer = self.line
        self.line = self.unit.site(Site(self.unit.place(self.path, node), subjects, what))
        try:
            yield
        finally:
            self.line = outer

    def temp(self, value: ast.expr, prefix: str = "t") -> str:
        """A new local variable with this value."""
        name = self.unit.fresh(prefix)
        self.emit(nodes.assign(name, value))
        return name

    def atom(self, value: ast.expr) -> ast.expr:
        """The value as something that may be read several times."""
        return value if nodes.is_atom(value) else nodes.load(self.temp(value))

    def source(self, node: syntax.Node) -> str:
        """The text of a node, on one line."""
        source = self.unit.program.sources.get(self.path)
        return " ".join(source.slice(node.span).split()) if source else ""
