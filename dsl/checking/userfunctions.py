"""Functions of the rule set: signatures, bodies in the order they need each other, no recursion."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from dsl import syntax, types
from dsl.checking import expressions as e
from dsl.checking import findings, references
from dsl.checking.scopes import Scope
from dsl.checking.session import Session, Site, is_broken
from dsl.checking.typerefs import resolve_type
from dsl.functions import registry
from dsl.program import CheckedFunction, Variable

if TYPE_CHECKING:
    from dsl.checking.expressions import Expressions, Typed

LARGEST = 2_000
"""How many parts of expressions one call may come to, the functions it calls included."""
Key = tuple[str, str]
"""A function or table: ("function", "plant_zone")."""


def declare_function(session: Session, site: Site, node: syntax.Function) -> CheckedFunction:
    """The signature of a function; a name of the language's own functions is taken."""
    if node.name in registry():
        findings.declared_twice(session, site, node.name_span, "function", node.name, "the language")
    names = [column.name for column in node.parameters]
    for column in node.parameters:
        if names.count(column.name) > 1:
            findings.taken_name(e.Expressions(session, site), column.span, column.name)
    parameters = tuple((c.name, resolve_type(session, site, c.type)) for c in node.parameters)
    return CheckedFunction(node, site.file, parameters, resolve_type(session, site, node.result))


def check_functions(session: Session, site: Callable[[CheckedFunction], Site]) -> None:
    """Every function after those it calls, so that their failures are known where they are called."""
    graph = _graph(session)
    done: set[Key] = set()
    sizes: dict[Key, int] = {}
    for key in graph:
        _visit(session, site, graph, key, (), done, sizes)


def _visit(
    session: Session,
    site: Callable[[CheckedFunction], Site],
    graph: Mapping[Key, list[Key]],
    key: Key,
    way: tuple[Key, ...],
    done: set[Key],
    sizes: dict[Key, int],
) -> None:
    if key in way:
        _report_cycle(session, way[way.index(key) :])
        return
    if key in done:
        return
    for needed in graph[key]:
        _visit(session, site, graph, needed, (*way, key), done, sizes)
    if key in done:
        return
    done.add(key)
    sizes[key] = _own_size(session, key) + sum(sizes.get(needed, 0) for needed in graph[key])
    if key[0] == "function":
        checked = session.functions[key[1]]
        at = site(checked)
        if sizes[key] > LARGEST:
            session.report("M414", at, checked.node.name_span, name=key[1], limit=LARGEST)
            sizes[key] = 0
        session.functions[key[1]] = replace(checked, failures=_check_body(session, at, checked))


def _graph(session: Session) -> dict[Key, list[Key]]:
    """What each function and table calls, once for every time it does."""
    graph: dict[Key, list[Key]] = {}
    parts: dict[Key, syntax.Node] = {
        ("function", name): f.node.value for name, f in session.functions.items()
    }
    parts |= {("table", name): table.node for name, table in session.tables.items()}
    for key, node in parts.items():
        called = [
            ("table", n.table) if isinstance(n, syntax.TableCall) else ("function", n.function)
            for n in nodes_in(node)
            if isinstance(n, syntax.TableCall | syntax.Call)
        ]
        graph[key] = [other for other in called if other in parts]
    return graph


def _own_size(session: Session, key: Key) -> int:
    """A table costs what its largest row costs: one row decides."""
    if key[0] == "function":
        return sum(1 for _ in nodes_in(session.functions[key[1]].node.value))
    return max((sum(1 for _ in nodes_in(row)) for row in session.tables[key[1]].node.rows), default=0)


def nodes_in(node: object) -> Iterator[syntax.Node]:
    """A node and everything inside it."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            waiting.extend(reversed(part))
        elif isinstance(part, syntax.Node):
            yield part
            parts = _PARTS.get(type(part)) or _parts_of(type(part))
            waiting.extend(parts(part))


Parts = Callable[[Any], Iterable[object]]
_PARTS: dict[type[Any], Parts] = {}


def _parts_of(kind: type[Any]) -> Parts:
    """How the parts of a node are taken from it, last first; worked out once for each type."""
    names = [name for name in reversed(kind.__dataclass_fields__) if name != "span"]
    made: Parts = (
        attrgetter(*names) if len(names) > 1 else lambda node: [getattr(node, name) for name in names]
    )
    _PARTS[kind] = made
    return made


def _report_cycle(session: Session, cycle: tuple[Key, ...]) -> None:
    start = min(range(len(cycle)), key=lambda index: cycle[index])
    cycle = (*cycle[start:], *cycle[:start])
    words = [name if kind == "function" else f"table {name}" for kind, name in (*cycle, cycle[0])]
    kind, name = cycle[0]
    declared = session.functions[name] if kind == "function" else session.tables[name]
    site = Site(declared.path, f"{kind}/{name}", {})
    session.report("M413", site, declared.node.name_span, name=words[0], cycle=" calls ".join(words))


def _check_body(session: Session, site: Site, checked: CheckedFunction) -> frozenset[syntax.FailureKind]:
    check = e.Expressions(session, site)
    node = checked.node
    scope = Scope({name: Variable(name, of) for name, of in checked.parameters})
    optional = isinstance(checked.result, types.Maybe)
    typed = (check.infer if optional else check.need)(node.value, scope, checked.result)
    for part in nodes_in(node.value):
        if (
            isinstance(part, syntax.Name)
            and scope.variables.get(part.name) is None
            and part.name == "message"
        ):
            _looks_outside(check, part)
    result = checked.result
    if not (is_broken(typed.type) or is_broken(result) or types.fits(typed.type, result)):
        what = f"the value of `{node.name}`"
        why = types.misfit(typed.type, result)
        findings.wrong_type(
            check, node.value.span, what, types.describe(result), typed.type, help=_sentence(why)
        )
    return typed.failures


def _sentence(why: str) -> list[str]:
    return [f"{why[0].upper()}{why[1:]}."] if why else []


def _looks_outside(check: "Expressions", part: syntax.Name) -> None:
    check.report("M415", part.span, name=part.name)


def infer_user_call(check: "Expressions", node: syntax.Call, scope: Scope) -> "Typed":
    """The type of a call, and how the function and its arguments can fail."""
    checked = check.session.functions[node.function]
    names = [name for name, _ in checked.parameters]
    for name, _ in node.named:
        if name not in names[len(node.arguments) :]:
            given = name in names
            problem = f"`{name}` is given twice" if given else f"has no parameter `{name}`"
            findings.wrong_call(check, node.span, "function", node.function, problem)
            return e.Typed(checked.result)
    arguments = checked.arranged(node)
    failures = references.check_arguments(
        check, node, "function", node.function, arguments, checked.parameters, scope
    )
    return e.Typed(checked.result, failures | checked.failures)
