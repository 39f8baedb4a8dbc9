"""Types as written in tables, lookups and ruleset.toml."""

from collections.abc import Iterable

from dsl import elsewhere, syntax, types
from dsl.checking import findings
from dsl.checking.session import BROKEN, Session, Site, did_you_mean
from dsl.program import Schema

BUILT_IN: dict[str, types.Type] = {
    "text": types.TEXT,
    "integer": types.INTEGER,
    "decimal": types.DECIMAL,
    "percent": types.PERCENT,
    "boolean": types.BOOLEAN,
    "date": types.DATE,
    "time": types.TIME,
    "datetime": types.DATETIME,
    "duration": types.DURATION,
    "quantity": types.Quantity(),
    "money": types.Money(),
    "any": types.ANYTHING,
}


def resolve_type(session: Session, site: Site, ref: syntax.TypeRef) -> types.Type:
    """The type a reference names; BROKEN, and reported, where there is none."""
    of = _plain(session, site, ref)
    return types.maybe(of) if ref.optional else of


def _plain(session: Session, site: Site, ref: syntax.TypeRef) -> types.Type:
    if ref.item is not None:
        return types.ListOf(resolve_type(session, site, ref.item))
    if ref.values:
        for value in (v for v in dict.fromkeys(ref.values) if ref.values.count(v) > 1):
            findings.declared_twice(session, site, ref.span, "value", value)
        return types.Enum("", ref.values)
    if ref.fields:
        return _record(session, site, ref)
    if ref.parameter is not None and ref.name in ("quantity", "money"):
        findings.check_measure(session, site, ref)
        return types.Quantity(ref.parameter) if ref.name == "quantity" else types.Money(ref.parameter)
    found = find_type(session, ref.name, site.uses.values())
    if found is None:
        names = [
            *BUILT_IN,
            *session.declared_types,
            *(name for schema in site.uses.values() for name in schema.definitions),
        ]
        ours = elsewhere.TYPES.get(ref.name.lower())
        help_, fixes = did_you_mean(site, ref.span, ours or ref.name, [ours] if ours else names)
        session.report("M307", site, ref.span, name=ref.name, help=help_, fixes=fixes)
        return BROKEN
    return found


def _record(session: Session, site: Site, ref: syntax.TypeRef) -> types.Record:
    fields: dict[str, types.FieldSpec] = {}
    for column in ref.fields:
        if column.name in fields:
            findings.declared_twice(session, site, column.span, "field", column.name)
        of = resolve_type(session, site, column.type)
        fields[column.name] = types.FieldSpec(types.present(of), not isinstance(of, types.Maybe))
    return types.Record(types.WRITTEN, fields)


def find_type(session: Session, name: str, schemas: Iterable[Schema]) -> types.Type | None:
    """A built-in or declared type, or a named type of one of the schemas (`rating`, `canon.shipment.line`)."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    if name in session.declared_types:
        return session.declared_types[name].type
    for schema in schemas:
        if name == schema.name:
            return schema.record
        if name in schema.definitions:
            return schema.definitions[name]
        if name.startswith(schema.name + "."):
            found = schema.definitions.get(name[len(schema.name) + 1 :])
            if found is not None:
                return found
    return None
