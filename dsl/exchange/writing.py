"""From a table or lookup to the text of a module that parses."""

from collections.abc import Iterable, Iterator, Sequence

from dsl.diagnostics import Diagnostic
from dsl.errors import ExchangeError
from dsl.exchange.content import (
    ColumnContent,
    Content,
    LookupContent,
    Notes,
    RowContent,
    TableContent,
)
from dsl.literals import quote
from dsl.parser import parse
from dsl.printer import format_text
from dsl.source import Source
from dsl.tree import parse_tree


def module_text(contents: Sequence[Content]) -> str:
    """The contents as one module, formatted; ExchangeError where one of them would not parse."""
    uses = dict.fromkeys(use for content in contents for use in content.uses)
    blocks = [[f"use schema {name} {quote(version)}" for name, version in uses]] if uses else []
    blocks += [list(_lines(content)) for content in contents]
    text = "\n".join("".join(line + "\n" for line in block) for block in blocks)
    parsed = parse(Source("import.mw", text))
    if parsed.diagnostics:
        raise ExchangeError(
            "what was read does not make a text that parses", _faults(parsed.source, parsed.diagnostics)
        )
    return format_text(parsed.source)


def _faults(source: Source, found: Iterable[Diagnostic]) -> list[str]:
    shown = []
    for diagnostic in list(found)[:20]:
        line = source.position(diagnostic.span.start)[0]
        shown.append(
            f"{diagnostic.subject or 'text'}: {diagnostic.message}, in `{source.line(line).strip()}`"
        )
    return shown


def _lines(content: Content) -> Iterator[str]:
    if isinstance(content, LookupContent):
        yield from _noted(_lookup_head(content), content.head)
        for row in content.rows:
            yield from _noted(f"  | {' | '.join(row.inputs)} => {' | '.join(row.outputs)} |", row.notes)
    else:
        yield from _table_lines(content)
    yield from _noted("end", content.end)


def _table_lines(table: TableContent) -> Iterator[str]:
    aggregation = f" {table.aggregation}" if table.policy == "collect" else ""
    yield from _noted(f"table {table.name} policy {table.policy}{aggregation}", table.head)
    heads = [f"| row | {_columns(table.inputs, ' | ')} => {_columns(table.outputs, ' | ')} |"]
    yield from _noted(f"  {heads[0]}", table.columns)
    for row in table.rows:
        yield from _noted(f"  {_row(row)}", row.notes)
    if table.otherwise is not None:
        yield from _noted(f"  otherwise => {' | '.join(table.otherwise)} |", table.default)


def _row(row: RowContent) -> str:
    return f"| {row.id} | {' | '.join(row.inputs)} => {' | '.join(row.outputs)} |"


def _lookup_head(lookup: LookupContent) -> str:
    two_way = " two_way" if lookup.two_way else ""
    return (
        f"lookup {lookup.name} : {_columns(lookup.keys, ', ')} -> {_columns(lookup.results, ', ')}{two_way}"
    )


def _columns(columns: Sequence[ColumnContent], between: str) -> str:
    return between.join(f"{key_text(c.name)}: {c.type}" if c.name else c.type for c in columns)


def key_text(name: str) -> str:
    """The name of a column as it stands before its colon."""
    tokens = parse_tree(name).tokens
    plain = len(tokens) == 1 and tokens[0].kind == "word"
    return name if plain else quote(name)


def _noted(line: str, notes: Notes) -> Iterator[str]:
    indent = line[: len(line) - len(line.lstrip())]
    yield from (f"{indent}# {comment}".rstrip() for comment in notes.above)
    yield f"{line}  # {notes.end}" if notes.end else line
