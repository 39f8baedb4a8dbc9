"""What the checker has found so far: the program in the making, and the way to report."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from dsl import codes, program, syntax, types
from dsl.analysis import TableAnalysis
from dsl.diagnostics import Diagnostic, Edit, Fix, Label
from dsl.source import Source, Span
from dsl.types import Type

BROKEN = types.Record("(not known)", {}, open=True)
"""The type of an expression that has been reported already; fits everything, so that nothing cascades."""


def is_broken(of: types.Type) -> bool:
    """Whether a type hangs on something that has been reported already."""
    match of:
        case types.Maybe(inner):
            return is_broken(inner)
        case types.ListOf(item):
            return is_broken(item)
        case _:
            return of is BROKEN


def record_of(name: str, columns: Iterable[tuple[str, types.Type]]) -> types.Record:
    """A record of several results."""
    return types.Record(
        name,
        {
            column: types.FieldSpec(types.present(of), not isinstance(of, types.Maybe))
            for column, of in columns
        },
    )


@dataclass(frozen=True, slots=True)
class Site:
    """Where the checker is: the module file and the subject of its diagnostics."""

    file: str
    subject: str
    uses: Mapping[str, program.Schema]

    def at(self, subject: str) -> "Site":
        """The same module, another subject."""
        return Site(self.file, subject, self.uses)


@dataclass(slots=True)
class Session:
    """A Program being built; every dictionary ends up in it."""

    manifest: program.Manifest
    sources: dict[str, Source] = field(default_factory=dict)
    modules: dict[str, syntax.Module] = field(default_factory=dict)
    schemas: dict[str, program.Schema] = field(default_factory=dict)
    maps: dict[str, program.CheckedMap] = field(default_factory=dict)
    lookups: dict[str, program.CheckedLookup] = field(default_factory=dict)
    datasets: dict[str, program.CheckedDataset] = field(default_factory=dict)
    declared_types: dict[str, program.CheckedType] = field(default_factory=dict)
    facts: dict[syntax.SetFact, Type] = field(default_factory=dict)
    expectations: dict[syntax.Expect, program.CheckedExpectation] = field(default_factory=dict)
    tables: dict[str, program.CheckedTable] = field(default_factory=dict)
    functions: dict[str, program.CheckedFunction] = field(default_factory=dict)
    rules: dict[str, program.CheckedRules] = field(default_factory=dict)
    playbooks: dict[str, program.CheckedPlaybook] = field(default_factory=dict)
    flows: dict[str, program.CheckedFlow] = field(default_factory=dict)
    tests: list[program.CheckedTest] = field(default_factory=list)
    types: dict[syntax.Expression, Type] = field(default_factory=dict)
    names: dict[syntax.Name, program.Variable | program.EnumValue] = field(default_factory=dict)
    failures: dict[syntax.Expression, frozenset[syntax.FailureKind]] = field(default_factory=dict)
    copies: dict[syntax.Copy, tuple[syntax.Field, ...]] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    samples: frozenset[str] | None = None
    table_failures: dict[str, frozenset[syntax.FailureKind]] = field(default_factory=dict)
    table_analyses: dict[str, TableAnalysis | None] = field(default_factory=dict)

    def report(
        self,
        code: str,
        site: Site,
        span: Span,
        *,
        help: Iterable[str] = (),
        fixes: Iterable[Fix] = (),
        labels: Iterable[tuple[Span, str]] = (),
        subject: str | None = None,
        **words: Any,
    ) -> None:
        """Add a diagnostic at a place of the module the checker is in."""
        about = site.subject if subject is None else subject
        self.diagnostics.append(
            codes.diagnostic(
                code,
                site.file,
                span,
                subject=about,
                help=help,
                fixes=fixes,
                labels=[Label(site.file, place, text) for place, text in labels],
                **words,
            )
        )


def suggestions(wrong: str, known: Iterable[str]) -> list[str]:
    """Names that were probably meant, the closest first."""
    by_folded = {name.casefold(): name for name in known}
    close = get_close_matches(wrong.casefold(), by_folded, n=3, cutoff=0.6)
    close += [name for name in by_folded if name not in close and sorted(name) == sorted(wrong.casefold())]
    return [by_folded[name] for name in close]


def did_you_mean(site: Site, span: Span, wrong: str, known: Iterable[str]) -> tuple[list[str], list[Fix]]:
    """Help and fixes for a misspelt name that stands at the span."""
    close = suggestions(wrong, known)
    if not close:
        return [], []
    fixes = [Fix(f"Replace by `{name}`", (Edit(site.file, span, name),)) for name in close]
    return [f"Did you mean `{'` or `'.join(close)}`?"], fixes


def listed(names: Iterable[str], most: int = 12) -> str:
    """Some names for a help text."""
    shown = list(names)
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more
