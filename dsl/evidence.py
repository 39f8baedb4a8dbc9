"""What samples show about findings: how often a value really fails, on which values, and the row that is not there.

`rules.evidence` runs the samples; here its counts become labels, fixes and warnings of the program.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from dsl import codes, syntax, types
from dsl.decimals import plain
from dsl.diagnostics import Diagnostic, Edit, Fix, Label
from dsl.literals import quote
from dsl.program import CheckedLookup, Program
from dsl.source import Span

_JUDGED = "M203 M501 M505".split()
"""A required field that may be empty, a failure nobody handles, and one that nothing can handle."""
_REQUIRED = _JUDGED[0]
_SHOWN = 3
_CHOICES = 4


@dataclass(frozen=True, slots=True)
class Seen:
    """A kind of failure at one place of a module: the values it came from, in how many of the samples.

    `lookup` and `keys` say which rows a look-up did not have; `rejects` that no handler stepped in.
    """

    file: str
    span: Span
    kind: syntax.FailureKind
    values: tuple[str, ...]
    documents: int
    of: int
    rejects: bool
    lookup: str = ""
    keys: tuple[tuple[Any, ...], ...] = ()


def with_evidence(program: Program, seen: Sequence[Seen]) -> Program:
    """The program with what the samples show beside its findings."""
    used: set[int] = set()
    found: list[Diagnostic] = []
    for diagnostic in program.diagnostics:
        chosen = [one for one in seen if _belongs(one, diagnostic)]
        used.update(map(id, chosen))
        found.append(_shown(program, diagnostic, chosen) if chosen else diagnostic)
    found += [
        _without_row(program, one) for one in seen if one.lookup and one.rejects and id(one) not in used
    ]
    return replace(
        program, diagnostics=tuple(sorted(found, key=lambda d: (d.file, d.span.start, d.span.end, d.code)))
    )


def _belongs(seen: Seen, diagnostic: Diagnostic) -> bool:
    if diagnostic.code not in _JUDGED or seen.file != diagnostic.file:
        return False
    inside = diagnostic.span.start <= seen.span.start and seen.span.end <= diagnostic.span.end
    return inside and (diagnostic.code == _REQUIRED or f"`{seen.kind}`" in diagnostic.message)


def _shown(program: Program, diagnostic: Diagnostic, seen: Sequence[Seen]) -> Diagnostic:
    words = "; ".join(dict.fromkeys(map(_words, seen)))
    label = Label(diagnostic.file, diagnostic.span, words)
    fixes = [fix for one in seen for fix in _rows_to_add(program, one)]
    help_ = [advice for one in seen for advice in _rows_of_file(program, one)]
    return replace(
        diagnostic,
        labels=(label, *diagnostic.labels),
        help=(*diagnostic.help, *help_),
        fixes=(*diagnostic.fixes, *fixes),
    )


def _words(seen: Seen) -> str:
    """`"7" has no row (3 of 40 samples)`."""
    counted = f"({seen.documents} of {seen.of} samples)" if seen.of != 1 else "(the only sample)"
    match seen.kind:
        case "no_match":
            return f"{_listed(seen.values)} {'has' if len(seen.values) == 1 else 'have'} no row {counted}"
        case "error" if seen.values:
            return f"{_listed(seen.values)} {'fails' if len(seen.values) == 1 else 'fail'} {counted}"
        case "many":
            return f"there are several {counted}"
        case "missing":
            return f"missing {counted}"
        case _:
            return f"fails {counted}"


def _listed(values: Sequence[str]) -> str:
    more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
    return ", ".join(quote(value) for value in values[:_SHOWN]) + more


def _without_row(program: Program, seen: Seen) -> Diagnostic:
    """A look-up that rejects messages of the samples although a handler says so."""
    return codes.diagnostic(
        "M619",
        seen.file,
        seen.span,
        subject=_subject(program, seen),
        found=_words(seen),
        lookup=seen.lookup,
        fixes=list(_rows_to_add(program, seen)),
        help=list(_rows_of_file(program, seen)),
    )


def _subject(program: Program, seen: Seen) -> str:
    module = program.modules.get(seen.file)
    for node in module.declarations if module is not None else ():
        if node.span.start <= seen.span.start < node.span.end and not isinstance(node, syntax.Raw):
            return f"{type(node).__name__.lower()}/{node.name}"
    return ""


def _rows_of_file(program: Program, seen: Seen) -> Iterator[str]:
    lookup = program.lookups.get(seen.lookup)
    if lookup is not None and lookup.version:
        rows = ", ".join(_listed([str(part) for part in key]) for key in seen.keys[:_SHOWN])
        yield f"Add a row for {rows} to {lookup.path}."


def _rows_to_add(program: Program, seen: Seen) -> Iterator[Fix]:
    """The row that an inline lookup lacks, once for every result that an analyst may mean."""
    lookup = program.lookups.get(seen.lookup)
    node = None if lookup is None or lookup.version else _inline(program, lookup)
    if lookup is None or node is None:
        return
    for key in seen.keys[:_SHOWN]:
        written = [_constant(value, of) for value, (_, of) in zip(key, lookup.keys, strict=True)]
        for results in _results(program, lookup, node, written):
            row = f"{' | '.join(written)} => {' | '.join(results)}"
            yield Fix(f"Add the row {row}", (_insertion(program, lookup, node, row),))


def _inline(program: Program, lookup: CheckedLookup) -> syntax.Lookup | None:
    module = program.modules[lookup.path]
    return next(
        (d for d in module.declarations if isinstance(d, syntax.Lookup) and d.name == lookup.name), None
    )


def _results(
    program: Program, lookup: CheckedLookup, node: syntax.Lookup, written: Sequence[str]
) -> Iterable[Sequence[str]]:
    """Each value of an enumeration; the key itself where it is of the same type; else as in the last row."""
    of = types.present(lookup.results[0][1])
    if len(lookup.results) == 1 and isinstance(of, types.Enum):
        return [[_constant(value, of)] for value in of.values[:_CHOICES]]
    if len(lookup.results) == 1 and [kind for _, kind in lookup.keys] == [of]:
        return [written]
    last = next((row for row in reversed(node.rows) if isinstance(row, syntax.LookupRow)), None)
    source = program.sources[lookup.path]
    return [] if last is None else [[source.slice(result.span) for result in last.results]]


def _insertion(program: Program, lookup: CheckedLookup, node: syntax.Lookup, row: str) -> Edit:
    """A line behind the last row, indented like it."""
    text = program.sources[lookup.path].text
    last = node.rows[-1].span if node.rows else Span(node.span.start, node.results[-1].span.end)
    start = text.rfind("\n", 0, last.start) + 1
    end = text.find("\n", last.end)
    end = len(text) if end < 0 else end
    indent = text[start : last.start] if node.rows else "  "
    return Edit(lookup.path, Span(end, end), f"\n{indent}| {row} |")


def _constant(value: Any, of: types.Type) -> str:
    """A value as it is written in a row."""
    if isinstance(value, str):
        is_name = isinstance(types.present(of), types.Enum) and value.isidentifier() and value.isascii()
        return value if is_name else quote(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return plain(value)
    return value.isoformat() if isinstance(value, date) else str(value)
