"""What stands at a place, in a few words: a type and how it can fail, or what a name declares."""

from typing import Any

from dsl import functions, syntax, types
from dsl.limits import NONE, described
from dsl.navigation.fields import record_in
from dsl.navigation.index import Index
from dsl.navigation.nodes import expression_at
from dsl.navigation.symbols import Occurrence
from dsl.program import EnumValue, Program, Variable
from dsl.reference import function_entry
from dsl.source import Span

Shown = tuple[str, str, str, Span]
_TYPED = frozenset({"variable", "field"})


def hover(program: Program, path: str, offset: int, index: Index | None = None) -> dict[str, Any] | None:
    """What stands at an offset: {"title", "detail", "doc", "start", "end"}."""
    if path not in program.sources:
        return None
    index = index or Index(program)
    found = index.at(path, offset)
    if found is not None and offset == found.span.end:
        found = None
    shown = _declared(program, index, found) if found is not None else None
    if shown is None and path in program.modules:
        shown = _expression(program, expression_at(program.modules[path], offset), index)
    if shown is None:
        return None
    title, detail, doc, span = shown
    return {"title": title, "detail": detail, "doc": doc, "start": span.start, "end": span.end}


def _declared(program: Program, index: Index, found: Occurrence) -> Shown | None:
    """What a name of the rule set stands for: its first line, and the file it is in."""
    symbol = found.symbol
    if symbol.kind in _TYPED:
        return None
    if symbol.kind == "endpoint":
        endpoint = program.manifest.endpoints[symbol.name]
        words = f"{endpoint.direction}, {endpoint.codec}, {endpoint.schema}"
        return (
            f"endpoint {symbol.name}",
            words,
            f"Owner: {endpoint.owner}" if endpoint.owner else "",
            found.span,
        )
    place = next(iter(index.declared(symbol)), None)
    if place is None:
        return None
    source = program.sources.get(place.file)
    line = source.position(place.span.start)[0] if source is not None else 1
    module = place.file in program.modules
    head = source.line(line).strip() if source is not None and module else f"{symbol.kind} {symbol.name}"
    return head, f"{place.file}, line {line}" if module else place.file, _summary(program, found), found.span


def _summary(program: Program, found: Occurrence) -> str:
    name = found.symbol.name
    match found.symbol.kind:
        case "lookup" if name in program.lookups:
            lookup = program.lookups[name]
            return f"{_columns(lookup.keys)} => {_columns(lookup.results)}; {len(lookup.rows)} rows"
        case "table" if name in program.tables:
            table = program.tables[name]
            return f"{_columns(table.inputs)} => {_columns(table.outputs)}; {len(table.node.rows)} rows"
        case _:
            return ""


def _columns(columns: tuple[tuple[str, types.Type], ...]) -> str:
    return ", ".join(f"{name}: {types.describe(of)}" for name, of in columns)


def _expression(program: Program, node: syntax.Node | None, index: Index) -> Shown | None:
    if not isinstance(node, syntax.Expression) or node not in program.types:
        return None
    of = types.describe(program.types[node])
    failures = sorted(program.failures.get(node, frozenset()))
    detail = f"{of}, can fail as {', '.join(failures)}" if failures else of
    doc = "\n\n".join(words for words in (_doc(program, node), index.used_by(node)) if words)
    return _title(program, node), detail, doc, node.span


def _title(program: Program, node: syntax.Expression) -> str:
    match node:
        case syntax.Call(function=name) | syntax.Comprehension(function=name) if name in functions.registry():
            return functions.registry()[name].signature
        case syntax.Call(function=name):
            return name
        case syntax.LookupCall(lookup=name):
            return f"lookup {name}"
        case syntax.TableCall(table=name):
            return f"table {name}"
        case syntax.Path(field=name) | syntax.Name(name=name):
            return name
        case _:
            return type(node).__name__.lower()


def _doc(program: Program, node: syntax.Expression) -> str:
    match node:
        case syntax.Call(function=name) | syntax.Comprehension(function=name) if name in functions.registry():
            return function_entry(functions.registry()[name])
        case syntax.Path(base=base, field=name):
            record = record_in(program.types.get(base))
            spec = record.fields.get(name) if record is not None else None
            words = [spec.title, *described(spec.limits or NONE)] if spec is not None else []
            return "; ".join(word for word in words if word)
        case syntax.Name():
            meaning = program.names.get(node)
            if isinstance(meaning, EnumValue):
                return "a value of the enumeration"
            return (
                "a field of the result"
                if isinstance(meaning, Variable) and meaning.origin == "target"
                else ""
            )
        case _:
            return ""
