"""Names that the analyst gives are lower case; fields of schemas keep their spelling."""

import re
from collections.abc import Iterable, Iterator

from dsl import syntax
from dsl.findings import Findings
from dsl.source import Span

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
Named = tuple[str, Span]


def name_faults(module: syntax.Module, findings: Findings) -> None:
    """Report the names of a module that are not lower case."""
    for declaration in module.declarations:
        for name, span in _names(declaration):
            if not _NAME.fullmatch(name):
                findings.upper_case(span, name)


def _names(declaration: syntax.Declaration) -> Iterator[Named]:
    match declaration:
        case syntax.Map():
            yield declaration.name, declaration.name_span
            yield from ((p.name, p.span) for p in declaration.parameters)
            yield from _statements(declaration.body)
        case syntax.Lookup() | syntax.Dataset() | syntax.Table() | syntax.Type():
            yield declaration.name, declaration.name_span
        case syntax.Function():
            yield declaration.name, declaration.name_span
            yield from ((column.name, column.span) for column in declaration.parameters)
        case syntax.Rules():
            yield declaration.name, declaration.name_span
            yield declaration.parameter.name, declaration.parameter.span
            yield from ((let.name, let.span) for let in declaration.lets)
            yield from ((rule.name, rule.span) for rule in declaration.rules if isinstance(rule, syntax.Rule))
        case syntax.Flow():
            yield declaration.name, declaration.name_span
            yield declaration.variable, declaration.name_span
            for step in declaration.steps:
                if name := getattr(step, "variable", ""):
                    yield name, step.span


def _statements(body: Iterable[syntax.Statement]) -> Iterator[Named]:
    for statement in body:
        match statement:
            case syntax.Let(span=span, name=name):
                yield name, span
            case syntax.Each(source=source, variable=name):
                yield name, Span(statement.span.start, source.span.end)
                yield from _statements(statement.body)
            case syntax.If():
                for branch in statement.branches:
                    yield from _statements(branch.body)
                yield from _statements(statement.otherwise or ())
