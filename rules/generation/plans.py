"""Lineage without cost: what is known before the run is planned here, the run keeps only marks.

A frame is a map or one row of an `each`. While generated code runs a frame it sets slots: the row a
lookup or table chose, the branch an `if` took, the handler that stepped in, the rows of an inner
`each`. The marks of a frame are the tuple of its slots. Only who asks for lineage pays for it:
plan + marks + output give the trace of every output path.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from rules.ordering import in_order
from rules.outcome import Place, Trace

Parts = tuple[str | int, ...]
"""A path in the input; a number stands for the row index of the frame at that depth."""


@dataclass(frozen=True, slots=True)
class DecisionRef:
    """A decision in a slot of the frame at a depth, and how it reads."""

    depth: int
    slot: int
    words: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the value of an expression or variable comes from.

    `base` is set where it is one place of the input, so that a path can go on from it; with `spread`
    it stands for all elements already (the items of a group). `keys` are those of a group, `parts` the
    fields that a function has made, each with an origin of its own.
    """

    sources: tuple[Parts, ...] = ()
    decisions: tuple[DecisionRef, ...] = ()
    base: Parts | None = None
    keys: Mapping[str, "Origin"] | None = None
    spread: bool = False
    parts: Mapping[str, "Origin"] | None = field(default=None, compare=False, repr=False)

    def joined(self, other: "Origin") -> "Origin":
        """Both together, each source once."""
        return Origin(
            tuple(dict.fromkeys(self.sources + other.sources)),
            tuple(dict.fromkeys(self.decisions + other.decisions)),
        )

    def at(self, name: str, text: str) -> "Origin":
        """The origin of a field of it."""
        if self.parts is not None and name in self.parts:
            return self.parts[name]
        if self.keys is not None and name in ("key", "items"):
            return Origin(
                self.sources, self.decisions, self.base, self.keys if name == "key" else None, name == "items"
            )
        if self.keys is not None and name in self.keys:
            return self.keys[name]
        if self.base is None:
            return self
        base = extend(self.base, text)
        return Origin((base,), self.decisions, base)


NOWHERE = Origin()


def extend(parts: Parts, text: str) -> Parts:
    """A path one step further."""
    if parts and isinstance(parts[-1], str):
        return (*parts[:-1], parts[-1] + text)
    return (*parts, text)


@dataclass(frozen=True, slots=True)
class Condition:
    """The branch that has to be taken for what stands inside it."""

    slot: int
    branch: int
    words: str


@dataclass(slots=True)
class FieldPlan:
    """One line of a map: where its value comes from, normally and by each `use`."""

    target: tuple[str, ...]
    place: Place
    origin: Origin
    conditions: tuple[tuple[int, Condition], ...]
    handler: int | None = None
    uses: dict[int, tuple[str, Origin]] = field(default_factory=dict)
    texts: dict[Any, bytes] = field(default_factory=dict, compare=False, repr=False)
    """What `rules.generation.telling` has made of it, by circumstances."""


@dataclass(slots=True)
class EachPlan:
    """An inner list: its rows' marks are in a slot as (source index, marks)."""

    target: tuple[str, ...]
    slot: int
    conditions: tuple[tuple[int, Condition], ...]
    frame: "FramePlan"


@dataclass(slots=True)
class FramePlan:
    """All lines of one frame; `slots` counts its marks."""

    depth: int
    slots: int = 0
    fields: list[FieldPlan] = field(default_factory=list)
    eaches: list[EachPlan] = field(default_factory=list)
    decisions: list[DecisionRef] = field(default_factory=list)

    def slot(self) -> int:
        """A new slot."""
        self.slots += 1
        return self.slots - 1


Level = tuple[Any, tuple[Any, ...]]
"""The index (or indexes, of a group) of a row in its source, and the marks of its frame."""


class Lineage(Mapping[str, Trace]):
    """The traces of one output, made when first asked for."""

    def __init__(self, plan: FramePlan, marks: tuple[Any, ...], output: Any) -> None:
        self._plan, self._marks, self._output = plan, marks, output
        self._traces: dict[str, Trace] | None = None

    def _made(self) -> dict[str, Trace]:
        if self._traces is None:
            self._traces = dict(_frame(self._plan, [(0, self._marks)], self._output, ""))
        return self._traces

    @property
    def parts(self) -> tuple[FramePlan, tuple[Any, ...], Any]:
        """What the traces are made of: plan, marks and output."""
        return self._plan, self._marks, self._output

    def __getitem__(self, path: str) -> Trace:
        return self._made()[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made())

    def __len__(self) -> int:
        return len(self._made())


def decisions(plan: FramePlan, marks: tuple[Any, ...]) -> list[str]:
    """All decisions of a frame and the frames inside it, in words."""
    return list(dict.fromkeys(_decided(plan, [(0, marks)])))


def _decided(plan: FramePlan, levels: list[Level]) -> Iterator[str]:
    for ref in plan.decisions:
        yield from _words(ref, levels)
    for each in plan.eaches:
        for row in levels[-1][1][each.slot] or ():
            yield from _decided(each.frame, [*levels, row])


def _frame(plan: FramePlan, levels: list[Level], output: Any, prefix: str) -> Iterator[tuple[str, Trace]]:
    for line in lines_of(plan, levels, output):
        yield prefix + spell(line.target), trace_of(line, levels)
    for each, number, inner, target in rows_of(plan, levels, output):
        yield from _frame(each.frame, inner, target, f"{prefix}{spell(each.target)}[{number}].")


def lines_of(plan: FramePlan, levels: list[Level], output: Any) -> Iterator[FieldPlan]:
    """The lines of a frame that gave the output a value."""
    for line in plan.fields:
        if (not line.conditions or _taken(line.conditions, levels)) and _inside(
            output, line.target
        ) is not None:
            yield line


def rows_of(
    plan: FramePlan, levels: list[Level], output: Any
) -> Iterator[tuple[EachPlan, int, list[Level], Any]]:
    """The rows of the inner lists of a frame: which list, which row from 0, its levels and its output."""
    for each in plan.eaches:
        rows = levels[-1][1][each.slot]
        if rows and _taken(each.conditions, levels):
            target = _inside(output, each.target)
            for number, row in enumerate(rows):
                yield each, number, [*levels, row], target[number]


def _taken(conditions: Sequence[tuple[int, Condition]], levels: list[Level]) -> bool:
    return all(levels[depth][1][condition.slot] == condition.branch for depth, condition in conditions)


def _inside(output: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        output = output.get(name) if type(output) is dict or isinstance(output, Mapping) else None
    return output


def trace_of(line: FieldPlan, levels: list[Level]) -> Trace:
    """Where the value of a line comes from."""
    origin, extra = line.origin, []
    code = None if line.handler is None else levels[-1][1][line.handler]
    if code is not None:
        words, origin = line.uses[code]
        extra = [words]
    sources = list(dict.fromkeys(text for parts in origin.sources for text in _expand(parts, levels)))
    found = [words for ref in origin.decisions for words in _words(ref, levels)]
    found.extend(condition.words for _, condition in line.conditions)
    return Trace(tuple(sources), in_order([*found, *extra]), line.place)


def _words(ref: DecisionRef, levels: list[Level]) -> list[str]:
    mark = levels[ref.depth][1][ref.slot]
    if mark is None:
        return []
    return [ref.words(m) for m in mark] if isinstance(mark, list) else [ref.words(mark)]


def _expand(parts: Parts, levels: list[Level]) -> list[str]:
    choices = []
    for part in parts:
        if isinstance(part, int):
            index = levels[part][0]
            choices.append([str(i) for i in index] if isinstance(index, list) else [str(index)])
        else:
            choices.append([part])
    return ["".join(chosen) for chosen in product(*choices)]


def spell(path: Sequence[str]) -> str:
    """A path as an analyst writes it: plain names as they are, others in quotes."""
    return ".".join(name if name.isidentifier() else f'"{name}"' for name in path)


def escaped(path: Sequence[str]) -> str:
    """The path as a format string, its braces taken literally."""
    return spell(path).replace("{", "{{").replace("}", "}}")
