"""The forms of flows and playbooks: properties as cells, steps and reactions as rows."""

from dsl import syntax
from dsl.forms.reading import Form, find, handler_forms, placed, text_of
from dsl.parser import Parsed

_KINDS = {
    syntax.MapStep: "map", syntax.ApplyStep: "apply", syntax.Enrich: "enrich", syntax.CallStep: "call",
    syntax.Reply: "reply",
}  # fmt: skip


def flow_form(parsed: Parsed, name: str) -> Form:
    """What a flow receives, its order and keys, its steps; a step's id is its number from 1."""
    node = find(parsed, syntax.Flow, name)
    return {
        "kind": "flow",
        "name": name,
        "endpoint": node.endpoint,
        "variable": node.variable,
        "schema": node.schema,
        "version": node.version,
        "owner": node.owner,
        "criticality": node.criticality,
        "sla": text_of(parsed, node.sla),
        "identify_by": text_of(parsed, node.identify_by),
        "order_by": text_of(parsed, node.order_by),
        "business_time": text_of(parsed, node.business_time),
        "keys": [{"name": key, "expression": text_of(parsed, value)} for key, value in node.keys],
        "steps": [_step(parsed, step, number) for number, step in enumerate(node.steps, 1)],
        "playbook": node.playbook,
        **placed(parsed, node),
    }


def _step(parsed: Parsed, step: syntax.Step, number: int) -> Form:
    kind = _KINDS.get(type(step), "raw")
    form: Form = {"id": str(number), "kind": kind, "name": "", "text": text_of(parsed, step)}
    match step:
        case syntax.MapStep():
            form |= {"name": step.map, "arguments": _texts(parsed, step.arguments), "variable": step.variable}
        case syntax.ApplyStep():
            form["name"] = step.rules
        case syntax.Reply():
            form |= {"map": step.map, "arguments": _texts(parsed, step.arguments)}
        case syntax.Enrich():
            form |= _enrich(parsed, step)
        case syntax.CallStep():
            form |= {
                "endpoint": step.endpoint,
                "map": step.map,
                "arguments": _texts(parsed, step.arguments),
                "variable": step.variable,
                "schema": step.schema,
                "version": step.version,
                "handlers": handler_forms(parsed, step.handlers),
            }
    return form | placed(parsed, step)


def _enrich(parsed: Parsed, step: syntax.Enrich) -> Form:
    recall = step.source if isinstance(step.source, syntax.Recall) else None
    return {
        "variable": step.variable,
        "source": text_of(parsed, step.source),
        "dataset": recall.dataset if recall is not None else "",
        "keys": _texts(parsed, recall.keys) if recall is not None else [],
        "wait": text_of(parsed, step.wait),
        "handlers": handler_forms(parsed, step.handlers),
    }


def _texts(parsed: Parsed, nodes: tuple[syntax.Expression, ...]) -> list[str]:
    return [text_of(parsed, node) for node in nodes]


def playbook_form(parsed: Parsed, name: str) -> Form:
    """A playbook: its page, and one row for each class of failure."""
    node = find(parsed, syntax.Playbook, name)
    return {
        "kind": "playbook",
        "name": name,
        "runbook": node.runbook,
        "reactions": [
            _reaction(parsed, reaction, number) for number, reaction in enumerate(node.reactions, 1)
        ],
        **placed(parsed, node),
    }


def _reaction(parsed: Parsed, reaction: syntax.Reaction | syntax.Raw, number: int) -> Form:
    form: Form = {"id": str(number), "text": text_of(parsed, reaction), **placed(parsed, reaction)}
    if isinstance(reaction, syntax.Raw):
        return form | {"kind": "raw"}
    return form | {
        "kind": "reaction",
        "failure": reaction.failure,
        "retry": text_of(parsed, reaction.retry),
        "action": reaction.action,
        "endpoints": [name for name, _ in reaction.endpoints],
        "channel": reaction.channel,
        "message": reaction.text,
    }
