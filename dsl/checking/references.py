"""Calls of lookups and decision tables."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dsl import syntax, types
from dsl.checking import expressions as e
from dsl.checking import findings
from dsl.checking.scopes import Scope
from dsl.checking.session import BROKEN, did_you_mean, is_broken, listed, record_of
from dsl.diagnostics import Edit, Fix
from dsl.program import CheckedLookup
from dsl.source import Span

if TYPE_CHECKING:
    from dsl.checking.expressions import Expressions, Kinds, Typed

_NO_MATCH: "Kinds" = frozenset({"no_match"})


def unknown_declaration(
    check: "Expressions", node: syntax.Node, kind: str, name: str, known: Iterable[str]
) -> None:
    """Report a name that no declaration has."""
    names = list(known)
    span = place_of(check, node, name)
    help_, fixes = did_you_mean(check.site, span, name, names)
    help_ = help_ or ([f"There are {listed(names)}."] if names else [])
    check.report("M305", span, kind=kind, name=name, help=help_, fixes=fixes)


def place_of(check: "Expressions", node: syntax.Node, name: str) -> Span:
    """Where a name stands inside the line or expression that names it."""
    text = check.session.sources[check.site.file].slice(node.span)
    found = re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text)
    if found is None:
        return node.span
    return Span(node.span.start + found.start(), node.span.start + found.end())


def infer_lookup(check: "Expressions", node: syntax.LookupCall, scope: Scope) -> "Typed":
    """The type of `lookup codes(k1, k2).column`."""
    lookup = check.session.lookups.get(node.lookup)
    if lookup is None:
        for key in node.keys:
            check.infer(key, scope)
        unknown_declaration(check, node, "lookup", node.lookup, check.session.lookups)
        return e.BROKEN_VALUE
    if node.reverse:
        if not lookup.two_way:
            _not_two_way(check, node, lookup)
        lookup = lookup.reversed()
    failures = check_arguments(check, node, "lookup", node.lookup, node.keys, lookup.keys, scope)
    failures |= _check_at(check, node, lookup, scope)
    return e.Typed(_result(check, node, lookup), failures | _NO_MATCH)


def _not_two_way(check: "Expressions", node: syntax.LookupCall, lookup: CheckedLookup) -> None:
    fixes, help_ = [], [f"Say `two_way = true` in ruleset.toml under [lookups.{lookup.name}]."]
    head = next(
        (
            d
            for m in check.session.modules.values()
            for d in m.declarations
            if isinstance(d, syntax.Lookup) and d.name == lookup.name
        ),
        None,
    )
    if head is not None:
        last = head.results[-1].span.end
        fixes, help_ = [Fix("Declare it `two_way`", (Edit(lookup.path, Span(last, last), " two_way"),))], []
    check.report("M618", node.span, lookup=lookup.name, fixes=fixes, help=help_)


def _check_at(check: "Expressions", node: syntax.LookupCall, lookup: CheckedLookup, scope: Scope) -> "Kinds":
    """`at:` is a day or moment, and means something only where rows have a validity."""
    failures: Kinds = frozenset()
    for name, value in node.named:
        typed = check.need(value, scope)
        failures |= typed.failures
        problem = ""
        if name != "at":
            problem = f"has no parameter `{name}`; say the day or moment by `at:`"
        elif not lookup.dated:
            problem = "its rows have no validity (valid_from, valid_to), so `at:` changes nothing"
        if problem:
            findings.wrong_call(check, value.span, "lookup", lookup.name, problem)
        elif typed.type not in (types.DATE, types.DATETIME) and not is_broken(typed.type):
            findings.wrong_type(check, value.span, "`at:`", "a date or datetime", typed.type)
    return failures


def _result(check: "Expressions", node: syntax.LookupCall, lookup: CheckedLookup) -> types.Type:
    results = dict(lookup.results)
    answers = [(name, of) for _, name, of in lookup.answers]
    if node.column is not None:
        inner = types.present(answers[0][1]) if len(answers) == 1 else None
        if isinstance(inner, types.Record) and node.column in inner.fields and node.column not in results:
            return types.field_type(inner.fields[node.column])
        if node.column not in results:
            help_ = [f"Its result columns are {listed(results)}."]
            check.report("M609", node.span, lookup=node.lookup, column=node.column, help=help_)
            return BROKEN
        return results[node.column]
    if len(answers) == 1:
        return answers[0][1]
    return record_of(lookup.name, answers)


def infer_table(check: "Expressions", node: syntax.TableCall, scope: Scope) -> "Typed":
    """The type of `table disposition(a, b)`."""
    table = check.session.tables.get(node.table)
    if table is None:
        for argument in node.arguments:
            check.infer(argument, scope)
        unknown_declaration(check, node, "table", node.table, check.session.tables)
        return e.BROKEN_VALUE
    failures = check_arguments(check, node, "table", node.table, node.arguments, table.inputs, scope)
    return e.Typed(table.result, failures | check.session.table_failures.get(node.table, frozenset()))


def check_arguments(
    check: "Expressions",
    node: syntax.Node,
    kind: str,
    name: str,
    arguments: Sequence[syntax.Expression],
    wanted: Sequence[tuple[str, types.Type]],
    scope: Scope,
) -> "Kinds":
    """Arguments against named types; a missing one fails unless the type is optional."""
    failures: Kinds = frozenset()
    for index, argument in enumerate(arguments):
        of = wanted[index][1] if index < len(wanted) else None
        optional = isinstance(of, types.Maybe)
        typed = (check.infer if optional else check.need)(argument, scope, of)
        failures |= typed.failures
        if of is None or is_broken(of) or is_broken(typed.type) or types.fits(typed.type, of):
            continue
        problem = f"`{wanted[index][0]}` is {types.describe(of)}, but this is {types.describe(typed.type)}"
        why = types.misfit(typed.type, of)
        problem += f": {why}" if why else ""
        findings.wrong_call(check, argument.span, kind, name, problem)
    if len(arguments) != len(wanted):
        problem = f"takes {len(wanted)} ({listed(n for n, _ in wanted)}), not {len(arguments)}"
        findings.wrong_call(check, node.span, kind, name, problem)
    return failures
