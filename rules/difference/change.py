"""One change, and how values and expressions are worded."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dsl import syntax
from dsl.printing.spacing import spaced
from dsl.program import Program
from dsl.tree import INSIGNIFICANT, Token, parse_tree
from rules.values import shorten

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """A change: `subject` as in diagnostics ("table/disposition/r3"), `sentence` in the analyst's words."""

    kind: Kind
    subject: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Texts:
    """The wording of the nodes of one module."""

    program: Program
    path: str

    def of(self, node: syntax.Node | None) -> str:
        """The text of a node on one line, without comments and with the spaces of the formatter."""
        source = self.program.sources.get(self.path)
        if node is None or source is None:
            return ""
        lines = _lines(parse_tree(source.slice(node.span)).tokens)
        return " ".join(spaced(line) for line in lines if line)

    def handlers(self, handlers: tuple[syntax.Handler, ...]) -> str:
        """Handlers in a fixed order."""
        words = []
        for handler in sorted(handlers, key=lambda h: h.failure):
            value = f" {self.of(handler.value)}" if handler.value is not None else ""
            words.append(f"on {handler.failure} {handler.action}{value}{' warn' if handler.warn else ''}")
        return " ".join(words)


def _lines(tokens: Iterable[Token]) -> Iterator[list[Token]]:
    line: list[Token] = []
    for token in tokens:
        if token.kind == "newline":
            yield line
            line = []
        elif token.kind not in INSIGNIFICANT:
            line.append(token)
    yield line


def compared(
    subject: str, where: str, old: Mapping[str, str], new: Mapping[str, str], noun: str = ""
) -> Iterator[Change]:
    """Added, removed and changed entries of two named lists of texts."""
    prefix = f"{noun} " if noun else ""
    for name in old.keys() - new.keys():
        yield Change("removed", f"{subject}/{name}", f"{where}: {prefix}{name} is removed (was {old[name]})")
    for name, text in new.items():
        if name not in old:
            yield Change("added", f"{subject}/{name}", f"{where}: {prefix}{name} is new: {text}")
        elif old[name] != text:
            sentence = f"{where}, {prefix}{name}: {old[name] or 'nothing'} -> {text or 'nothing'}"
            yield Change("changed", f"{subject}/{name}", sentence)


def shown(value: Any) -> str:
    """A plain value in a sentence."""
    return "missing" if value is None else f'"{shorten(value)}"' if isinstance(value, str) else shorten(value)
