"""The forms of rules: cards with when, then and because."""

from dsl import syntax
from dsl.forms.reading import Form, find, handler_forms, placed, text_of
from dsl.parser import Parsed
from dsl.source import Span


def rules_form(parsed: Parsed, name: str) -> Form:
    """Rules as cards, and the values named before them."""
    node = find(parsed, syntax.Rules, name)
    return {
        "kind": "rules",
        "name": name,
        "parameter": {"name": node.parameter.name, "schema": node.parameter.schema},
        "first_only": node.first_only,
        "lets": [
            {
                "id": f"let:{let.name}",
                "target": let.name,
                "expression": text_of(parsed, let.value),
                "handlers": handler_forms(parsed, let.handlers),
                **placed(parsed, let),
            }
            for let in node.lets
        ],
        "rules": [_rule(parsed, rule, number) for number, rule in enumerate(node.rules, 1)],
        **placed(parsed, node),
    }


def _rule(parsed: Parsed, rule: syntax.Rule | syntax.Raw, number: int) -> Form:
    if isinstance(rule, syntax.Raw):
        return {"id": f"raw:{number}", "kind": "raw", "text": text_of(parsed, rule), **placed(parsed, rule)}
    return {
        "id": rule.name,
        "kind": "rule",
        "name": rule.name,
        "when": text_of(parsed, rule.when),
        "actions": [_action(parsed, action) for action in rule.actions],
        "because": rule.because,
        **placed(parsed, rule),
    }


def _action(parsed: Parsed, action: syntax.Action) -> Form:
    form: Form = {"kind": _kind(action), "text": action_text(parsed, action), **_parts(parsed, action)}
    each = getattr(action, "each", None)
    if each is not None:
        form["each"] = {"variable": each[0], "source": text_of(parsed, each[1])}
    return form | {"line": parsed.source.position(action.span.start)[0]}


def action_text(parsed: Parsed, action: syntax.Action) -> str:
    """An action as one line, also where its `else` stands on the next one."""
    if not isinstance(action, syntax.Expect) or action.otherwise is None:
        return text_of(parsed, action)
    end = (action.calendar or action.within).span.end
    return f"{parsed.source.slice(Span(action.span.start, end))} else {action_text(parsed, action.otherwise)}"


def _parts(parsed: Parsed, action: syntax.Action) -> Form:
    match action:
        case syntax.Send():
            return {
                "endpoint": action.endpoint,
                "map": action.map,
                "arguments": [text_of(parsed, argument) for argument in action.arguments],
                "to": text_of(parsed, action.to),
                "key": text_of(parsed, action.key),
            }
        case syntax.Raise():
            return {
                "event": action.event,
                "map": action.map or "",
                "arguments": [text_of(parsed, argument) for argument in action.arguments],
            }
        case syntax.Reject() | syntax.Ignore() | syntax.HoldForReview():
            return {"reason": text_of(parsed, action.reason)}
        case syntax.Alert():
            return {"channel": action.channel, "message": text_of(parsed, action.text)}
        case syntax.SetFact():
            return {"name": action.name, "value": text_of(parsed, action.value)}
        case _:
            return _lasting_parts(parsed, action)


def _lasting_parts(parsed: Parsed, action: syntax.Action) -> Form:
    match action:
        case syntax.Expect():
            return {
                "event": action.event,
                "where": text_of(parsed, action.where),
                "within": text_of(parsed, action.within),
                "calendar": str(action.calendar.value) if action.calendar is not None else "",
                "otherwise": None if action.otherwise is None else _action(parsed, action.otherwise),
            }
        case syntax.Collect():
            return {
                "by": [text_of(parsed, key) for key in action.by],
                "window": text_of(parsed, action.window),
                "at_most": action.at_most,
                "action": _action(parsed, action.action),
            }
        case syntax.Remember():
            keys = [text_of(parsed, key) for key in action.keys]
            return {"dataset": action.dataset, "keys": keys, "record": text_of(parsed, action.record)}
        case syntax.Forget():
            return {"dataset": action.dataset, "keys": [text_of(parsed, key) for key in action.keys]}
        case _:
            return {}


def _kind(node: syntax.Node) -> str:
    words = {
        "HoldForReview": "hold",
        "SetFact": "set",
    }
    return words.get(type(node).__name__, type(node).__name__.lower())
