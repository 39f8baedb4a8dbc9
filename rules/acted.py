"""What a test asks about an action: its content as a value of the language, None where it is not asked for."""

from typing import Any

from dsl import syntax
from dsl.checking.testcalls import target_of
from dsl.program import Program, Schema
from rules.outcome import (
    Action,
    AlertAction,
    CollectAction,
    ExpectAction,
    ForgetAction,
    RaiseAction,
    RememberAction,
    SendAction,
)
from rules.shaping import read_document


def answer(program: Program, function: str, name: str, action: Action) -> Any:
    """What `sent("a.b")`, `remembered("items")` and the like say of one action."""
    match function, action:
        case "sent", SendAction(endpoint=endpoint) if endpoint == name:
            declared = program.manifest.endpoints.get(name)
            return _read(program, action.payload, program.schemas.get(declared.schema) if declared else None)
        case "raised", RaiseAction(event=event) if event == name:
            return _read(program, action.payload, _raised_schema(program, action))
        case "alerted", AlertAction(channel=channel) if channel == name:
            return action.text
        case _:
            return _lasting(program, function, name, action)


def _lasting(program: Program, function: str, name: str, action: Action) -> Any:
    match function, action:
        case "expected", ExpectAction(event=event) if event == name:
            return {"key": action.key, "due": action.due}
        case "collected", CollectAction() if target_of(_collect(program, action).action) == name:
            return {"group": action.group, "to": action.to, "key": action.key}
        case "remembered", RememberAction(dataset=dataset) if dataset == name:
            return _read(program, action.record, program.datasets[name].schema)
        case "forgotten", ForgetAction(dataset=dataset) if dataset == name:
            return action.key
        case _:
            return None


def _read(program: Program, payload: Any, schema: Schema | None) -> Any:
    """A payload read by its schema, as every document is."""
    return payload if schema is None else read_document(payload, schema.record)[0]


def _rule(program: Program, rules: str, rule: str) -> syntax.Rule:
    return next(r for r in program.rules[rules].node.rules if isinstance(r, syntax.Rule) and r.name == rule)


def _raised_schema(program: Program, action: RaiseAction) -> Schema | None:
    """The schema of what this rule raises as the event."""
    raised = [
        a
        for a in _rule(program, action.rules, action.rule).actions
        if isinstance(a, syntax.Raise) and a.event == action.event
    ]
    if not raised or raised[0].map is None:
        return program.rules[action.rules].schema
    return program.maps[raised[0].map].target


def _collect(program: Program, action: CollectAction) -> syntax.Collect:
    node = _rule(program, action.rules, action.rule).actions[action.ordinal]
    assert isinstance(node, syntax.Collect)
    return node
