"""The differences of two records, each with what it breaks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dsl import types
from dsl.compatibility.values import limit_changes, reads_value, type_changes
from dsl.compatibility.words import Change, Versions
from dsl.program import Schema

__all__ = ["Change", "compare"]


def compare(old: Schema, new: Schema) -> list[Change]:
    """Every change from one version to the other, in the order of the new schema."""
    return list(_Comparison(Versions(old.version, new.version)).records(old.record, new.record, ""))


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One walk through two records at once; a pair of records that was met before is not met again."""

    of: Versions
    _met: set[tuple[int, int]] = field(default_factory=set)

    def records(self, old: types.Record, new: types.Record, path: str) -> Iterator[Change]:
        """The changes of all fields below two records."""
        if old is new or (id(old), id(new)) in self._met:
            return
        self._met.add((id(old), id(new)))
        for name, spec in new.fields.items():
            before = old.fields.get(name)
            inner = f"{path}.{_spelt(name)}" if path else _spelt(name)
            yield from self._added(inner, spec) if before is None else self._field(inner, before, spec)
        for name, spec in old.fields.items():
            if name not in new.fields:
                yield from self._removed(f"{path}.{_spelt(name)}" if path else _spelt(name), spec, new)
        if old.open != new.open:
            kept = "kept as they come" if new.open else "left out"
            words = f"fields that the schema does not know are now {kept}"
            yield Change(path or "(the whole document)", "open", words, note=True)

    def _added(self, path: str, spec: types.FieldSpec) -> Iterator[Change]:
        if spec.required:
            words = f"is new and required: messages of {self.of.old}, which don't have it, will be refused"
            yield Change(path, "added", words, backward=True)
        else:
            yield Change(path, "added", "is new and may be missing")

    def _removed(self, path: str, spec: types.FieldSpec, new: types.Record) -> Iterator[Change]:
        lost = (
            "is gone" if new.open else f"is gone: what messages of {self.of.old} say there is no longer read"
        )
        if spec.required:
            lost += (
                f"; readers of {self.of.old} will refuse messages of {self.of.new}, which no longer have it"
            )
        yield Change(path, "removed", lost, forward=spec.required, note=True)

    def _field(self, path: str, old: types.FieldSpec, new: types.FieldSpec) -> Iterator[Change]:
        if new.required and not old.required:
            words = f"became required: messages of {self.of.old} without it will be refused"
            yield Change(path, "required", words, backward=True)
        elif old.required and not new.required:
            words = f"may now be missing: readers of {self.of.old} will refuse messages of {self.of.new} without it"
            yield Change(path, "optional", words, forward=True)
        yield from self._missing(path, old, new)
        yield from self._types(path, types.present(old.type), types.present(new.type))
        yield from limit_changes(self.of, path, old.limits, new.limits)

    def _types(self, path: str, old: types.Type, new: types.Type) -> Iterator[Change]:
        match old, new:
            case types.Record(), types.Record():
                yield from self.records(old, new, path)
            case types.ListOf(item=one), types.ListOf(item=other):
                yield from self._types(f"{path}[]", types.present(one), types.present(other))
            case types.ListOf(item=one), _ if not isinstance(new, types.Anything):
                words = f"is no longer a list: messages of {self.of.old} will be refused"
                yield Change(path, "type", words, backward=True)
                yield from self._types(path, types.present(one), new)
            case _, types.ListOf(item=other) if not isinstance(old, types.Anything):
                words = f"became a list: readers of {self.of.old} will refuse messages of {self.of.new}"
                yield Change(path, "type", words, forward=True)
                yield from self._types(path, old, types.present(other))
            case _:
                yield from type_changes(self.of, path, old, new)

    def _missing(self, path: str, old: types.FieldSpec, new: types.FieldSpec) -> Iterator[Change]:
        """A value that counts as missing in one version and not in the other."""
        for marker in [m for m in new.missing if m not in old.missing]:
            back, fore = (
                new.required and reads_value(old, marker),
                not new.required and not reads_value(old, marker),
            )
            yield self._marker(path, f"{_value(marker)} now counts as missing", back, fore)
        for marker in [m for m in old.missing if m not in new.missing]:
            back, fore = (
                not old.required and not reads_value(new, marker),
                old.required and reads_value(new, marker),
            )
            yield self._marker(path, f"{_value(marker)} no longer counts as missing", back, fore)

    def _marker(self, path: str, words: str, back: bool, fore: bool) -> Change:
        words += f": messages of {self.of.old} with it will be refused" if back else ""
        words += f": readers of {self.of.old} will refuse it" if fore else ""
        return Change(path, "missing", words, backward=back, forward=fore, note=True)


def _spelt(name: str) -> str:
    return name if name.isidentifier() else f'"{name}"'


def _value(marker: Any) -> str:
    return "true" if marker is True else "false" if marker is False else f'"{marker}"'
