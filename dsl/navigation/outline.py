"""What a module holds, as a tree of names: the outline of an editor."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dsl import syntax
from dsl.program import Program
from dsl.source import Source, Span


@dataclass(frozen=True, slots=True)
class Entry:
    """One name of the outline; `kind` is map, field, table, row, rules, rule, flow, test and so on."""

    name: str
    kind: str
    detail: str
    span: Span
    name_span: Span
    children: tuple["Entry", ...] = ()


def outline(program: Program, path: str) -> tuple[Entry, ...]:
    """The declarations of a module with what is inside them; lines that don't parse are left out."""
    module = program.modules.get(path)
    if module is None:
        return ()
    source = program.sources[path]
    return tuple(e for d in module.declarations if (e := _declaration(d, source)) is not None)


def _declaration(node: syntax.Declaration, source: Source) -> Entry | None:
    name = getattr(node, "name", "")
    if not name:
        return None
    head = source.slice(node.span).split("\n", 1)[0]
    kind, _, rest = head.partition(" ")
    detail = rest.strip().removeprefix(name).strip(" :") if kind != "test" else ""
    own = getattr(node, "name_span", Span(node.span.start, node.span.start + len(head)))
    return Entry(str(name), kind, detail[:120], node.span, own, tuple(_inside(node)))


def _inside(node: syntax.Declaration) -> Iterator[Entry]:
    match node:
        case syntax.Map(body=body):
            yield from _statements(body)
        case syntax.Table(rows=rows):
            for row in rows:
                if isinstance(row, syntax.TableRow):
                    yield Entry(row.id, "row", row.comment, row.span, row.span)
        case syntax.Rules(lets=lets, rules=rules):
            yield from _statements(lets)
            for rule in rules:
                if isinstance(rule, syntax.Rule):
                    yield Entry(rule.name, "rule", rule.because, rule.span, rule.span)


def _statements(statements: Sequence[syntax.Statement]) -> Iterator[Entry]:
    for statement in statements:
        match statement:
            case syntax.Field(target=target, target_span=span):
                yield Entry(".".join(target), "field", "", statement.span, span)
            case syntax.Let(name=name):
                yield Entry(name, "let", "", statement.span, statement.span)
            case syntax.Each(target=target, target_span=span, body=body):
                inner = tuple(_statements(body))
                yield Entry(".".join(target), "each", "", statement.span, span, inner)
            case syntax.If(branches=branches, otherwise=otherwise):
                for inner_body in (*(branch.body for branch in branches), otherwise or ()):
                    yield from _statements(inner_body)
