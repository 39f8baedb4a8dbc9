"""Fields: which record of which schema, table or lookup a path step or a target names, and where that stands."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from dsl import syntax, types
from dsl.navigation.jsonplaces import property_offset
from dsl.navigation.nodes import walk
from dsl.navigation.symbols import Occurrence, Place, Symbol
from dsl.program import EnumValue, Program, Schema
from dsl.source import Span
from dsl.tree import Token

_SEPARATOR = "\n"
_DEEPEST = 24


def record_in(of: types.Type | None) -> types.Record | None:
    """The record that a type is, or that its elements are."""
    of = types.present(of) if of is not None else None
    while isinstance(of, types.ListOf):
        of = types.present(of.item)
    return of if isinstance(of, types.Record) else None


class Fields:
    """The records of a program by identity, and the occurrences of their fields."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._owners: dict[int, str] = {}
        for schema in program.schemas.values():
            for name, of in schema.definitions.items():
                self._enter(schema, record_in(of), (f"#/$defs/{name}",))
            self._enter(schema, schema.record, ())
        for table in program.tables.values():
            record = record_in(table.result)
            if record is not None:
                self._owners[id(record)] = f"table:{table.node.name}"

    def _enter(self, schema: Schema, record: types.Record | None, steps: tuple[str, ...]) -> None:
        if record is None or id(record) in self._owners or len(steps) > _DEEPEST:
            return
        self._owners[id(record)] = _SEPARATOR.join((schema.path, *steps))
        for name, spec in record.fields.items():
            self._enter(schema, record_in(spec.type), (*steps, name))

    def symbol(self, record: types.Record | None, name: str) -> Symbol | None:
        """The field of a record; None for a record that nothing declares."""
        if record is None or name not in record.fields:
            return None
        owner = self._owners.get(id(record))
        if owner is None and record.name in self._program.lookups:
            owner = f"lookup:{record.name}"
        return Symbol("field", name, owner) if owner else None

    def occurrences(
        self, path: str, declaration: syntax.Declaration, tokens: Sequence[Token]
    ) -> Iterator[Occurrence]:
        """Every field that a declaration reads, sets or declares."""
        for node in walk(declaration):
            if isinstance(node, syntax.Path):
                symbol = self.symbol(record_in(self._program.types.get(node.base)), node.field)
                if symbol is not None:
                    yield Occurrence(symbol, path, Span(_last(tokens, node.span).start, node.span.end))
            elif isinstance(node, syntax.LookupCall) and node.column is not None:
                span = _last(tokens, node.span).span
                yield Occurrence(Symbol("field", node.column, f"lookup:{node.lookup}"), path, span)
        yield from self._columns(path, declaration, tokens)
        yield from self._targets(path, declaration, tokens)

    def _columns(
        self, path: str, declaration: syntax.Declaration, tokens: Sequence[Token]
    ) -> Iterator[Occurrence]:
        match declaration:
            case syntax.Table(name=name, outputs=columns):
                owner = f"table:{name}"
            case syntax.Lookup(name=name, keys=keys, results=results):
                owner, columns = f"lookup:{name}", (*keys, *results)
            case _:
                return
        for column in columns:
            first = _inside(tokens, column.span)[:1]
            if first and first[0].text == column.name:
                yield Occurrence(Symbol("field", column.name, owner), path, first[0].span, True)

    def _targets(
        self, path: str, declaration: syntax.Declaration, tokens: Sequence[Token]
    ) -> Iterator[Occurrence]:
        """Fields of the result: what a map sets and its checks name, what the expectations of a test name."""
        if isinstance(declaration, syntax.Map) and declaration.name in self._program.maps:
            record = self._program.maps[declaration.name].target.record
            yield from self._body(path, declaration.body, record, tokens)
        elif isinstance(declaration, syntax.Test):
            for node in declaration.expects:
                yield from self._named(path, node, self._result(declaration))

    def _body(
        self,
        path: str,
        body: Sequence[syntax.Statement],
        record: types.Record | None,
        tokens: Sequence[Token],
    ) -> Iterator[Occurrence]:
        for statement in body:
            match statement:
                case syntax.Field(target_span=span):
                    yield from self._way(path, span, record, tokens)
                case syntax.Each(target=target, target_span=span, body=inner):
                    yield from self._way(path, span, record, tokens)
                    yield from self._body(path, inner, _below(record, target), tokens)
                case syntax.If(branches=branches, otherwise=otherwise):
                    for inner in (*(branch.body for branch in branches), otherwise or ()):
                        yield from self._body(path, inner, record, tokens)
                case syntax.Check(condition=condition):
                    yield from self._named(path, condition, record)

    def _way(
        self, path: str, span: Span, record: types.Record | None, tokens: Sequence[Token]
    ) -> Iterator[Occurrence]:
        for token in _inside(tokens, span):
            if token.text == ".":
                continue
            name = token.text.strip('"')
            symbol = self.symbol(record, name)
            if symbol is not None:
                yield Occurrence(symbol, path, token.span)
            record = _below(record, (name,))

    def _named(self, path: str, node: syntax.Node, record: types.Record | None) -> Iterator[Occurrence]:
        for inner in walk(node):
            if isinstance(inner, syntax.Name):
                meaning = self._program.names.get(inner)
                if meaning is None or isinstance(meaning, EnumValue) or meaning.origin != "target":
                    continue
                symbol = self.symbol(record, inner.name)
                if symbol is not None:
                    yield Occurrence(symbol, path, inner.span)

    def _result(self, test: syntax.Test) -> types.Record | None:
        program, name = self._program, test.subject_name
        match test.subject:
            case "map" if name in program.maps:
                return program.maps[name].target.record
            case "flow" if name in program.flows:
                return program.flows[name].event.record
            case "table" if name in program.tables:
                return record_in(program.tables[name].result)
            case _:
                return None

    def place(self, symbol: Symbol) -> Place | None:
        """Where a schema declares a field; lookups from files are named by the file."""
        kind, _, name = symbol.owner.partition(":")
        if kind == "lookup" and name in self._program.lookups:
            return Place(self._program.lookups[name].path, Span(0, 0))
        path, *steps = symbol.owner.split(_SEPARATOR)
        source = self._program.sources.get(path)
        if source is None:
            return None
        if path.endswith(".json"):
            at = property_offset(source.text, steps, symbol.name)
        else:
            found = re.search(rf"(?<![\w.]){re.escape(symbol.name)}(?!\w)", source.text)
            at = found.start() if found else None
        return Place(path, Span(0, 0) if at is None else Span(at, at + len(symbol.name)))


def _below(record: types.Record | None, target: Sequence[str]) -> types.Record | None:
    for name in target:
        spec = record.fields.get(name) if record is not None else None
        record = record_in(spec.type) if spec is not None else None
    return record


def _inside(tokens: Sequence[Token], span: Span) -> Sequence[Token]:
    first = bisect_left(tokens, span.start, key=lambda t: t.start)
    return tokens[first : bisect_left(tokens, span.end, key=lambda t: t.start)]


def _last(tokens: Sequence[Token], span: Span) -> Token:
    return tokens[bisect_left(tokens, span.end, key=lambda t: t.start) - 1]
