"""Datasets: reference state that rules keep; keys of plain values, records of a schema that the module uses."""

from dsl import program, syntax, types
from dsl.checking import findings
from dsl.checking.maps import schema_named
from dsl.checking.session import Session, Site, is_broken
from dsl.checking.typerefs import resolve_type

KEY_TYPES = (types.TEXT, types.INTEGER, types.DECIMAL, types.BOOLEAN, types.DATE, types.DATETIME)


def declare_dataset(session: Session, site: Site, node: syntax.Dataset) -> program.CheckedDataset | None:
    """A dataset with its key columns and the schema of its records; None where that is not known."""
    keys: list[tuple[str, types.Type]] = []
    for column in node.keys:
        of = resolve_type(session, site, column.type)
        if any(name == column.name for name, _ in keys):
            findings.declared_twice(session, site, column.span, "key column", column.name)
        if not (is_broken(of) or of in KEY_TYPES or isinstance(of, types.Enum)):
            session.report("M720", site, column.span, column=column.name, given=types.describe(of))
        keys.append((column.name, of))
    schema = schema_named(session, site, node.schema, node.name_span)
    if schema is None:
        return None
    if node.version and node.version != schema.version:
        findings.two_versions(session, site, node.span, node.schema, schema.version, node.version)
    return program.CheckedDataset(node, site.file, tuple(keys), schema)
