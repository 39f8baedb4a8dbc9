"""The actions of rules, those inside others too, and the events that they raise."""

from collections.abc import Iterator

from dsl import syntax
from dsl.checking.session import Session
from dsl.program import CheckedRules, Schema


def actions_of(checked: CheckedRules) -> Iterator[syntax.Action]:
    """All actions of a set of rules, also those that wait inside others."""
    for rule in checked.node.rules:
        for action in rule.actions if isinstance(rule, syntax.Rule) else ():
            yield from with_inner(action)


def with_inner(action: syntax.Action) -> Iterator[syntax.Action]:
    """An action, the `else` of an expectation and the `then` of a collection."""
    yield action
    if isinstance(action, syntax.Expect) and action.otherwise is not None:
        yield from with_inner(action.otherwise)
    elif isinstance(action, syntax.Collect):
        yield from with_inner(action.action)


def raised_events(session: Session) -> dict[str, list[Schema]]:
    """The events that rules raise, each with the schemas it is raised with."""
    found: dict[str, list[Schema]] = {}
    for checked in session.rules.values():
        for action in actions_of(checked):
            if isinstance(action, syntax.Raise):
                carried = found.setdefault(action.event, [])
                made = session.maps.get(action.map) if action.map is not None else None
                schema = checked.schema if action.map is None else made.target if made is not None else None
                if schema is not None and schema not in carried:
                    carried.append(schema)
    return found
