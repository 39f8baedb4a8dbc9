"""Types that modules declare under a name: `type severity = enum { critical, major, minor }`."""

from collections.abc import Callable, Iterator, Mapping

from dsl import syntax, types
from dsl.checking import findings
from dsl.checking.session import BROKEN, Session, Site
from dsl.checking.typerefs import BUILT_IN, resolve_type
from dsl.program import CheckedType

Claims = Callable[[Site, str, syntax.Type], bool]
Declared = Mapping[str, tuple[Site, syntax.Type]]


def declare_types(session: Session, sites: Mapping[str, Site], claims: Claims) -> None:
    """Every declared type into the session, each after those it is made of."""
    declared: dict[str, tuple[Site, syntax.Type]] = {}
    for path, module in session.modules.items():
        for node in module.declarations:
            if isinstance(node, syntax.Type):
                site = sites[path].at(f"type/{node.name}")
                if claims(site, "type", node):
                    _check_name(session, site, node)
                    declared[node.name] = (site, node)
    done: set[str] = set()
    for name in declared:
        _resolve(session, declared, name, (), done)


def _check_name(session: Session, site: Site, node: syntax.Type) -> None:
    """A name that means a type already would mean two things."""
    other = "the language" if node.name in BUILT_IN else ""
    for schema in site.uses.values():
        if node.name in schema.definitions:
            other = schema.path
    if other:
        findings.declared_twice(session, site, node.name_span, "type", node.name, other)


def _resolve(session: Session, declared: Declared, name: str, way: tuple[str, ...], done: set[str]) -> None:
    if name in done:
        return
    site, node = declared[name]
    if name in way:
        _circle(session, site, node, way[way.index(name) :])
        return
    for needed in _names(node.definition):
        if needed in declared:
            _resolve(session, declared, needed, (*way, name), done)
    if name not in done:
        done.add(name)
        session.declared_types[name] = CheckedType(
            node, site.file, _named(resolve_type(session, site, node.definition), name)
        )


def _circle(session: Session, site: Site, node: syntax.Type, circle: tuple[str, ...]) -> None:
    cycle = " contains ".join((*circle, circle[0]))
    session.report("M311", site, node.name_span, name=node.name, cycle=cycle)
    session.declared_types[node.name] = CheckedType(node, site.file, BROKEN)


def _names(ref: syntax.TypeRef) -> Iterator[str]:
    yield ref.name
    if ref.item is not None:
        yield from _names(ref.item)
    for column in ref.fields:
        yield from _names(column.type)


def _named(of: types.Type, name: str) -> types.Type:
    """An enumeration or record written out here gets the name; what has one keeps it."""
    match of:
        case types.Enum(name="", values=values):
            return types.Enum(name, values)
        case types.Record(name=types.WRITTEN, fields=fields):
            return types.Record(name, fields)
        case _:
            return of
