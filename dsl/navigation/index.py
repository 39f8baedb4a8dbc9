"""Every name of a rule set with every place it stands, and the two questions people ask of it."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from dsl import syntax
from dsl.navigation.fields import Fields
from dsl.navigation.names import Names
from dsl.navigation.nodes import expression_at
from dsl.navigation.symbols import Occurrence, Place, Symbol
from dsl.navigation.values import value_place
from dsl.navigation.variables import Variables
from dsl.program import EnumValue, Program
from dsl.source import Span
from dsl.tree import INSIGNIFICANT, Token, parse_tree


class Index:
    """The occurrences of a program; made once for a state of its texts."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._fields = Fields(program)
        self._names = Names(program)

    @cached_property
    def occurrences(self) -> tuple[Occurrence, ...]:
        """All of them, in the order of files and places; a place has one meaning."""
        found: dict[Place, Occurrence] = {}
        for occurrence in (*self._names.occurrences(), *self._local()):
            found.setdefault(occurrence.place, occurrence)
        return tuple(found[place] for place in sorted(found))

    def used_by(self, node: syntax.Node | None) -> str:
        """Who depends on the field that a path reads, in a line; empty for anything else."""
        from dsl import usage

        asked = usage.subject_at(self.program, node)
        return usage.hover_words(usage.where_used(self.program, asked, self._uses)) if asked else ""

    @cached_property
    def _uses(self) -> Sequence[Any]:
        from dsl import usage

        return usage.uses(self.program)

    def _local(self) -> Iterator[Occurrence]:
        for path, module in self.program.modules.items():
            tokens = _significant(self.program.sources[path].text)
            for declaration in module.declarations:
                yield from Variables(self.program, path, declaration, tokens).occurrences()
                yield from self._fields.occurrences(path, declaration, tokens)

    def at(self, path: str, offset: int) -> Occurrence | None:
        """The occurrence that touches an offset, the shortest one where several do."""
        near = [o for o in self.occurrences if o.file == path and o.span.start <= offset <= o.span.end]
        return min(near, key=lambda o: (o.span.end - o.span.start, offset == o.span.end), default=None)

    def of(self, symbol: Symbol) -> tuple[Occurrence, ...]:
        """Every occurrence of a symbol."""
        return tuple(o for o in self.occurrences if o.symbol == symbol)

    def declared(self, symbol: Symbol) -> list[Place]:
        """Where a symbol is declared; files name schemas, and lookups with a version."""
        own = [o.place for o in self.of(symbol) if o.declares]
        if own:
            return own
        match symbol.kind:
            case "schema" if symbol.name in self.program.schemas:
                return [Place(self.program.schemas[symbol.name].path, Span(0, 0))]
            case "lookup" if symbol.name in self.program.lookups:
                return [Place(self.program.lookups[symbol.name].path, Span(0, 0))]
            case "field":
                place = self._fields.place(symbol)
                return [place] if place else []
            case _:
                return []


def definition(index: Index, path: str, offset: int) -> list[Place]:
    """Where what stands at an offset is declared."""
    found = index.at(path, offset)
    if found is not None:
        return index.declared(found.symbol)
    module = index.program.modules.get(path)
    node = expression_at(module, offset) if module is not None else None
    if isinstance(node, syntax.Name) and isinstance(index.program.names.get(node), EnumValue):
        place = value_place(index.program, node)
        return [place] if place else []
    return []


def references(index: Index, path: str, offset: int, declaration: bool = True) -> list[Place]:
    """Every place that names what stands at an offset."""
    found = index.at(path, offset)
    if found is None:
        return []
    named = [o.place for o in index.of(found.symbol) if declaration or not o.declares]
    more = [place for place in index.declared(found.symbol) if declaration and place not in named]
    return sorted([*more, *named])


def _significant(text: str) -> Sequence[Token]:
    return [token for token in parse_tree(text).tokens if token.kind not in INSIGNIFICANT]
