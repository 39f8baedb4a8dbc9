"""Functions of tests: what they name has to exist, and what was sent has the type of its endpoint."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from dsl import syntax, types
from dsl.checking import calls
from dsl.checking import expressions as e
from dsl.checking.events import actions_of, raised_events
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
        of = _result(check.session, spec.name, str(named.value))
        if of is not None:
            return e.Typed(of)
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
        case "remembered" | "forgotten":
            return set(session.datasets)
        case "raised" | "alerted" | "fact" | "expected" | "collected":
            return {name for action in _actions(session) for name in _named(function, action)}
        case "asked":
            return set(_called(session))
        case "waiting_for":
            return {*session.datasets, *_called(session)}
        case _:
            return None


def _named(function: str, action: syntax.Action) -> Iterator[str]:
    """What an action is asked for by: its event, channel, fact or target."""
    match function, action:
        case "raised", syntax.Raise(event=name):
            yield name
        case "alerted", syntax.Alert(channel=name):
            yield name
        case "fact", syntax.SetFact(name=name):
            yield name
        case "expected", syntax.Expect(event=name):
            yield name
        case "collected", syntax.Collect(action=made):
            yield target_of(made)


def target_of(action: syntax.Action) -> str:
    """The endpoint, event or channel that an action is for."""
    return str(
        getattr(action, "endpoint", "") or getattr(action, "event", "") or getattr(action, "channel", "")
    )


def _actions(session: Session) -> Iterator[syntax.Action]:
    return (action for rules in session.rules.values() for action in actions_of(rules))


def _called(session: Session) -> Iterable[str]:
    steps = (step for flow in session.flows.values() for step in flow.node.steps)
    return (step.endpoint for step in steps if isinstance(step, syntax.CallStep))


def _rules(node: syntax.Rules) -> Iterable[syntax.Rule]:
    return (rule for rule in node.rules if isinstance(rule, syntax.Rule))


def _result(session: Session, function: str, name: str) -> types.Type | None:
    """The type of what was sent, raised, remembered or set, by what carries that name."""
    match function:
        case "sent" | "asked":
            declared = session.manifest.endpoints.get(name)
            schema = session.schemas.get(declared.schema) if declared is not None else None
        case "raised":
            carried = raised_events(session).get(name, [])
            schema = carried[0] if len(carried) == 1 else None
        case "remembered":
            schema = session.datasets[name].schema if name in session.datasets else None
        case "fact":
            return _fact_type(session, name)
        case _:
            return None
    return types.ListOf(types.ANYTHING if schema is None else schema.record)


def _fact_type(session: Session, name: str) -> types.Type:
    made = [types.present(of) for action, of in session.facts.items() if action.name == name]
    return types.maybe(made[0] if made and all(of == made[0] for of in made) else types.ANYTHING)
