"""Variables of the referee: their values and where those came from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dsl import syntax

POISON: Any = type("Poison", (), {"__repr__": lambda self: "not made"})()


@dataclass(frozen=True)
class Origin:
    """Input paths and decisions behind a value; `base` where it is one place of the input.

    A row of a group stands for several places: `bases` holds all of them, `keys` the group's keys.
    `parts` are fields that a function has made.
    """

    sources: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    keys: Mapping[str, "Origin"] | None = None
    spread: bool = False
    parts: Mapping[str, "Origin"] | None = field(default=None, compare=False, repr=False)

    def step(self, name: str) -> "Origin":
        """The origin of a field."""
        if self.parts is not None and name in self.parts:
            return self.parts[name]
        if self.keys is not None and name == "items":
            return Origin(self.sources, self.decisions, self.bases, spread=True)
        if self.keys is not None and name == "key":
            return self
        if self.keys is not None and name in self.keys:
            return self.keys[name]
        if not self.bases:
            return self
        text = name if name.isidentifier() else f'"{name}"'
        bases = tuple(f"{base}.{text}" for base in self.bases)
        return Origin(bases, self.decisions, bases)

    def element(self) -> "Origin":
        """The origin of any element of a list."""
        if not self.bases or self.spread:
            return Origin(self.sources, self.decisions, self.bases, parts=self.parts)
        bases = tuple(f"{base}[*]" for base in self.bases)
        return Origin(bases, self.decisions, bases, parts=self.parts)

    def elements(self) -> "Origin":
        """The origin of all elements of a list at once."""
        return replace(self.element(), spread=True)


def union(*origins: Origin) -> Origin:
    """Several origins together."""
    sources = tuple(dict.fromkeys(s for o in origins for s in o.sources))
    decisions = tuple(dict.fromkeys(d for o in origins for d in o.decisions))
    return Origin(sources, decisions)


@dataclass
class Binding:
    """A variable."""

    value: Any
    origin: Origin = field(default_factory=Origin)
    position: int = 0


class Environment:
    """Variables by name; an inner one sees the outer. `output` is the record that checks may read."""

    def __init__(self, outer: "Environment | None" = None, output: Any = None) -> None:
        self.outer = outer
        self.bindings: dict[str, Binding] = {}
        self.output: Any = output if output is not None or outer is None else outer.output

    def find(self, name: str) -> Binding | None:
        """The variable of this name."""
        found = self.bindings.get(name)
        return found if found is not None or self.outer is None else self.outer.find(name)

    def with_(self, name: str, binding: Binding) -> "Environment":
        """An inner environment with one more variable."""
        inner = Environment(self)
        inner.bindings[name] = binding
        return inner


def children(node: syntax.Node) -> Iterator[syntax.Node]:
    """The nodes directly inside a node, in the order of their fields."""
    for cls in type(node).__mro__:
        for name in getattr(cls, "__slots__", ()):
            yield from _nodes(getattr(node, name))


def _nodes(part: Any) -> Iterator[syntax.Node]:
    if isinstance(part, syntax.Node):
        yield part
    elif isinstance(part, tuple):
        for inner in part:
            yield from _nodes(inner)


def names_in(*parts: syntax.Node | None) -> set[str]:
    """All names that expressions read."""
    found: set[str] = set()
    for part in parts:
        if isinstance(part, syntax.Name):
            found.add(part.name)
        elif part is not None:
            found |= names_in(*children(part))
    return found
