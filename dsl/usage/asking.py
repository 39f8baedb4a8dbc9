"""The question as an analyst writes it (`sap.defect.QMNUM`, `lookup vendor_xref`), and the answer in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from dsl import syntax, types
from dsl.errors import DslError
from dsl.navigation.fields import record_in
from dsl.program import Program
from dsl.usage.collecting import uses
from dsl.usage.graph import Path, Ref, Step, Use, follow
from dsl.usage.values import text

_KINDS = ("lookup", "table", "function", "map", "dataset")
_MOST_SUGGESTED = 5


class UnknownSubject(DslError):
    """There is nothing of that name in the rule set."""

    code = "unknown_subject"


@dataclass(frozen=True, slots=True)
class Found:
    """What was asked for, as it is called, and everything that depends on it, nearest first."""

    subject: str
    steps: Sequence[Step]


def where_used(program: Program, asked: str, known: Iterable[Use] | None = None) -> Found:
    """Everything that depends on a field of a schema, a schema, lookup, table, function, map or dataset."""
    subject, start = _start(program, asked.strip())
    return Found(subject, follow(uses(program) if known is None else known, start))


def subjects(program: Program) -> list[str]:
    """Everything that can be asked for."""
    found = [
        f"{schema.name}.{text(path)}" for schema in program.schemas.values() for path in _paths(schema.record)
    ]
    for kind in _KINDS:
        found += [f"{kind} {name}" for name in _named(program, kind)]
    return list(dict.fromkeys(found))


def _named(program: Program, kind: str) -> Mapping[str, Any]:
    named: Mapping[str, Any] = getattr(program, f"{kind}s", {})
    return named


def _start(program: Program, asked: str) -> tuple[str, list[Ref]]:
    kind, _, rest = asked.partition(" ")
    if rest and kind in _KINDS:
        return _declared(program, kind, rest.strip())
    fields = _schema_fields(program, asked)
    if fields:
        return asked, fields
    name = asked.partition(".")[0]
    for kind in _KINDS:
        if name in _named(program, kind):
            return _declared(program, kind, asked)
    raise _unknown(program, asked)


def _declared(program: Program, kind: str, asked: str) -> tuple[str, list[Ref]]:
    name, *path = steps(asked)
    if name not in _named(program, kind):
        raise _unknown(program, f"{kind} {asked}")
    return f"{kind} {asked}", [Ref((kind, name), tuple(path))]


def _schema_fields(program: Program, asked: str) -> list[Ref]:
    """The places a path through a schema names: in every version of it unless one is said (`sap.defect@v2.QMNUM`)."""
    found: list[Ref] = []
    for key, schema in program.schemas.items():
        head = next((h for h in (key, schema.name) if asked == h or asked.startswith(f"{h}.")), None)
        path = None if head is None else tuple(steps(asked[len(head) + 1 :]))
        if path is None or not _exists(schema.record, path):
            continue
        found.append(Ref(("schema", key), path))
        found += [
            Ref(("map", name), path) for name, checked in program.maps.items() if checked.target is schema
        ]
        found += [
            Ref(("dataset", name), path)
            for name, dataset in program.datasets.items()
            if dataset.schema is schema
        ]
    return found


def _exists(record: types.Record, path: Path) -> bool:
    of: types.Type = record
    for name in path:
        of = types.present(of)
        while isinstance(of, types.ListOf):
            of = types.present(of.item)
        if isinstance(of, types.Quantity | types.Money):
            return True
        spec = of.fields.get(name) if isinstance(of, types.Record) else None
        if spec is None:
            return False
        of = spec.type
    return True


def steps(path: str) -> list[str]:
    """The names of a path; those in quotes may hold anything."""
    found: list[str] = []
    rest = path
    while rest:
        if rest.startswith('"') and '"' in rest[1:]:
            name, rest = rest[1 : rest.index('"', 1)], rest[rest.index('"', 1) + 1 :]
        else:
            name, dot, rest = rest.partition(".")
            rest = f"{dot}{rest}"
        found.append(name)
        rest = rest.removeprefix(".")
    return found


def _unknown(program: Program, asked: str) -> UnknownSubject:
    known = subjects(program)
    ends = [subject for subject in known if subject.endswith((f".{asked}", f" {asked}"))]
    close = ends[:_MOST_SUGGESTED] or get_close_matches(asked, known, n=_MOST_SUGGESTED, cutoff=0.5)
    advice = (
        f"did you mean {' or '.join(close)}?" if close else "say a field as schema.field, or: lookup NAME"
    )
    return UnknownSubject(f"there is no {asked} in this rule set; {advice}", {"asked": asked, "close": close})


def _paths(record: types.Record, way: Path = (), inside: tuple[types.Record, ...] = ()) -> Iterable[Path]:
    for name, spec in record.fields.items():
        yield (*way, name)
        of = types.present(spec.type)
        while isinstance(of, types.ListOf):
            of = types.present(of.item)
        if isinstance(of, types.Record) and of is not record and of not in inside and len(way) < 8:
            yield from _paths(of, (*way, name), (*inside, record))


def as_json(program: Program, found: Found) -> dict[str, Any]:
    """The answer as plain data."""
    return {
        "subject": found.subject,
        "count": len(found.steps),
        "uses": [_step_json(program, step) for step in found.steps],
    }


def _step_json(program: Program, step: Step) -> dict[str, Any]:
    source = program.sources.get(step.use.file)
    line, column = source.position(step.use.span.start) if source is not None else (1, 1)
    return {
        "kind": step.use.kind,
        "subject": step.use.subject,
        "words": step.use.words,
        "direct": len(step.way()) == 1,
        "way": list(step.way()),
        "file": step.use.file,
        "line": line,
        "column": column,
    }


def hover_words(found: Found, most: int = 6) -> str:
    """Who uses it, in a line or two."""
    if not found.steps:
        return "Nothing uses it."
    names = [step.use.words for step in found.steps]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"Used by {', '.join(names[:most])}{more}."


def subject_at(program: Program, node: object) -> str | None:
    """The field of a schema that a path of a module reads, as one asks for it; None for anything else."""
    if not isinstance(node, syntax.Path):
        return None
    record = record_in(program.types.get(node.base))
    for schema in program.schemas.values() if record is not None else ():
        if schema.record is record:
            return f"{schema.name}.{text((node.field,))}"
        for path, inner in _records(schema.record):
            if inner is record:
                return f"{schema.name}.{text((*path, node.field))}"
    return None


def _records(
    record: types.Record, way: Path = (), inside: tuple[types.Record, ...] = ()
) -> Iterable[tuple[Path, types.Record]]:
    for name, spec in record.fields.items():
        inner = record_in(spec.type)
        if inner is not None and inner is not record and inner not in inside and len(way) < 8:
            yield (*way, name), inner
            yield from _records(inner, (*way, name), (*inside, record))
