"""What people get wrong: each mutator lists every place of a rule set where that mistake can be made."""

import re
from collections.abc import Iterator
from decimal import Decimal

from dsl import syntax, types
from dsl.checking.userfunctions import nodes_in
from dsl.source import Source, Span
from tests.mutations.edits import Edit, Mutator, Original, misspelt

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_UNITS = {"EA": "KGM", "KGM": "LBR", "LBR": "KGM", "H87": "KGM", "PCE": "KGM", "MTR": "FOT", "XBX": "XCT"}
_CURRENCIES = {"EUR": "USD", "USD": "EUR", "GBP": "USD"}
_SPANS = {
    "seconds": "minutes",
    "minutes": "hours",
    "hours": "days",
    "days": "hours",
    "business_days": "days",
    "weeks": "days",
}
_MEASURES = {**_UNITS, **_CURRENCIES, **_SPANS}
_CONVERSIONS = (
    "decimal",
    "integer",
    "date",
    "datetime",
    "quantity",
    "money",
    "ratio",
    "percent",
    "text",
    "round",
    "sscc",
)


def misspelt_name(original: Original) -> Iterator[Edit]:
    """A letter wrong in the name of a variable, enum value, function, lookup, table, map, endpoint, schema or rule set."""
    wanted = (
        syntax.Name, syntax.Call, syntax.Comprehension, syntax.LookupCall, syntax.TableCall, syntax.UseSchema,
        syntax.UseLookup, syntax.Send, syntax.MapStep, syntax.ApplyStep, syntax.Parameter, syntax.Let, syntax.Map,
        syntax.Table, syntax.Lookup, syntax.Rules, syntax.TypeRef,
    )  # fmt: skip
    for source, node in original.nodes(*wanted):
        for name in _names(node):
            at = _find(source, node.span, name)
            if at is not None and len(name) > 1:
                wrong = misspelt(name, original.random)
                yield Edit("misspelt name", source.path, at, wrong, f"`{name}` -> `{wrong}`")


def _names(node: syntax.Node) -> list[str]:
    match node:
        case (
            syntax.Name(name=name)
            | syntax.Let(name=name)
            | syntax.UseSchema(name=name)
            | syntax.UseLookup(name=name)
        ):
            return [name]
        case (
            syntax.Map(name=name)
            | syntax.Table(name=name)
            | syntax.Lookup(name=name)
            | syntax.Rules(name=name)
        ):
            return [name]
        case syntax.Call(function=name) | syntax.Comprehension(function=name) | syntax.ApplyStep(rules=name):
            return [name]
        case syntax.LookupCall(lookup=name) | syntax.TableCall(table=name) | syntax.MapStep(map=name):
            return [name]
        case syntax.TypeRef(name=name) if not _is_plain(name):
            return [name]
        case syntax.Send(endpoint=endpoint, map=name):
            return [endpoint, name]
        case syntax.Parameter(schema=schema):
            return [schema] if schema else []
    return []


def _is_plain(name: str) -> bool:
    return name in ("", "list", "enum", "record")


def _find(source: Source, span: Span, name: str) -> Span | None:
    """Where a name stands in a node, as a whole word."""
    for found in _NAME.finditer(source.text, span.start, span.end) if "." not in name else ():
        if found.group() == name:
            return Span(found.start(), found.end())
    at = source.text.find(name, span.start, span.end) if "." in name else -1
    return Span(at, at + len(name)) if at >= 0 else None


def misspelt_path(original: Original) -> Iterator[Edit]:
    """A letter wrong in a field of the source or of the target, or in a column of a lookup."""
    for source, node in original.nodes(syntax.Path, syntax.Field, syntax.LookupCall):
        if isinstance(node, syntax.Path):
            name, within = node.field, Span(node.base.span.end, node.span.end)
        elif isinstance(node, syntax.Field):
            name, within = original.random.choice(node.target), node.target_span
        elif node.column:
            name, within = node.column, Span(node.span.end - len(node.column) - 2, node.span.end)
        else:
            continue
        at = source.text.find(name, within.start, within.end)
        if at >= 0:
            wrong = misspelt(name, original.random)
            yield Edit(
                "misspelt path", source.path, Span(at, at + len(name)), wrong, f"`{name}` -> `{wrong}`"
            )


def wrong_type(original: Original) -> Iterator[Edit]:
    """A conversion left out, a text for a number, a number for a text, a text where a code is wanted."""
    for source, node in original.nodes(syntax.Call, syntax.Literal):
        old = source.slice(node.span)
        if isinstance(node, syntax.Call) and node.function in _CONVERSIONS and node.arguments:
            text = source.slice(node.arguments[0].span)
            yield Edit("wrong type", source.path, node.span, text, f"`{old}` -> `{text}`")
        elif isinstance(node, syntax.Literal):
            swapped = _other_type(node, old)
            if swapped:
                yield Edit("wrong type", source.path, node.span, swapped, f"`{old}` -> `{swapped}`")


def _other_type(node: syntax.Literal, old: str) -> str:
    match node.kind:
        case "text":
            return old.strip('"') if old.strip('"').isdigit() else "1"
        case "integer" | "decimal" | "percent" | "boolean" | "date" | "datetime":
            return f'"{old}"'
        case "duration" | "quantity" | "money":
            return old.split()[0]
    return ""


def dropped_line(original: Original) -> Iterator[Edit]:
    """A line left out that is required: a required target, a let that is used, a use, a row, a step, an action."""
    for source, node in original.nodes(
        syntax.Map, syntax.Rules, syntax.Rule, syntax.Flow, syntax.UseSchema, syntax.UseLookup, syntax.Table
    ):
        for part in _required(original, node):
            span = original.lines(source, part.span)
            home = (_head(source, node.span), _beside(source, span), *_readers(original, source, part))
            words = source.slice(part.span).splitlines()[0]
            yield Edit("dropped line", source.path, span, "", f"without `{words}`", home)


def _required(original: Original, node: syntax.Node) -> Iterator[syntax.Node]:
    match node:
        case syntax.UseSchema() | syntax.UseLookup():
            yield node
        case syntax.Map(name=name) if name in original.program.maps:
            yield from _required_in(node.body, original.program.maps[name].target.record)
        case syntax.Rules():
            yield from node.lets
        case syntax.Rule():
            yield from node.actions
        case syntax.Flow():
            yield from node.steps
        case syntax.Table(rows=rows, otherwise=None) if not any(_takes_everything(row) for row in rows):
            yield from rows


def _takes_everything(row: syntax.TableRow | syntax.Raw) -> bool:
    return isinstance(row, syntax.TableRow) and all(isinstance(cell, syntax.AnyCell) for cell in row.cells)


def _required_in(body: tuple[syntax.Statement, ...], record: types.Record | None) -> Iterator[syntax.Node]:
    for statement in body:
        match statement:
            case syntax.Let():
                yield statement
            case syntax.Field(target=target) if _spec(record, target, required=True):
                yield statement
            case syntax.Each(target=target):
                spec = _spec(record, target)
                of = types.present(spec.type) if spec else None
                if isinstance(of, types.ListOf) and isinstance(of.item, types.Record):
                    yield from _required_in(statement.body, of.item)


def _spec(
    record: types.Record | None, target: tuple[str, ...], required: bool = False
) -> types.FieldSpec | None:
    """What the schema says of a target; None where there is none, or it is not required all the way."""
    of: types.Type | None = record
    spec = None
    for name in target:
        spec = of.fields.get(name) if isinstance(of, types.Record) else None
        if spec is None or (required and not spec.required):
            return None
        of = types.present(spec.type)
    return spec


def _readers(original: Original, source: Source, gone: syntax.Node) -> Iterator[Span]:
    """Where what is gone is read, or the `each` that lacks it: a finding belongs there as well."""
    if isinstance(gone, syntax.Field):
        found = (node for where, node in original.nodes(syntax.Each) if where is source)
        yield from (
            _head(source, node.span) for node in found if node.span.start < gone.span.start < node.span.end
        )
    if isinstance(gone, syntax.UseSchema | syntax.UseLookup):
        yield Span(gone.span.end + 1, len(source.text))
    if isinstance(gone, syntax.Let):
        for declaration in original.program.modules[source.path].declarations:
            if declaration.span.start <= gone.span.start < declaration.span.end:
                nodes = nodes_in(declaration)
                yield from (n.span for n in nodes if isinstance(n, syntax.Name) and n.name == gone.name)


def _head(source: Source, span: Span) -> Span:
    end = source.text.find("\n", span.start)
    return Span(span.start, end if end >= 0 else len(source.text))


def _beside(source: Source, span: Span) -> Span:
    """The line that takes the place of one left out."""
    return Span(span.end, min(span.end + 1, len(source.text)))


def removed_handler(original: Original) -> Iterator[Edit]:
    """One `on missing ...` of a line or of a map left out."""
    for source, node in original.nodes(syntax.Handler):
        line = original.lines(source, node.span)
        alone = source.slice(line).strip() == source.slice(node.span)
        span = line if alone else node.span
        home = _owner(original, source, node)
        yield Edit("removed handler", source.path, span, "", f"without `{source.slice(node.span)}`", home)


def _owner(original: Original, source: Source, handler: syntax.Handler) -> tuple[Span, ...]:
    """The whole statement a handler belongs to: a policy belongs to every line of its map."""
    module = original.program.modules[source.path]
    for declaration in module.declarations:
        for node in nodes_in(declaration):
            if isinstance(node, syntax.Field | syntax.Let) and handler in node.handlers:
                return (node.span,)
            if isinstance(node, syntax.Map) and handler in node.policy:
                return (node.span,)
    return ()


def shuffled_row(original: Original) -> Iterator[Edit]:
    """Two rows of a table change places, or two cells or results of a row do, or results of two rows."""
    for source, node in original.nodes(syntax.Table, syntax.Lookup):
        rows = [row for row in node.rows if not isinstance(row, syntax.Raw)]
        for one, other in zip(rows, rows[1:], strict=False):
            span = Span(one.span.start, other.span.end)
            between = source.text[one.span.end : other.span.start]
            text = source.slice(other.span) + between + source.slice(one.span)
            yield Edit(
                "shuffled row", source.path, span, text, f"rows swapped: {source.slice(one.span)}", (span,)
            )
        for row in rows:
            yield from _swapped_cells(source, row)


def _swapped_cells(source: Source, row: syntax.TableRow | syntax.LookupRow) -> Iterator[Edit]:
    cells = row.cells if isinstance(row, syntax.TableRow) else row.keys
    outputs = row.outputs if isinstance(row, syntax.TableRow) else row.results
    for parts in (cells, outputs):
        for one, other in zip(parts, parts[1:], strict=False):
            left, right = source.slice(one.span), source.slice(other.span)
            if left != right:
                text = right + source.text[one.span.end : other.span.start] + left
                yield Edit(
                    "shuffled row",
                    source.path,
                    Span(one.span.start, other.span.end),
                    text,
                    f"cells swapped: {left} | {right}",
                )


def wrong_unit(original: Original) -> Iterator[Edit]:
    """Another unit, currency or span of time."""
    for source, node in original.nodes(syntax.Literal, syntax.TypeRef):
        old = source.slice(node.span)
        if isinstance(node, syntax.Literal) and node.kind == "text":
            other = _UNITS.get(node.value) or _CURRENCIES.get(node.value)
            new = f'"{other}"' if other else ""
        else:
            new = re.sub(r"[A-Za-z_]+", lambda found: _MEASURES.get(found.group(), found.group()), old)
            if isinstance(node, syntax.TypeRef) and "(" not in old:
                continue
        if new and new != old:
            yield Edit("wrong unit", source.path, node.span, new, f"`{old}` -> `{new}`")


def off_by_one(original: Original) -> Iterator[Edit]:
    """A bound of a range moved by one step, or open where it was closed."""
    for source, node in original.nodes(syntax.RangeCell, syntax.CompareCell):
        old = source.slice(node.span)
        if isinstance(node, syntax.RangeCell):
            opened = {"[": "(", "(": "["}[old[0]] + old[1:]
            closed = old[:-1] + {"]": ")", ")": "]"}[old[-1]]
            changed = [opened, closed, *(_stepped(source, node, end) for end in (node.low, node.high))]
        elif node.operator in _STRICT:
            changed = [
                old.replace(node.operator, _STRICT[node.operator], 1),
                _stepped(source, node, node.value),
            ]
        else:
            continue
        for new in changed:
            if new and new != old:
                yield Edit("off-by-one range", source.path, node.span, new, f"`{old}` -> `{new}`")


_STRICT = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}


def _stepped(source: Source, cell: syntax.Node, bound: syntax.Expression) -> str:
    """The cell with one of its bounds one step higher."""
    old = source.slice(bound.span)
    found = re.match(r"-?\d+(\.\d+)?", old)
    if not found or not isinstance(bound, syntax.Literal) or bound.kind in ("date", "datetime"):
        return ""
    number = Decimal(found.group())
    new = old.replace(found.group(), str(number + Decimal(1).scaleb(int(number.as_tuple().exponent))), 1)
    start, end = bound.span.start - cell.span.start, bound.span.end - cell.span.start
    text = source.slice(cell.span)
    return text[:start] + new + text[end:]


MUTATORS: tuple[Mutator, ...] = (
    misspelt_name,
    misspelt_path,
    wrong_type,
    dropped_line,
    removed_handler,
    shuffled_row,
    wrong_unit,
    off_by_one,
)
