"""Functions of tests: what they name has to exist, and what was sent has the type of its endpoint."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dsl import syntax, types
from dsl.checking import calls
from dsl.checking import expressions as e
from dsl.checking.scopes import Scope
from dsl.checking.session import Session, suggestions
from dsl.functions import FunctionSpec

if TYPE_CHECKING:
    from dsl.checking.expressions import Expressions, Typed


def infer_test_call(check: "Expressions", spec: FunctionSpec, node: syntax.Call, scope: Scope) -> "Typed":
    """The type of `fired("a")`, `matched("t")`, `sent("a.b")` and the like."""
    given = calls.pair_arguments(check, spec, node)
    if given is None:
        return e.BROKEN_VALUE
    for parameter, value in given:
        calls.check_argument(check, spec, parameter, value, scope, None)
    named = node.arguments[0] if node.arguments else None
    if isinstance(named, syntax.Literal):
        _check_name(check, spec, named)
        if spec.name == "sent":
            return e.Typed(types.ListOf(_sent_type(check.session, str(named.value))))
    return e.Typed(spec.result_type(()))


def _check_name(check: "Expressions", spec: FunctionSpec, named: syntax.Literal) -> None:
    known = _known(check.session, spec.name)
    name = str(named.value)
    if known is None or name in known:
        return
    close = suggestions(name, known)
    hint = f"; did you mean `{close[0]}`?" if close else ""
    wrong_values(check, named, f"there is no {spec.parameters[0].name} `{name}`{hint}")


def wrong_values(check: "Expressions", node: syntax.Node, problem: str) -> None:
    """What a test gives or names is not what is there."""
    check.report("M807", node.span, problem=problem)


def _known(session: Session, function: str) -> set[str] | None:
    match function:
        case "fired":
            return {rule.name for rules in session.rules.values() for rule in _rules(rules.node)}
        case "matched":
            return set(session.tables)
        case "sent":
            return {name for name, of in session.manifest.endpoints.items() if of.direction == "out"}
        case _:
            return None


def _rules(node: syntax.Rules) -> Iterable[syntax.Rule]:
    return (rule for rule in node.rules if isinstance(rule, syntax.Rule))


def _sent_type(session: Session, endpoint: str) -> types.Type:
    declared = session.manifest.endpoints.get(endpoint)
    schema = session.schemas.get(declared.schema) if declared is not None else None
    return types.ANYTHING if schema is None else schema.record
