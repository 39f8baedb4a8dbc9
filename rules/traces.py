"""What rules and tables decided, spelled out only when somebody asks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, overload

from rules.generation.actions import RulesPlan
from rules.generation.plans import FramePlan, decisions
from rules.ordering import in_order
from rules.outcome import RuleTrace
from rules.shaping import plain_value


class RuleTraces(Sequence[RuleTrace]):
    """Whether each rule fired and the values its condition saw, made when first read."""

    def __init__(self) -> None:
        self._parts: list[tuple[RulesPlan, Sequence[bool | None], tuple[Any, ...], Any]] = []
        self._made: tuple[RuleTrace, ...] | None = None

    def add(self, plan: RulesPlan, fired: Sequence[bool | None], roots: tuple[Any, ...], poison: Any) -> None:
        """One set of rules that was applied."""
        self._parts.append((plan, fired, roots, poison))

    def _traces(self) -> tuple[RuleTrace, ...]:
        if self._made is None:
            self._made = tuple(trace for part in self._parts for trace in _traces(*part))
        return self._made

    @overload
    def __getitem__(self, index: int) -> RuleTrace: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[RuleTrace, ...]: ...
    def __getitem__(self, index: int | slice) -> RuleTrace | tuple[RuleTrace, ...]:
        return self._traces()[index]

    def __len__(self) -> int:
        return sum(len(plan.rules) for plan, _, _, _ in self._parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._traces() == tuple(other)

    def __hash__(self) -> int:
        return id(self)


def _traces(
    plan: RulesPlan, fired: Sequence[bool | None], roots: tuple[Any, ...], poison: Any
) -> Iterable[RuleTrace]:
    values = dict(zip(plan.roots, roots, strict=True))
    for rule, did in zip(plan.rules, fired, strict=True):
        seen = {
            text: plain_value(value)
            for text, root, fields in rule.reads
            if (value := _read(values.get(root), fields, poison)) is not None
        }
        yield RuleTrace(plan.name, rule.name, bool(did), rule.because, seen, rule.place)


def _read(value: Any, fields: tuple[str, ...], poison: Any) -> Any:
    for name in fields:
        value = value.get(name) if type(value) is dict or isinstance(value, Mapping) else None
    return None if value is poison else value


class Decisions(Sequence[str]):
    """All lookup and table rows of a run in words, made when first read."""

    def __init__(self, frames: Sequence[tuple[FramePlan, tuple[Any, ...]]]) -> None:
        self._frames = frames
        self._made: tuple[str, ...] | None = None

    def _words(self) -> tuple[str, ...]:
        if self._made is None:
            made = (words for plan, marks in self._frames for words in decisions(plan, marks))
            self._made = in_order(made)
        return self._made

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        return self._words()[index]

    def __len__(self) -> int:
        return len(self._words())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._words() == tuple(other)

    def __hash__(self) -> int:
        return id(self)
