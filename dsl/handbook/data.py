"""Entries of what stands beside the modules: schemas, data files, endpoints."""

from collections.abc import Iterator

from dsl import types
from dsl.handbook.constructs import code
from dsl.handbook.content import Cell, Entry, Grid, anchor
from dsl.program import CheckedLookup, Endpoint, Schema

ROWS = 200
FIELDS = 400
_DEEPEST = 8


def schema_id(key: str) -> str:
    """The id of `canon.shipment@v1`."""
    return anchor("schema", key)


def schema_entry(schema: Schema) -> Entry:
    """Every field with its type, whether it has to be there, and what counts as missing."""
    rows = list(_fields(schema.record, "", ()))
    heads = ("Field", "Type", "Required", "Meaning", "Counts as missing")
    grid = Grid(heads, tuple(rows[:FIELDS]), more=max(0, len(rows) - FIELDS))
    kind = "layout of another format" if schema.guide else "JSON Schema"
    id, title = schema_id(f"{schema.name}@{schema.version}"), f"{schema.name} {schema.version}"
    return Entry(id, title, kind, schema.path, 1, grids=(grid,))


def _fields(record: types.Record, prefix: str, above: tuple[int, ...]) -> Iterator[tuple[Cell, ...]]:
    for name, spec in record.fields.items():
        path = f"{prefix}{name}"
        missing = ", ".join("null" if value is None else f'"{value}"' for value in spec.missing)
        required = Cell("required" if spec.required else "")
        yield code(path), code(types.describe(spec.type)), required, Cell(spec.title), code(missing)
        inner, lists = types.present(spec.type), ""
        while isinstance(inner, types.ListOf):
            inner, lists = types.present(inner.item), f"{lists}[]"
        if isinstance(inner, types.Record) and id(inner) not in above and len(above) < _DEEPEST:
            yield from _fields(inner, f"{path}{lists}.", (*above, id(record)))


def data_entry(lookup: CheckedLookup) -> Entry:
    """A value map from a file: its columns, how it is valid, its first rows."""
    columns = [f"{name}: {types.describe(of)}" for name, of in lookup.keys]
    columns += [f"=> {name}: {types.describe(of)}" for name, of in lookup.results]
    width = len(columns)
    rows = tuple(tuple(code(shown(value)) for value in row[:width]) for row in lookup.rows[:ROWS])
    facts = [("Rows", Cell(str(len(lookup.rows))))]
    if lookup.valid_from is not None or lookup.valid_to is not None:
        facts.append(("Valid", Cell("each row from and to a date; the message's time chooses")))
    if lookup.two_way:
        facts.append(("Both ways", Cell("yes, each value has one key")))
    grid = Grid(tuple(columns), rows, more=max(0, len(lookup.rows) - ROWS))
    id, summary = anchor("lookup", lookup.name), f"data, version {lookup.version}"
    return Entry(id, lookup.name, summary, lookup.path, 1, facts=tuple(facts), grids=(grid,))


def shown(value: object) -> str:
    """A value of a data file."""
    return "" if value is None else str(value)


def endpoint_entry(endpoint: Endpoint) -> Entry:
    """What travels through an endpoint, and which way."""
    facts = [
        ("Direction", Cell("comes in" if endpoint.direction == "in" else "goes out")),
        ("Codec", code(endpoint.codec)),
        ("Schema", code(endpoint.schema, schema_id(endpoint.schema))),
    ]
    if endpoint.direction == "out":
        words = "yes, the target takes a repeated delivery as one" if endpoint.idempotent else "no"
        facts.append(("Repeats are harmless", Cell(words)))
    elif endpoint.on_undecodable == "dead_letter":
        facts.append(("What can't be read", Cell("is kept as a dead letter")))
    if endpoint.owner:
        facts.append(("Owner", Cell(endpoint.owner)))
    facts += [(name, code(shown(value))) for name, value in endpoint.options.items()]
    return Entry(anchor("endpoint", endpoint.name), endpoint.name, "", "ruleset.toml", facts=tuple(facts))
