"""Uses and how one leads to the next."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from dsl.source import Span

Node = tuple[str, str]
Path = tuple[str, ...]
Kind = Literal[
    "field", "rows", "let", "check", "lookup", "table", "function", "condition", "endpoint", "event", "action", "fact", "key",
    "flow",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ref:
    """Something that is read: a node (a schema, a lookup ...) and the way inside; `shallow` reads only whether it is there."""

    node: Node
    path: Path = ()
    shallow: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that depends on others: a target field, a condition, a key, an endpoint.

    `makes` are the nodes that hold its value; `copied` is what it takes over as it is, so that a field of
    the one is the same field of the other.
    """

    kind: Kind
    subject: str
    words: str
    file: str
    span: Span
    reads: frozenset[Ref]
    makes: tuple[Ref, ...] = ()
    copied: frozenset[Ref] = frozenset()
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """A use that was reached, by what it reads, and the use before it."""

    use: Use
    read: Ref
    via: "Step | None"

    def way(self) -> tuple[str, ...]:
        """The uses from the first to this one, in words."""
        steps: list[str] = []
        here: Step | None = self
        while here is not None:
            if here.use.shown:
                steps.append(here.use.words)
            here = here.via
        return tuple(reversed(steps))


def follow(uses: Iterable[Use], start: Iterable[Ref]) -> list[Step]:
    """Everything that depends on the start, nearest first; each use once."""
    readers = _by_node(uses)
    waiting: deque[tuple[Ref, Step | None]] = deque((ref, None) for ref in start)
    seen = {(ref.node, ref.path) for ref, _ in waiting}
    found: dict[int, Step] = {}
    while waiting:
        changed, via = waiting.popleft()
        for use, read in readers.get(changed.node, ()):
            if not _touches(read, changed.path):
                continue
            step = Step(use, read, via)
            found.setdefault(id(use), step)
            for made in _made(use, read, changed.path):
                if (made.node, made.path) not in seen:
                    seen.add((made.node, made.path))
                    waiting.append((made, step))
    return [step for step in found.values() if step.use.shown]


def _by_node(uses: Iterable[Use]) -> Mapping[Node, list[tuple[Use, Ref]]]:
    readers: dict[Node, list[tuple[Use, Ref]]] = {}
    for use in uses:
        for read in use.reads | use.copied:
            readers.setdefault(read.node, []).append((use, read))
    return readers


def _touches(read: Ref, changed: Path) -> bool:
    """Whether a change of a path reaches what is read: the same, what lies inside it, or what it lies in."""
    if read.path[: len(changed)] == changed:
        return True
    return not read.shallow and changed[: len(read.path)] == read.path


def _made(use: Use, read: Ref, changed: Path) -> Iterable[Ref]:
    rest = changed[len(read.path) :] if read in use.copied and changed[: len(read.path)] == read.path else ()
    return (Ref(made.node, made.path + rest) for made in use.makes)
