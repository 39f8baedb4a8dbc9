"""Maps: parameters, policy, body, coverage of the target."""

from collections.abc import Mapping

from dsl import program, syntax, types
from dsl.checking import findings, handlers
from dsl.checking.expressions import Expressions
from dsl.checking.scopes import Scope
from dsl.checking.session import BROKEN, Session, Site, did_you_mean
from dsl.checking.statements import Block, Statements
from dsl.checking.targets import Coverage
from dsl.checking.typerefs import find_type
from dsl.diagnostics import Edit, Fix
from dsl.program import Schema, Variable
from dsl.source import Span


def declare_map(session: Session, site: Site, node: syntax.Map) -> program.CheckedMap | None:
    """The signature of a map, before any body is looked at; None where its target is not known."""
    target = schema_named(session, site, node.target, node.name_span)
    parameters = tuple((p.name, _parameter(session, site, node, p)) for p in node.parameters)
    if target is None:
        return None
    policy = {handler.failure: handler for handler in reversed(node.policy)}
    return program.CheckedMap(node, site.file, parameters, target, policy)


def schema_named(session: Session, site: Site, name: str, span: Span) -> Schema | None:
    """A schema that the module uses; reported, with the line to add, where it does not."""
    found = site.uses.get(name)
    if found is None and not _use_failed(session, site, name):
        help_, fixes = did_you_mean(site, span, name, site.uses)
        have = next((s for s in session.schemas.values() if s.name == name), None)
        if have is not None:
            line = f'use schema {have.name} "{have.version}"\n'
            fixes = [Fix(f"Add `{line.strip()}`", (Edit(site.file, Span(0, 0), line),))]
        session.report("M309", site, span, schema=name, help=help_, fixes=fixes if have else [])
    return found


def _use_failed(session: Session, site: Site, name: str) -> bool:
    """Whether the module does say `use schema`, but the file is missing or broken: reported there."""
    module = session.modules[site.file]
    return any(isinstance(use, syntax.UseSchema) and use.name == name for use in module.uses)


def _parameter(
    session: Session, site: Site, node: syntax.Map, parameter: syntax.Parameter
) -> types.Record | types.ListOf:
    record = _parameter_type(session, site, node, parameter)
    return types.ListOf(record) if parameter.many else record


def _parameter_type(
    session: Session, site: Site, node: syntax.Map, parameter: syntax.Parameter
) -> types.Record:
    if parameter.schema is None:
        others = [schema for name, schema in site.uses.items() if name != node.target]
        if len(others) == 1 and len(node.parameters) == 1:
            return others[0].record
        if not others and len(node.parameters) == 1 and node.target in site.uses and len(site.uses) == 1:
            return site.uses[node.target].record
        findings.unclear_schema(session, site, parameter)
        return BROKEN
    return parameter_record(session, site, parameter)


def parameter_record(session: Session, site: Site, parameter: syntax.Parameter) -> types.Record:
    """`s in canon.shipment` or `o in canon.shipment.order` (a record of its $defs)."""
    name = parameter.schema or ""
    found = find_type(session, name, site.uses.values())
    if isinstance(found, types.Record):
        return found
    schema = schema_named(session, site, name, parameter.span)
    return schema.record if schema is not None else BROKEN


def check_map(session: Session, site: Site, checked: program.CheckedMap) -> None:
    """The body of a map against its source and target."""
    node = checked.node
    _check_policy(session, site, checked.policy, node)
    variables = {name: Variable(name, of) for name, of in checked.takes}
    if len(variables) < len(checked.parameters):
        findings.taken_name(Expressions(session, site), node.name_span, checked.parameters[-1][0])
    statements = Statements(session, site, checked.policy)
    block = Block(checked.target.record, (), False)
    assigned = statements.body(node.body, Scope(variables), block)
    if not any(isinstance(part, syntax.Raw) for part in node.body):
        Coverage(session, site, site.subject).complete(checked.target.record, assigned, node.name_span)


def _check_policy(
    session: Session, site: Site, policy: Mapping[syntax.FailureKind, syntax.Handler], node: syntax.Map
) -> None:
    """Handlers of the whole map: one a kind, and none that gives a value."""
    for handler in handlers.handlers_by_kind(session, site, node.policy, in_row=True).values():
        if handler.action == "use":
            session.report("M507", site, handler.span)
