"""What nobody uses: lets and parameters in their declaration, declarations in the rule set."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from dsl import syntax
from dsl.checking.session import Session, Site
from dsl.checking.userfunctions import nodes_in
from dsl.source import Span

_NAMED = {
    syntax.Map: "map",
    syntax.Table: "table",
    syntax.Lookup: "lookup",
    syntax.Rules: "rules",
    syntax.Function: "function",
}
Once = Callable[[str, syntax.Declaration, Callable[[syntax.Declaration], Any]], Any]
Declared = syntax.Map | syntax.Table | syntax.Lookup | syntax.Rules | syntax.Function


def check_unused(session: Session, once: Once) -> None:
    """Report what is never used; declarations only where there is a flow that could use them.

    `once` works out what depends on one declaration alone, or knows it from an earlier check.
    """
    runs = [(path, node) for path, node in _declarations(session) if not isinstance(node, syntax.Test)]
    if any(isinstance(node, syntax.Raw) for _, node in runs):
        return  # what can't be read may use anything
    named: set[str] = set()
    broken = False
    for path, node in runs:
        seen = once(path, node, _Seen)
        named |= seen.words
        broken = broken or seen.broken
        for name, span in seen.unread():
            if not _is_wrong(session, path, span):
                session.report("M330", Site(path, seen.subject, {}), span, name=name)
    if session.flows and not broken:
        _declared(session, runs, named)


def _is_wrong(session: Session, path: str, span: Span) -> bool:
    """Whether the line has another finding: then that one is to be settled first."""
    return any(d.file == path and span.start <= d.span.start <= span.end for d in session.diagnostics)


def _declared(session: Session, runs: Iterable[tuple[str, syntax.Declaration]], named: set[str]) -> None:
    proposed = " ".join(words for d in session.diagnostics for words in d.help)
    for path, node in runs:
        if isinstance(node, Declared) and f"`{node.name}`" in proposed:
            continue  # misspelt elsewhere: that is to be settled first
        if isinstance(node, Declared) and node.name not in named:
            kind = _NAMED[type(node)]
            session.report(
                "M331", Site(path, f"{kind}/{node.name}", {}), node.name_span, kind=kind, name=node.name
            )


def _declarations(session: Session) -> Iterator[tuple[str, syntax.Declaration]]:
    for path, module in session.modules.items():
        yield from ((path, node) for node in module.declarations)


@dataclass(slots=True)
class _Seen:
    """One declaration: the names it brings in, those it reads, and every word that may name another declaration."""

    brought: list[tuple[str, Span]]
    read: set[str]
    words: set[str]
    subject: str
    broken: bool

    def __init__(self, declaration: syntax.Declaration) -> None:
        self.brought, self.read, self.words, self.broken = [], set(), set(), False
        self.subject = f"{_NAMED.get(type(declaration), 'flow')}/{getattr(declaration, 'name', '')}"
        if isinstance(declaration, syntax.Function):
            self.brought = [(column.name, column.span) for column in declaration.parameters]
        for node in nodes_in(declaration):
            if isinstance(node, syntax.Name):
                self.read.add(node.name)
            elif isinstance(node, syntax.Let):
                self.brought.append((node.name, node.span))
            elif isinstance(node, syntax.Raw):
                self.broken = True
            if node is not declaration and not isinstance(node, syntax.Name | syntax.Literal | syntax.Path):
                self.words.update(_words(node))

    def unread(self) -> list[tuple[str, Span]]:
        """Names that nothing reads; none where a line can't be read."""
        return [] if self.broken else [(name, span) for name, span in self.brought if name not in self.read]


def _words(node: syntax.Node) -> Iterator[str]:
    for part in fields(node):
        value = getattr(node, part.name)
        if isinstance(value, str):
            yield value
