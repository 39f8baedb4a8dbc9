"""The semantic difference of two programs, in sentences: what a reviewer approves."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from dsl import types
from dsl.program import Program, Schema
from rules.difference import declarations, settings, standing
from rules.difference.change import Change

__all__ = ["Change", "semantic_diff"]

Compare = Callable[[Program, Program, str], Iterator[Change]]


def semantic_diff(old: Program | None, new: Program) -> list[Change]:
    """What the new program does differently, sorted by construct; of a first release, what it has."""
    changes: list[Change] = []
    for noun, pick, compare in _KINDS:
        before = pick(old) if old is not None else {}
        changes += _names(noun, before, pick(new))
        if old is not None:
            for name in before.keys() & pick(new).keys():
                changes += compare(old, new, name)
    if old is not None:
        changes += [*settings.manifest(old.manifest, new.manifest), *declarations.tests(old, new)]
    elif new.tests:
        changes.append(Change("added", "test", f"{len(new.tests)} tests are new"))
    return sorted(changes, key=lambda change: (change.subject.split("/")[:2], change.subject))


def _names(noun: str, old: Iterable[str], new: Iterable[str]) -> Iterator[Change]:
    before, after = set(old), set(new)
    for name in before - after:
        yield Change("removed", f"{noun}/{name}", f"{noun} {name} is removed")
    for name in after - before:
        yield Change("added", f"{noun}/{name}", f"{noun} {name} is new")


def _schemas(old: Program, new: Program, name: str) -> Iterator[Change]:
    before, after = _schemas_of(old)[name], _schemas_of(new)[name]
    found = list(_records(name, before.record, after.record, "", {id(before.record)}))
    if not found and before.guide != after.guide:
        found = [Change("changed", f"schema/{name}", f"schema {name}: its layout is read in another way now")]
    yield from found


def _records(
    name: str, old: types.Record, new: types.Record, prefix: str, seen: set[int]
) -> Iterator[Change]:
    where, subject = f"schema {name}", f"schema/{name}"
    for field in old.fields.keys() - new.fields.keys():
        yield Change("removed", f"{subject}/{prefix}{field}", f"{where}: field {prefix}{field} is removed")
    for field, spec in new.fields.items():
        path = f"{prefix}{field}"
        if field not in old.fields:
            needed = " and required" if spec.required else ""
            yield Change("added", f"{subject}/{path}", f"{where}: field {path} is new{needed}")
            continue
        was = old.fields[field]
        if was.required != spec.required:
            words = "is required now" if spec.required else "is no longer required"
            yield Change("changed", f"{subject}/{path}", f"{where}: field {path} {words}")
        inner, outer = _record_in(was.type), _record_in(spec.type)
        if inner is not None and outer is not None and _is_list(was.type) == _is_list(spec.type):
            if id(inner) not in seen:
                yield from _records(name, inner, outer, f"{path}.", {*seen, id(inner)})
        elif _described(was.type) != _described(spec.type):
            change = f"{_described(was.type)} -> {_described(spec.type)}"
            yield Change("changed", f"{subject}/{path}", f"{where}, field {path}: {change}")
        elif was.wire != spec.wire:
            words = f"is written as {spec.wire or 'anything'} now, no longer as {was.wire or 'anything'}"
            yield Change("changed", f"{subject}/{path}", f"{where}: field {path} {words}")
        if was.missing != spec.missing:
            yield Change(
                "changed", f"{subject}/{path}", f"{where}: other values of {path} count as missing now"
            )


def _record_in(of: types.Type) -> types.Record | None:
    kind = types.present(of)
    kind = types.present(kind.item) if isinstance(kind, types.ListOf) else kind
    return kind if isinstance(kind, types.Record) else None


def _is_list(of: types.Type) -> bool:
    return isinstance(types.present(of), types.ListOf)


def _described(of: types.Type) -> str:
    kind = types.present(of)
    if isinstance(kind, types.Enum):
        return "one of " + ", ".join(kind.values)
    return types.describe(kind)


def _schemas_of(program: Program) -> dict[str, Schema]:
    return {f"{schema.name} {schema.version}": schema for schema in program.schemas.values()}


_KINDS: tuple[tuple[str, Callable[[Program], Mapping[str, Any]], Compare], ...] = (
    ("map", lambda program: program.maps, declarations.maps),
    ("table", lambda program: program.tables, declarations.tables),
    ("lookup", lambda program: program.lookups, declarations.lookups),
    ("type", lambda program: program.declared_types, declarations.types),
    ("function", lambda program: program.functions, declarations.functions),
    ("rules", lambda program: program.rules, declarations.rules),
    ("flow", lambda program: program.flows, declarations.flows),
    ("dataset", lambda program: program.datasets, standing.datasets),
    ("playbook", lambda program: program.playbooks, standing.playbooks),
    ("endpoint", lambda program: program.manifest.endpoints, settings.endpoints),
    ("schema", _schemas_of, _schemas),
)
