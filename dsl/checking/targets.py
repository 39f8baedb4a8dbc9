"""What a map sets: every required field, on every branch, once, and nothing unknown."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from dsl import types
from dsl.checking.session import BROKEN, Session, Site, did_you_mean, listed
from dsl.source import Span

Path = tuple[str, ...]


@dataclass(slots=True)
class Assigned:
    """The paths that a block sets: always, or on some of its ways only; `above` are the records around them."""

    always: dict[Path, Span] = field(default_factory=dict)
    sometimes: dict[Path, Span] = field(default_factory=dict)
    above: set[Path] = field(default_factory=set)

    def find(self, path: Path) -> Span | None:
        """Where a path is set."""
        return self.always.get(path) or self.sometimes.get(path)

    def paths(self) -> list[Path]:
        """Everything that is set in some way."""
        return [*self.always, *self.sometimes]

    def overlaps(self, path: Path) -> bool:
        """Whether a path is set in part already, or belongs to one that is set as a whole."""
        return path in self.above or any(self.find(path[:end]) is not None for end in range(1, len(path)))

    def take(self, path: Path, span: Span, always: bool) -> None:
        """The block sets a path."""
        if always:
            self.always[path] = span
        elif path not in self.always:
            self.sometimes[path] = span
        self.above.update(path[:end] for end in range(1, len(path)))


def merge_branches(branches: list[Assigned], complete: bool) -> Assigned:
    """What an `if` sets: always what each branch sets, if there is an `else`."""
    merged = Assigned()
    for path in dict.fromkeys(path for branch in branches for path in branch.paths()):
        span = next(place for branch in branches if (place := branch.find(path)) is not None)
        everywhere = complete and all(path in branch.always for branch in branches)
        merged.take(path, span, everywhere)
    return merged


class Coverage:
    """Judges what a block of statements sets against the record it fills."""

    def __init__(self, session: Session, site: Site, subject: str) -> None:
        self._session = session
        self._site = site
        self._subject = subject

    def field_spec(self, record: types.Record, target: Path, span: Span) -> types.FieldSpec | None:
        """What the schema says of a target path; reported and None where it says nothing."""
        spec: types.FieldSpec | None = None
        of: types.Type = record
        for index, name in enumerate(target):
            if isinstance(of, types.ListOf):
                shown, of_list = self._dotted(target), ".".join(target[:index])
                self._report("M211", target, span, target=shown, list=of_list)
                return None
            if of is BROKEN:
                return None  # why it is not known has been said
            if not isinstance(of, types.Record):
                self._unknown(target, span, index, record.name, ())
                return None
            if of.open and not of.fields:
                return types.FieldSpec(types.ANYTHING)
            spec = of.fields.get(name)
            if spec is None:
                self._unknown(target, span, index, of.name or record.name, of.fields)
                return None
            of = types.present(spec.type)
        return spec

    def _dotted(self, target: Path) -> str:
        return ".".join(target)

    def _report(self, code: str, path: Path, span: Span, /, **words: Any) -> None:
        subject = self._subject
        if path:
            joint = "." if subject != self._site.subject else "/"
            subject = f"{subject}{joint}{self._dotted(path)}"
        self._session.report(code, self._site, span, subject=subject, **words)

    def _unknown(self, target: Path, span: Span, index: int, owner: str, known: Iterable[str]) -> None:
        names = list(known)
        whole = index == len(target) - 1 and len(target) == 1
        help_, fixes = did_you_mean(self._site, span, target[index], names)
        help_ = help_ or ([f"Its fields are {listed(names)}."] if names else [])
        shown = self._dotted(target)
        self._report(
            "M201", target, span, target=shown, schema=owner, help=help_, fixes=fixes if whole else []
        )

    def set(self, into: Assigned, path: Path, span: Span) -> None:
        """A line sets a path."""
        self.add(into, Assigned(always={path: span}))

    def add(self, into: Assigned, more: Assigned) -> None:
        """Statements that follow one another: nothing may be set twice, nor as a whole and in part."""
        for path in more.paths():
            span = more.find(path)
            assert span is not None
            first = into.find(path)
            if first is not None:
                self._report(
                    "M205", path, span, target=self._dotted(path), labels=[(first, "set here first")]
                )
            elif into.overlaps(path):
                self._report("M209", path, span, target=self._dotted(path))
        for path, span in more.always.items():
            into.take(path, span, True)
        for path, span in more.sometimes.items():
            into.take(path, span, False)

    def complete(self, record: types.Record, assigned: Assigned, span: Span, prefix: Path = ()) -> None:
        """Report required fields that are not set, or not on every way."""
        for name, spec in record.fields.items():
            path = (*prefix, name)
            if path in assigned.always:
                continue
            below = [
                other for other in assigned.paths() if other[: len(path)] == path and len(other) > len(path)
            ]
            kind = types.present(spec.type)
            if below and isinstance(kind, types.Record):
                always = any(other in assigned.always for other in below)
                if spec.required or always:
                    self.complete(kind, assigned, span, path)
            elif spec.required:
                self._lacking(path, assigned, span, kind)

    def _lacking(self, path: Path, assigned: Assigned, span: Span, kind: types.Type) -> None:
        shown = self._dotted(path)
        if path in assigned.sometimes:
            self._report("M206", path, assigned.sometimes[path], target=shown)
            return
        self._report("M204", path, span, target=shown, help=[f"Its type is {types.describe(kind)}."])
