"""The steps of a compiled flow, ready to be walked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rules.generation.plans import FramePlan
from rules.generation.shapes import Read
from rules.outcome import Place

Made = Callable[..., tuple[Any, ...]]
"""A generated function of the run and the named values so far."""


@dataclass(frozen=True, slots=True, eq=False)
class CompiledMap:
    """A map as a function (run, *documents) -> (output, marks)."""

    name: str
    function: Callable[..., Any]
    plan: FramePlan
    parameters: tuple[tuple[str, Read], ...]
    write: Callable[[Any], Any]
    lists: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class MapUse:
    """A map and what it is given: the document so far, or `arguments` made of the named values.

    `paths` says for each parameter which named value it is ("x", "nc.header"), as far as it is one.
    """

    map: CompiledMap
    arguments: Made | None
    paths: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Otherwise:
    """What a step does without its value: use another (a function), skip it, or reject the message."""

    action: str
    value: Made | None = None
    warn: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class UseStep:
    """`map with m(nc, x) as made`."""

    use: MapUse
    variable: str


@dataclass(frozen=True, slots=True, eq=False)
class RecallStep:
    """`enrich x = recall items(key)`; `needs` are the named values in its key."""

    variable: str
    dataset: str
    keys: Made
    needs: frozenset[str]
    read: Read
    otherwise: Otherwise
    seconds: int | None
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class AskStep:
    """`call erp.stock using m as r : schema`."""

    variable: str
    endpoint: str
    use: MapUse
    answer: str
    read: Read
    otherwise: Otherwise | None
    number: int
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class ReplyStep:
    """`reply using m(nc, r)`."""

    use: MapUse
